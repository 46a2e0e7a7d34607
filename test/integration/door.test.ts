// Tasks without a runner: the real guest in a process, whose one way is requests that a vendor forwards to the door.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type DoorSetUp, startDoorServer } from '../fixtures/door.ts';
import { bash, until } from '../fixtures/seed.ts';

let door: DoorSetUp;
beforeAll(async () => {
  door = await startDoorServer();
});
afterAll(() => door?.[Symbol.asyncDispose]());

const post = async (instruction: string, more: object = {}) => {
  const { status, body } = await door.server.call('POST', '/api/v1/tasks/run', { body: { instruction, ...more } });
  expect(status).toBe(202);
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
