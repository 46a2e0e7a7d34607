// Tasks whose calls wait for people, in real sandboxes: nobody decides in time, or they are stopped meanwhile.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Approval } from '../../src/protocol/approval.ts';
import type { Task } from '../../src/protocol/task.ts';
import { bash, processesNaming, startSeed, type TestSeed, until } from '../fixtures/seed.ts';

const TIMEOUT_MS = 25_000;
let seed: TestSeed;
let poster: string;
beforeAll(async () => {
  seed = await startSeed({ SEED_PACKS: 'examples/devops', SEED_RUNNER_SLOTS: '4' });
  await seed.call('POST', '/api/v1/packs/devops/samples');
  poster = (await seed.newKey(['tasks:*', 'incidents:*', 'keys:read'])).secret;
});
afterAll(() => seed?.remove());

const report = (environment: string, title: string) =>
  `seed incidents create ${environment} --title "${title}" --severity high --summary "it is" --json; echo "code $?"`;
const post = (approval: object, ...blocks: string[]) =>
  seed.postTask(
    {
      instruction: bash(...blocks),
      timeout: TIMEOUT_MS,
      approval: { effects: ['write', 'destructive'], ...approval },
    },
    poster,
  );
const approvalsOf = async (task: Task): Promise<Approval[]> => {
  const { body } = await seed.call<{ items: Approval[] }>('GET', `/api/v1/approvals?limit=100&task=${task.id}`);
  return body.items;
};
const pendingOf = (task: Task, count = 1) =>
  until(
    `${count} wait`,
    async () => {
      const pending = (await approvalsOf(task).catch(() => [])).filter(({ state }) => state === 'pending');
      return pending.length === count && pending;
    },
    60_000,
  );
const decide = (id: string | undefined, how: 'approve' | 'deny', message?: string) =>
  seed.call<{ approval: Approval }>('POST', `/api/v1/approvals/${id}/${how}`, { body: { message } });
const becomes = (task: Task, status: Task['status'], withinMs = 60_000) =>
  until(
    `it is ${status}`,
    async () => {
      const now = await seed.getTask(task.id).catch(() => null);
      return now?.status === status && now;
    },
    withinMs,
  );
const OF_THE_SAMPLES = ['Load test does not answer'];
const incidents = async () => {
  const { body } = await seed.call<{ items: { title: string }[] }>('GET', '/api/v1/incidents?limit=100');
  return body.items.map(({ title }) => title).filter((title) => !OF_THE_SAMPLES.includes(title));
};
describe('a task whose calls need a yes', () => {
  it('goes on, or ends, when nobody decides in time; and nothing of one that is stopped is done', async () => {
    const [goesOn, ends, stopped] = await Promise.all([
      post({ wait: 6_000 }, report('staging', 'late')),
      post({ wait: 6_000, onExpiry: 'end' }, report('staging', 'later')),
      post({ wait: 300_000 }, report('staging', 'never')),
    ]);
    const [pending] = await pendingOf(stopped);
    await becomes(stopped, 'waiting_for_approval');
    await seed.call('POST', `/api/v1/tasks/${stopped.id}/stop`);
    expect((await decide(pending?.id, 'approve')).body).toMatchObject({ error: { code: 'approval_decided' } });
    const continued = await becomes(goesOn, 'completed');
    expect(continued.stdout).toMatch(/nobody decided on this call in time, which is no denial[\s\S]*code 4/);
    const failed = await becomes(ends, 'failed');
    expect(failed).toMatchObject({ error: { code: 'approval_expired' } });
    for (const { id } of [goesOn, ends, stopped])
      await until('its sandbox is gone', async () => (await processesNaming(`/sandboxes/${id}`)).length === 0);
    expect(await incidents()).toEqual([]);
  }, 120_000);
});
