// What a sandbox that was lost has said: everybody who may see the task learns why, and only the operator reads
// all of it.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { settlementOf } from '../../src/runner/settlement.ts';
import { startTestServer, type TestServer } from '../fixtures/server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server?.stop());

const WORDS = 'restoring\nruntime: open /srv/seed/snapshots/1/pages.img: no such file or directory';

test.each([
  ["the operator's account", true],
  ['another account', false],
])('%s', async (_, isOperators) => {
  const other = isOperators ? null : await server.call('POST', '/api/v1/accounts', { body: { name: 'Other' } });
  const key = other?.body.secret ?? server.adminKey;
  const runner = server.runner();
  await runner.appear();
  const { body } = await server.call('POST', '/api/v1/tasks/run', { key, body: { instruction: 'hi' } });
  const lease = await runner.lease();
  expect(lease.taskId).toBe(body.task.id);
  const lost = settlementOf(lease.leaseId, { why: 'exit', exit: { reason: 'lost', detail: WORDS } }, null);
  expect(await runner.settle(lease, lost ?? {})).toBe(204);
  const { task } = (await server.call('GET', `/api/v1/tasks/${lease.taskId}`, { key })).body;
  expect(task).toMatchObject({
    status: 'failed',
    error: {
      code: 'sandbox_lost',
      message: 'the sandbox ended before its agent did: runtime: open …: no such file or directory',
    },
    stderr: isOperators ? WORDS : null,
  });
  const events = await fetch(`${server.url}/api/v1/tasks/${lease.taskId}/events`, {
    headers: { authorization: `Bearer ${key}` },
  });
  expect((await events.text()).includes('/srv/seed')).toBe(false);
});
