// MCP with a real sandbox: a task from inside another client's process, and cancelling one for good.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { connectClient, rawRequest, taskSession } from '../fixtures/mcp-client.ts';
import { startSeed, type TestSeed } from '../fixtures/seed.ts';

let seed: TestSeed;
beforeAll(async () => {
  seed = await startSeed();
});
afterAll(() => seed.remove());

/** Run as a program of its own: no code of Seed's is in it. */
const CLIENT_PROGRAM = `
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
const [url, key] = process.argv.slice(1);
const client = new Client({ name: 'a program', version: '1' }, { versionNegotiation: { mode: 'auto' } });
const requestInit = { headers: { authorization: 'Bearer ' + key } };
await client.connect(new StreamableHTTPClientTransport(new URL(url + '/mcp'), { requestInit }));
const steps = [];
const result = await client.callTool(
  { name: 'runTask', arguments: { instruction: ${JSON.stringify('```sh\nseed keys list --json\n```')}, scopes: ['keys:read'], timeout: 60000 } },
  { onprogress: ({ message }) => steps.push(message), timeout: 60000 },
);
process.stdout.write(JSON.stringify({ revision: client.getNegotiatedProtocolVersion(), result, steps }));
await client.close();
`;

it('a task run by another process over MCP is the object that REST has', async () => {
  const args = ['--input-type=module', '--eval', CLIENT_PROGRAM, seed.url, seed.adminKey];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  const { revision, result, steps } = JSON.parse(stdout);
  expect(revision).toBe('2026-07-28');
  const { task } = result.structuredContent;
  expect(task).toMatchObject({ status: 'completed', scopes: { effective: ['keys:read'] } });
  expect(await seed.getTask(task.id)).toEqual(task);
  expect(steps).toEqual(expect.arrayContaining(['running: working', 'seed keys list (200)', 'completed']));

  const rest = await seed.runTask({
    instruction: '```sh\nseed keys list --json\n```',
    scopes: ['keys:read'],
    timeout: 60_000,
  });
  expect(Object.keys(rest)).toEqual(Object.keys(task));
  const { status, exitCode, scopes, timeout, model, resources } = rest;
  expect(task).toMatchObject({ status, exitCode, scopes, timeout, model, resources });
});

it('cancelling by the Tasks extension kills the sandbox and keeps what was said', async () => {
  await using client = await connectClient(seed.url, seed.adminKey);
  const session = taskSession(client, seed.url, seed.adminKey);
  const execution = await session.callTool('runTask', { instruction: '```sh\necho begun; sleep 300\n```' });
  const id = execution.handle?.taskId ?? '';
  const settled = execution.settle();
  await seed.waitForEvent(id, ({ type }) => type === 'tool_output');
  await execution.cancel();
  expect((await settled).outcome.status).toBe('cancelled');
  const task = await seed.getTask(id);
  expect(task.status).toBe('stopped');
  const { result } = await rawRequest(seed.url, seed.adminKey, 'tasks/get', { taskId: id });
  expect(result).toMatchObject({ taskId: id, status: 'cancelled' });
  await session.close();
});
