// The limit of open event streams of one key, however they are opened.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { LIMITS } from '../../src/protocol/limits.ts';
import { startTestServer, type TestServer } from '../fixtures/server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server?.stop());

test.each([
  [
    "of a task's events",
    async () => {
      const { body } = await server.call('POST', '/api/v1/tasks/run', { body: { instruction: 'wait' } });
      return `/api/v1/tasks/${body.task.id}/events`;
    },
  ],
  ["of an account's events", async () => '/api/v1/webhooks/events/stream'],
])('of 400 streams %s that are opened at once, no more are open than may be', async (_, pathOf) => {
  await server.runner().appear();
  const path = await pathOf();
  const leave = new AbortController();
  const open = () =>
    fetch(server.url + path, {
      headers: { authorization: `Bearer ${server.adminKey}` },
      signal: leave.signal,
    });
  // Kept, for what nobody holds any more is closed.
  const answers = await Promise.all(Array.from({ length: 400 }, open));
  const refused = answers.filter(({ status }) => status === 429);
  expect(answers.length - refused.length).toBe(LIMITS.eventStreamsPerKey);
  expect(await refused[0]?.json()).toMatchObject({ error: { code: 'too_many_requests' } });
  leave.abort();
  // Those that have gone leave their places.
  await expect
    .poll(async () => {
      const again = new AbortController();
      const { status } = await fetch(server.url + path, {
        headers: { authorization: `Bearer ${server.adminKey}` },
        signal: again.signal,
      });
      again.abort();
      return status;
    })
    .toBe(200);
});
