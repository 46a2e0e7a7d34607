// Tasks without a runner: the real guest in a process, whose one way is requests that a vendor forwards to the door.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type DoorSetUp, startDoorServer } from '../fixtures/door.ts';
import { bash, until } from '../fixtures/seed.ts';

let door: DoorSetUp;
beforeAll(async () => {
  door = await startDoorServer();
});
afterAll(() => door?.[Symbol.asyncDispose]());

const post = async (instruction: string, more: object = {}, key?: string) => {
  const asked = { instruction, ...more };
  const { status, body } = await door.server.call('POST', '/api/v1/tasks/run', {
    body: asked,
    ...(key && { key }),
  });
  // It waits for no runner.
  expect([status, body.task.statusNote]).toEqual([202, null]);
  return body.task.id as string;
};
const read = async (id: string) => (await door.server.call('GET', `/api/v1/tasks/${id}`)).body.task;
const ended = (id: string) =>
  until(
    `the end of ${id}`,
    async () => {
      const task = await read(id);
      return task.completedAt !== null && task;
    },
    50_000,
  );
const gone = () => until('the end of all sandboxes', () => door.vendor.there.size === 0);

test('a task runs whole: its command, events, files and answer, and its sandbox is gone and on the bill', async () => {
  const script = 'seed keys list --json | head -c 20; echo; env | grep -c sk_live_; printf kept > out/kept.txt';
  const id = await post(bash(script), { scopes: ['keys:read'] });
  const task = await ended(id);
  expect(task).toMatchObject({ status: 'completed', error: null, exitCode: 0 });
  expect(task.stdout).toContain('{"items":');
  expect(task.stdout.trimEnd().split('\n').at(-1)).toBe('0');
  expect(task.artifacts).toMatchObject([{ name: 'kept.txt', size: 4 }]);
  await gone();
  const billed = await until('the bill', async () => {
    const now = await read(id);
    return now.usage !== null && now;
  });
  expect(billed.usage).toMatchObject({ cpuSeconds: 1.5, wallMs: 4_000 });
  const { body: events } = await door.server.call('GET', `/api/v1/tasks/${id}/events`);
  const types = JSON.stringify(events);
  for (const type of ['tool_call', 'tool_output', 'tool_result', 'starting', 'working', 'finishing'])
    expect(types).toContain(type);
}, 60_000);

test('what is cut, lost or answered by somebody in between is asked again, and done once', async () => {
  const tries = new Map<string, number>();
  door.vendor.onRequest = ({ method, url }, response) => {
    const asked = `${method} ${url}`;
    const count = (tries.get(asked) ?? 0) + 1;
    tries.set(asked, count);
    if (url?.startsWith('/messages')) return 'pass';
    if (count === 1) response.destroy();
    else if (count === 2) response.writeHead(502).end('FUNCTION_INVOCATION_FAILED');
    else return count === 3 && !url?.startsWith('/result') ? 'lose' : 'pass';
    return 'answered';
  };
  const script = 'seed keys create --name "made once" --scopes keys:read --json > /dev/null; echo "code $?"';
  const task = await ended(await post(bash(script), { scopes: ['keys:read', 'keys:write'], timeout: 120_000 }));
  door.vendor.onRequest = () => 'pass';
  expect(task).toMatchObject({ status: 'completed', stdout: expect.stringContaining('code 0') });
  const { body } = await door.server.call('GET', '/api/v1/keys?q=made%20once');
  expect(body.items).toHaveLength(1);
  const told = (await door.server.call('GET', `/api/v1/tasks/${task.id}/events`)).body as string;
  const seqs = told
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line).seq);
  expect(seqs).toEqual(seqs.map((_, index) => index + 1));
  expect(told.match(/"type":"tool_call"/g)).toHaveLength(1);
}, 90_000);

test('its clock stands while all that it does waits for people, and it goes on with what they decided', async () => {
  const script = 'seed keys create --name asked --scopes keys:read --json > /dev/null; echo "code $?"';
  const approval = { effects: ['write'], wait: 60_000 };
  // Whoever asks does not decide.
  const made = await door.server.call('POST', '/api/v1/keys', {
    body: { name: 'poster', scopes: ['tasks:read', 'tasks:write', 'keys:read', 'keys:write'] },
  });
  const wanted = { scopes: ['keys:write', 'keys:read'], timeout: 60_000, approval };
  const id = await post(bash(script), wanted, made.body.secret);
  const waiting = await until(
    'the wait',
    async () => {
      const task = await read(id);
      return task.status === 'waiting_for_approval' && task;
    },
    50_000,
  );
  const { body } = await door.server.call('GET', `/api/v1/approvals?task=${id}`);
  const [asked] = body.items;
  expect((await door.server.call('POST', `/api/v1/approvals/${asked.id}/approve`)).status).toBe(200);
  const task = await ended(id);
  expect(task).toMatchObject({ status: 'completed', stdout: expect.stringContaining('code 0') });
  expect(task.waitedMs).toBeGreaterThan(0);
  expect(Date.parse(waiting.deadline)).toBeGreaterThan(Date.parse(task.startedAt) + 60_000);
  expect((await door.server.call('GET', '/api/v1/keys?q=asked')).body.items).toHaveLength(1);
}, 120_000);

test('an agent is sent a message while it works, and a stop ends it with its sandbox', async () => {
  const id = await post(bash('echo begun; sleep 4', 'sleep 60'), { timeout: 120_000 });
  await until('its first step', async () => (await read(id)).phase === 'working');
  const sent = await door.server.call('POST', `/api/v1/tasks/${id}/messages`, { body: { text: 'hurry' } });
  expect(sent.status).toBe(202);
  const events = async () =>
    (await door.server.call('GET', `/api/v1/tasks/${id}/events?past=true`)).body as string;
  await until('the agent to read it', async () => String(await events()).includes('reads a message'), 40_000);
  expect((await door.server.call('POST', `/api/v1/tasks/${id}/stop`)).status).toBe(200);
  await gone();
}, 90_000);
