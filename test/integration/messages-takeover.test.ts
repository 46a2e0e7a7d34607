// Messages to a task whose runner is killed while they come: whoever takes the task over hands them on, each once
// and in their order. Real guests that listen as in a cluster, a real server, and a model that remembers.
import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type FollowingModel, startFollowingModel } from '../fixtures/following-model.ts';
import { createListeningDriver, type ListeningDriver } from '../fixtures/listening-driver.ts';
import { llmSettings } from '../fixtures/llm-settings.ts';
import { bash } from '../fixtures/seed.ts';
import { startTestServer, type TestServer } from '../fixtures/server.ts';

const RUNNER = join(import.meta.dirname, '../fixtures/listening-runner.ts');
const SOON = { timeout: 90_000 };
const children = new Set<ChildProcess>();
const ids: string[] = [];
let model: FollowingModel;
let server: TestServer;
let platform: ListeningDriver;
beforeAll(async () => {
  [model, platform] = await Promise.all([startFollowingModel(), createListeningDriver()]);
  server = await startTestServer({ llm: llmSettings({ baseUrl: model.baseUrl, defaultModels: ['patient'] }) });
});
afterAll(async () => {
  for (const child of children) child.kill('SIGKILL');
  await server?.stop();
  await Promise.all([platform?.remove(), model?.close()]);
});

/** Each knows that those before it are dead. */
function startRunner(): ChildProcess {
  ids.unshift(randomUUID());
  const args = [RUNNER, server.url, server.runnerToken, platform.folder, ...ids];
  const child = spawn(process.execPath, args, { stdio: 'ignore' });
  children.add(child);
  return child;
}

/** Goes on when the file is there, which is outside of what its runner does. */
const waitsFor = (step: string) => `touch at-${step}; until [ -e go-${step} ]; do sleep 0.1; done; echo ${step}`;
const at = (id: string, name: string) => join(platform.workspaceOf(id), name);

test('messages before, while and after the runner is killed are read once each, in their order', {
  timeout: 300_000,
}, async () => {
  let runner = startRunner();
  const { task } = (
    await server.call('POST', '/api/v1/tasks/run', {
      body: { instruction: bash(waitsFor('one'), waitsFor('two'), waitsFor('three')) },
    })
  ).body;
  const isAt = (step: string) => expect.poll(() => existsSync(at(task.id, `at-${step}`)), SOON).toBe(true);
  const letGo = (step: string) => writeFile(at(task.id, `go-${step}`), '');
  const sent: string[] = [];
  const send = async (how: string) => {
    const text = `message ${sent.length + 1}, ${how}`;
    sent.push(text);
    const headers = { 'idempotency-key': `${task.id}-${sent.length}` };
    const path = `/api/v1/tasks/${task.id}/messages`;
    const [once, again] = await Promise.all(
      [1, 2].map(() => server.call('POST', path, { body: { text }, headers })),
    );
    expect([once?.status, again?.status]).toEqual([202, 202]);
  };
  const kill = async () => {
    runner.kill('SIGKILL');
    await expect.poll(() => runner.signalCode, SOON).toBe('SIGKILL');
  };

  await isAt('one');
  await send('while its runner is there');
  await send('right before the kill');
  await kill();
  await send('while no runner is there');
  runner = startRunner();
  await send('while another one takes it over');
  await letGo('one');
  await isAt('two');
  // Once they were read: what was handed on before is not handed on again.
  await kill();
  await send('of the second time');
  runner = startRunner();
  await letGo('two');
  await isAt('three');
  // What comes in the last moment may be left to the task that goes on: a turn is left for what came before.
  await letGo('three');

  const found = async () => (await server.call('GET', `/api/v1/tasks/${task.id}`)).body.task;
  await expect.poll(async () => (await found()).status, SOON).toBe('completed');
  expect(await found()).toMatchObject({ stdout: 'three', stderr: null });
  const users = model.lastMessages().filter(({ role }) => role === 'user');
  const texts = users.map(({ content }) =>
    typeof content === 'string' ? content : String(content?.[0]?.['text']),
  );
  expect(texts).toEqual([task.instruction, ...sent]);
  const { body } = await server.call<string>('GET', `/api/v1/tasks/${task.id}/events?past=true`);
  const events = body
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { type: string; text?: string });
  expect(events.flatMap(({ type, text }) => (type === 'message' ? text : []))).toEqual(sent);
});
