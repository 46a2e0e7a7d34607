// `seed chat` at a real terminal, with a server and a runner that a test plays: turns, Ctrl-C while the agent works
// and at the prompt, Ctrl-D, a connection that is lost, and going on by id.
import { type ChildProcess, spawn } from 'node:child_process';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import type { Lease } from '../../src/protocol/runner.ts';
import { type CuttableLine, startLine } from '../fixtures/cuttable-line.ts';
import { startTestServer, type TestRunner, type TestServer } from '../fixtures/server.ts';

const SEED = new URL('../../bin/seed', import.meta.url).pathname;
const AT_TERMINAL = new URL('../fixtures/at-terminal.py', import.meta.url).pathname;
const SOON = { timeout: 60_000 };
const [CTRL_C, CTRL_D] = ['\x03', '\x04'];
let server: TestServer;
let line: CuttableLine;
let runner: TestRunner;
beforeAll(async () => {
  server = await startTestServer();
  line = await startLine(server.url);
  runner = server.runner({ continues: true, slots: 10, freeSlots: 10 });
});
afterAll(async () => {
  await line?.close();
  await server?.stop();
});

const open = new Set<ChildProcess>();
afterEach(() => {
  for (const one of open) one.kill('SIGKILL');
  open.clear();
});

function startChat(...args: string[]) {
  const env = { ...process.env, SEED_API_URL: line.url, SEED_API_KEY: server.adminKey, NO_COLOR: '1' };
  const child = spawn('python3', [AT_TERMINAL, SEED, 'chat', ...args], {
    env,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  open.add(child);
  let shown = '';
  child.stdout.on('data', (chunk) => {
    shown += chunk;
  });
  let read = 0;
  return {
    /** All that it has shown. */
    shown: () => shown,
    type: (text: string) => void child.stdin.write(`${JSON.stringify(text)}\n`),
    /** Once it shows this, behind what was waited for before. */
    async shows(text: string): Promise<void> {
      await expect.poll(() => shown.slice(read), SOON).toContain(text);
      read = shown.indexOf(text, read) + text.length;
    },
    async exitCode(): Promise<number | null> {
      await expect.poll(() => child.exitCode, SOON).not.toBeNull();
      return child.exitCode;
    },
  };
}
const taskOf = async ({ taskId }: Lease) => (await server.call('GET', `/api/v1/tasks/${taskId}`)).body.task;
const unfinished = async () =>
  (await server.call('GET', '/api/v1/tasks?status=running&limit=100')).body.items.length as number;

it('takes turns, and ends with Ctrl-D, saying how to go on; by the id it does', { timeout: 180_000 }, async () => {
  const chat = startChat('--scopes', 'keys:read');
  await chat.shows('> ');
  chat.type('hello\r');
  const first = await runner.lease();
  await runner.settle(first, { stdout: 'good day' });
  await chat.shows('good day');
  await chat.shows('> ');
  chat.type(`${'é'.repeat(10)} and now\r`);
  const second = await runner.lease();
  expect(second).toMatchObject({ instruction: 'éééééééééé and now', scopes: ['keys:read'] });
  await runner.settle(second, { stdout: 'bye' });
  await chat.shows('bye');
  await chat.shows('> ');
  chat.type(CTRL_D);
  await chat.shows(`Go on with it:  seed chat ${first.taskId}`);
  expect(await chat.exitCode()).toBe(0);

  const again = startChat(first.taskId);
  await again.shows('> ');
  again.type('once more\r');
  const third = await runner.lease();
  expect(await taskOf(third)).toMatchObject({ continues: second.taskId, conversationId: first.taskId });
  await runner.settle(third, { stdout: 'again' });
  await again.shows('again');
  await again.shows('> ');
  // At the prompt.
  again.type(CTRL_C);
  await again.shows(`Go on with it:  seed chat ${first.taskId}`);
  expect(await again.exitCode()).toBe(130);
});

it('Ctrl-C while the agent works stops it, and the chat goes on from there', { timeout: 180_000 }, async () => {
  const chat = startChat();
  await chat.shows('> ');
  chat.type('work long\r');
  const first = await runner.lease();
  await chat.shows('running');
  chat.type(CTRL_C);
  await chat.shows('Stopping it; Ctrl-C again leaves.');
  await chat.shows('> ');
  expect(await taskOf(first)).toMatchObject({ status: 'stopped' });
  expect(await unfinished()).toBe(0);
  chat.type('something else\r');
  const second = await runner.lease();
  expect(await taskOf(second)).toMatchObject({ continues: first.taskId });
  await runner.settle(second, { stdout: 'done so' });
  await chat.shows('done so');
  await chat.shows('> ');
  chat.type(CTRL_D);
  expect(await chat.exitCode()).toBe(0);
});

it('goes on when the connection is lost while the agent works, and when a line does not get through', {
  timeout: 180_000,
}, async () => {
  const chat = startChat();
  await chat.shows('> ');
  chat.type('first\r');
  const first = await runner.lease();
  await chat.shows('running');
  line.cut();
  await runner.settle(first, { stdout: 'meanwhile' });
  line.mend();
  await chat.shows('meanwhile');
  await chat.shows('> ');
  line.cut();
  chat.type('into the void\r');
  await chat.shows('seed: ');
  await chat.shows('> ');
  line.mend();
  chat.type('second\r');
  const second = await runner.lease();
  expect(await taskOf(second)).toMatchObject({ instruction: 'second', continues: first.taskId });
  await runner.settle(second, { stdout: 'arrived' });
  await chat.shows('arrived');
  chat.type(CTRL_D);
  expect(await chat.exitCode()).toBe(0);
});
