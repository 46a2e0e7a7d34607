// A guest that breaks the rules, at the door: the same rules and limits as on a runner's stream, also where its
// requests come to two servers.
import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { LIMITS } from '../../src/protocol/limits.ts';
import { type DoorSetUp, startDoorServer } from '../fixtures/door.ts';
import { until } from '../fixtures/seed.ts';

let door: DoorSetUp;
let database: pg.Client;
beforeAll(async () => {
  door = await startDoorServer();
  door.vendor.startGuest = async () => undefined;
  database = new pg.Client(door.server.databaseUrl);
  await database.connect();
});
afterAll(async () => {
  await database?.end();
  await door?.[Symbol.asyncDispose]();
});

async function letIn(more: object = {}) {
  const { body } = await door.server.call('POST', '/api/v1/tasks/run', { body: { instruction: 'x', ...more } });
  const taskId = body.task.id as string;
  const id = `seed-${taskId}`;
  await until('the sandbox', () => door.vendor.there.has(id));
  const shown = { 'seed-guest': randomBytes(32).toString('hex') };
  const ask = (method: string, path: string, content?: string, headers: Record<string, string> = {}) =>
    door.vendor.forward(id, method, path, {
      ...(content !== undefined && { body: content }),
      headers: { ...shown, ...headers },
    });
  await until('the start', async () => (await ask('GET', '/start')).ok);
  const task = async () => (await door.server.call('GET', `/api/v1/tasks/${taskId}`)).body.task;
  return { taskId, ask, task };
}

const text = (value: string) => `${JSON.stringify({ type: 'text', text: value })}\n`;
const codeOf = async (answer: Response) => ((await answer.json()) as { error: { code: string } }).error.code;

test('events are kept once by their number, and only those of one that counts', async () => {
  const { ask, taskId } = await letIn();
  const send = (batch: string | null, value: string) =>
    ask('POST', '/events', text(value), { ...(batch !== null && { 'seed-batch': batch }) });
  expect((await send('1', 'first')).status).toBe(204);
  expect((await send('1', 'again')).status).toBe(204);
  expect((await send(null, 'uncounted')).status).toBe(400);
  expect((await send('x', 'odd')).status).toBe(400);
  const { rows } = await database.query("select body from events where task_id = $1 and body->>'type' = 'text'", [
    taskId,
  ]);
  expect(rows.map(({ body }) => body.text)).toEqual(['first']);
});

test.each([
  ['no JSON', 'x', 400],
  ['no result', '{}', 400],
  ['a result that is too large', `"${'x'.repeat(LIMITS.guest.resultBytes)}"`, 413],
])('%s ends nothing', async (_, content, status) => {
  const { ask, task } = await letIn();
  expect((await ask('POST', '/result', content)).status).toBe(status);
  expect((await task()).status).toBe('running');
});

test('a result ends the task once, and what comes after it is nobody’s', async () => {
  const { ask, task } = await letIn();
  const result = (stdout: string) => JSON.stringify({ stdout, stderr: null, exitCode: 0, error: null });
  const answers = await Promise.all([
    ask('POST', '/result', result('one')),
    ask('POST', '/result', result('two')),
  ]);
  expect(answers.filter(({ status }) => status === 204)).toHaveLength(1);
  expect(['one', 'two']).toContain((await task()).stdout);
  expect((await ask('POST', '/events', text('late'), { 'seed-batch': '9' })).status).toBe(403);
  expect((await ask('GET', '/api/v1/whoami')).status).toBe(403);
});

test('what it has sent in all is counted for all servers together', async () => {
  const { ask, taskId } = await letIn();
  const other = await door.server.sibling();
  const put = () => ask('PUT', '/artifacts/a.txt', 'four');
  expect((await put()).status).toBe(204);
  await database.query('update door_starts set artifact_bytes = $2, event_bytes = $3 where task_id = $1', [
    taskId,
    LIMITS.guest.artifactBytes - 3,
    LIMITS.eventBytesPerTask - 3,
  ]);
  const own = door.vendor.serverUrl;
  for (const url of [own, other.url]) {
    door.vendor.serverUrl = url;
    expect(await codeOf(await put())).toBe('body_too_large');
    expect(await codeOf(await ask('POST', '/events', text('more'), { 'seed-batch': '2' }))).toBe('body_too_large');
  }
  door.vendor.serverUrl = own;
  await other.stop();
});

test('it changes nothing beyond its scopes, and names no artifact outside of its folder', async () => {
  const { ask } = await letIn({ scopes: ['keys:read'] });
  expect((await ask('GET', '/api/v1/keys')).status).toBe(200);
  const made = await ask('POST', '/api/v1/keys', JSON.stringify({ name: 'x', scopes: ['keys:read'] }), {
    'content-type': 'application/json',
  });
  expect([made.status, await codeOf(made)]).toEqual([403, 'missing_scope']);
  for (const name of ['..%2Fx', '%2Fetc%2Fpasswd', 'a%00b', '.'])
    expect((await ask('PUT', `/artifacts/${name}`, 'x')).status).toBe(403);
});
