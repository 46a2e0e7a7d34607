// A server with its database for the measurement of webhooks, an account with endpoints, and their receiver.
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { sql } from 'kysely';
import { startEmbeddedPostgres } from '../../src/db/embedded/start-embedded.ts';
import { openStore, type Store } from '../../src/db/store.ts';
import { wholeEnvironment } from '../../src/lib/env.ts';
import { generateKeySecret } from '../../src/lib/key-secret.ts';
import { createLog } from '../../src/lib/log.ts';
import { LIMITS } from '../../src/protocol/limits.ts';
import { insertAccount } from '../../src/server/access/accounts.ts';
import { insertEndpoint } from '../../src/server/webhooks/endpoints.ts';
import { emitEvent } from '../../src/server/webhooks/events.ts';
import { mintWebhookSecret, replaceSecret } from '../../src/server/webhooks/secrets.ts';
import { type BenchReceiver, startBenchReceiver } from './receiver.ts';

const SERVER = fileURLToPath(new URL('../../src/server/main.ts', import.meta.url));

export interface WebhookBench {
  store: Store;
  /** Of the server and of Postgres. */
  pids: readonly number[];
  receiver: BenchReceiver;
  /** @param answerMs how long the receiver takes to answer there */
  addEndpoint(path: string, type: string, answerMs: number): Promise<void>;
  /** In a transaction of its own, as commands do. */
  emit(type: string, mark: string): Promise<void>;
  /** All in one transaction. */
  emitMany(type: string, count: number): Promise<void>;
  /** So many endpoints, as many in each account as it may have. Each waits for an attempt an hour from now. */
  waitingEndpoints(count: number): Promise<void>;
  stop(): Promise<void>;
}

export async function startWebhookBench(): Promise<WebhookBench> {
  const dataDir = await mkdtemp(join(tmpdir(), 'seed-bench-'));
  const log = createLog('bench', 'error');
  const secretsKey = randomBytes(32).toString('hex');
  const postgres = await startEmbeddedPostgres({ dataDir, log });
  const store = await openStore({ databaseUrl: postgres.databaseUrl, log });
  const { id: accountId } = await insertAccount(store.db, { name: 'bench', operator: true });
  const receiver = await startBenchReceiver();
  const server = await startServer(postgres.databaseUrl, dataDir, secretsKey);
  const inTransaction = store.db.transaction();
  return {
    store,
    pids: [server.pid, postgres.pid].filter((pid) => pid !== undefined),
    receiver,
    addEndpoint: async (path, type, answerMs) => {
      receiver.answersAfter(path, answerMs);
      const id = randomUUID();
      const endpoint = {
        id,
        accountId,
        url: receiver.url + path,
        description: '',
        events: [type],
        enabled: true,
      };
      await inTransaction.execute(async (tx) => {
        const now = new Date();
        await insertEndpoint(tx, endpoint, now);
        const { sealed: secret } = mintWebhookSecret(secretsKey);
        await replaceSecret(tx, { accountId, endpointId: id }, { secret, previousUntil: now, now });
      });
    },
    emit: async (type, mark) => {
      await inTransaction.execute((tx) => emitEvent(tx, { accountId, type, data: { mark } }, new Date()));
    },
    emitMany: async (type, count) => {
      await inTransaction.execute(async (tx) => {
        await sql`
          insert into webhook_events (id, account_id, type, created_at, data)
          select gen_random_uuid(), ${accountId}, ${type}, now(), jsonb_build_object('mark', number)
          from generate_series(1, ${count}::int) as number`.execute(tx);
        await sql`select pg_notify('seed', 'webhooks')`.execute(tx);
      });
    },
    waitingEndpoints: async (count) => {
      for (let made = 0; made < count; made += LIMITS.webhooksPerAccount) {
        const { id } = await insertAccount(store.db, { name: `waiting ${made}`, operator: false });
        await sql`
          with event as (
            insert into webhook_events (id, account_id, type, created_at, data, position)
            values (gen_random_uuid(), ${id}, 'bench.waiting', now(), '{}', nextval('webhook_event_positions'))
            returning id
          ), endpoint as (
            insert into webhook_endpoints
              (id, account_id, url, description, event_types, enabled, created_at, updated_at)
            select gen_random_uuid(), ${id}, ${receiver.url}, '', '{bench.waiting}', true, now(), now()
            from generate_series(1, ${LIMITS.webhooksPerAccount}::int) returning id, url
          )
          insert into webhook_deliveries
            (id, account_id, event_id, endpoint_id, url, lane, created_at, status, next_attempt_at)
          select gen_random_uuid(), ${id}, event.id, endpoint.id, endpoint.url, endpoint.id, now(), 'pending',
            now() + interval '1 hour'
          from event, endpoint`.execute(store.db);
      }
      // What autovacuum would do at some moment of the measurement.
      for (const table of ['webhook_endpoints', 'webhook_deliveries', 'webhook_lanes'])
        await sql`vacuum analyze ${sql.table(table)}`.execute(store.db);
    },
    stop: async () => {
      const exited = once(server, 'exit');
      server.kill('SIGTERM');
      await exited;
      receiver.close();
      await store.close();
      await postgres.stop();
      await rm(dataDir, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
    },
  };
}

async function startServer(databaseUrl: string, dataDir: string, secretsKey: string): Promise<ChildProcess> {
  const server = spawn(process.execPath, [SERVER], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    env: {
      ...wholeEnvironment(),
      DATABASE_URL: databaseUrl,
      SEED_DATA_DIR: dataDir,
      SEED_SECRETS_KEY: secretsKey,
      SEED_WEBHOOK_ALLOWED_NETWORKS: '127.0.0.0/8',
      SEED_RUNNER_TOKEN: randomBytes(32).toString('hex'),
      SEED_ADMIN_KEY: generateKeySecret(),
      SEED_LOG_LEVEL: 'error',
      PORT: '0',
    },
  });
  await once(server, 'message');
  return server;
}
