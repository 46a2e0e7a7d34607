// The built function in processes that are stopped between requests and killed behind answers. Only in the project
// `function`, whose set-up builds it.
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { rowsOf } from '../fixtures/database.ts';
import { startFunctionServer } from '../fixtures/function-server.ts';
import { until } from '../fixtures/seed.ts';
import { callsTo, startTestServer, type TestServer } from '../fixtures/server.ts';
import { startReceiver, type WebhookReceiver } from '../fixtures/webhook-receiver.ts';

const TASKS = 3;
/** The function itself ends an answer later than that. */
const BEGINS_WITHIN_MS = 30_000;

let server: TestServer;
let receiver: WebhookReceiver;

beforeAll(async () => {
  server = await startTestServer({ webhookNetworks: ['127.0.0.0/8'] });
  receiver = await startReceiver();
});

afterAll(async () => {
  await server.stop();
  await receiver.close();
});

/** On the same database, with a life of its own. */
async function openHost(options: Parameters<typeof startFunctionServer>[2]) {
  const host = await startFunctionServer(inject('functionFolder') ?? '', server.settings, options);
  return { ...host, call: callsTo(host.url, server.adminKey) };
}

describe('processes that are stopped between requests', () => {
  it('answer when they are continued, also when Postgres has let go of their sessions', async () => {
    const host = await openHost({ concurrency: 1, cronEveryMs: 600_000 });
    try {
      expect((await host.call('GET', '/api/v1/whoami')).status).toBe(200);
      await until('it is stopped', () => host.counts.frozen > 0);
      await rowsOf(
        server.databaseUrl,
        `select pg_terminate_backend(pid) from pg_stat_activity
         where datname = current_database() and pid <> pg_backend_pid()`,
      );
      expect((await host.call('GET', '/api/v1/whoami')).status).toBe(200);
    } finally {
      await host.stop();
    }
  }, 120_000);
});

describe('processes that are killed behind each answer', () => {
  it('have written all of it, and deliver each event once', async () => {
    const host = await openHost({ concurrency: 1, killShare: 1 });
    try {
      const { body: hook } = await host.call('POST', '/api/v1/webhooks', {
        body: { url: `${receiver.url}/hook`, events: ['task.stopped'] },
      });
      expect(hook.webhook.enabled).toBe(true);
      const posted: string[] = [];
      for (let index = 0; index < TASKS; index += 1) {
        const headers = { 'idempotency-key': randomUUID() };
        const post = () =>
          host.call('POST', '/api/v1/tasks/run', {
            body: { instruction: 'say hello', model: 'scripted' },
            headers,
          });
        const first = await post();
        expect(first.status).toBe(202);
        // Another process answers the same.
        expect((await post()).body.task.id).toBe(first.body.task.id);
        posted.push(first.body.task.id);
        expect((await host.call('POST', `/api/v1/tasks/${first.body.task.id}/stop`)).status).toBe(200);
      }
      const { body } = await host.call('GET', '/api/v1/tasks?limit=100');
      expect(body.items.map(({ id }: { id: string }) => id).sort()).toEqual([...posted].sort());
      const audited = await rowsOf(
        server.databaseUrl,
        `select distinct target from audit where command = 'tasks run'`,
      );
      expect(audited.map(({ target }) => target).sort()).toEqual([...posted].sort());
      const delivered = await receiver.has(TASKS, ({ path }) => path === '/hook', 120_000);
      expect(new Set(delivered.map(({ headers }) => headers['webhook-id'])).size).toBe(TASKS);
      expect(host.counts.killed).toBeGreaterThan(TASKS);
    } finally {
      await host.stop();
    }
  }, 400_000);
});

describe('the host', () => {
  it('keeps whatever a client says of its address from the function', async () => {
    const { body } = await server.call('POST', '/api/v1/keys', {
      body: { name: 'from elsewhere', scopes: ['tasks:read'], allowedCidrs: ['203.0.113.0/24'] },
    });
    const forged = { 'x-forwarded-for': '203.0.113.9', 'x-real-ip': '203.0.113.9' };
    const { status } = await server.call('GET', '/api/v1/whoami', { key: body.secret, headers: forged });
    expect(status).toBe(403);
  });

  it.each(['application/x-ndjson', 'text/event-stream'])(
    'sends the headers with the first byte: a stream of %s begins before anything happens',
    async (accept) => {
      const leave = new AbortController();
      const { status, headers } = await fetch(`${server.url}/api/v1/webhooks/events/stream`, {
        headers: { authorization: `Bearer ${server.adminKey}`, accept },
        signal: AbortSignal.any([leave.signal, AbortSignal.timeout(BEGINS_WITHIN_MS)]),
      });
      leave.abort();
      expect([status, headers.get('content-type')]).toEqual([200, accept]);
    },
  );

  it('calls the cron with its secret, and nobody else is let drain', async () => {
    expect((await server.call('GET', '/api/cron/drain')).status).toBe(401);
  });
});
