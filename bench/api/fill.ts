// Databases with a history: ended tasks of one account with what comes with them, made by SQL, since a million
// would take hours over HTTP. However many there are, the last day has the same thousand: the rest lies in the
// weeks before.
import { sql } from 'kysely';
import { carePartitions } from '../../src/db/partitions.ts';
import type { Store } from '../../src/db/store.ts';
import { insertAccount } from '../../src/server/access/accounts.ts';
import { insertKey } from '../../src/server/access/keys.ts';

export interface Filled {
  accountId: string;
  keyId: string;
}

const LAST_DAY = 1_000;
const DAYS = 80;
const DAY_MS = 86_400_000;
/** Rows of one statement: more would only make the log of changes longer. */
const BATCH = 50_000;

export async function fill(store: Store, tasks: number, secretHash: string): Promise<Filled> {
  await makeDays(store);
  const { id: accountId } = await insertAccount(store.db, { name: 'bench', operator: true });
  const { id: keyId } = await insertKey(store.db, {
    accountId,
    name: 'bench',
    secretHash,
    prefix: 'sk_live_bench',
    scopes: ['*'],
    expiresAt: null,
  });
  for (let from = 1; from <= tasks; from += BATCH) {
    await insertTasks(store, { accountId, keyId }, from, Math.min(tasks, from + BATCH - 1), tasks);
  }
  for (const table of ['keys', 'tasks', 'events', 'calls', 'model_calls', 'compute']) {
    await sql`vacuum (analyze) ${sql.id(table)}`.execute(store.db);
  }
  return { accountId, keyId };
}

/** As if the server had run all the time: a partition for each day. */
async function makeDays(store: Store): Promise<void> {
  for (let daysAgo = DAYS + 1; daysAgo >= 0; daysAgo -= 1) {
    const then = new Date(store.clock.now().getTime() - daysAgo * DAY_MS);
    await carePartitions({ ...store, clock: { now: () => then } }, { calls: null, events: null });
  }
}

async function insertTasks(
  store: Store,
  { accountId, keyId }: Filled,
  from: number,
  to: number,
  tasks: number,
): Promise<void> {
  // The first thousand within the last 20 hours, the others evenly from 25 hours ago on.
  await sql`
    with made as (
      insert into tasks (id, account_id, key_id, billed_key_id, status, instruction, scopes, timeout_ms, model, metadata,
        resources, stdout, exit_code, created_at, started_at, working_at, completed_at, last_seq)
      select gen_random_uuid(), ${accountId}, ${keyId}, ${keyId},
        case when i % 20 = 0 then 'failed' when i % 33 = 0 then 'stopped' else 'completed' end,
        'Check our API key inventory and revoke any expired ones', ${SCOPES}, 60000, 'scripted', '{}', ${RESOURCES},
        'Nothing has expired.', 0, at, at, at, at + interval '2 seconds', 1
      from generate_series(${from}::int, ${to}::int) as i, lateral (
        select date_trunc('milliseconds', now()) - case when i <= ${LAST_DAY}
          then interval '20 hours' * i / ${LAST_DAY}::int
          else interval '25 hours' + interval '1 day' * ${DAYS - 2}::int * i / ${tasks}::int end as at
      ) as times
      returning id, created_at
    ), task_keys as (
      insert into keys (id, account_id, name, prefix, secret_hash, scopes, created_at, expires_at, revoked_at, task_id,
        caller_key_id)
      select gen_random_uuid(), ${accountId}, 'task:bench', 'sk_live_task', 'hash of ' || id, '{keys:read}', created_at,
        created_at, created_at, id, ${keyId}
      from made
    ), events as (
      insert into events select id, 1, created_at, ${EVENT} from made
    ), calls as (
      insert into calls
      select gen_random_uuid(), created_at, ${accountId}, ${keyId}, ${keyId}, id, 'keys list', 'read', 'keys:read', 200, null, 3
      from made
    ), model_calls as (
      insert into model_calls
      select gen_random_uuid(), created_at, ${accountId}, ${keyId}, id, 'scripted', 'scripted', 900, 80, 0, 0, 1000,
        'prices', 700, 'ok'
      from made
    )
    insert into compute select id, created_at, ${accountId}, ${keyId}, 0.4, 2, 3000 from made`.execute(store.db);
}

const SCOPES = JSON.stringify({ requested: null, effective: ['keys:read', 'keys:write'], denied: [] });
const RESOURCES = JSON.stringify({ vcpus: 2, memoryMb: 1024, diskMb: 512, processes: 256 });
const EVENT = JSON.stringify({ type: 'text', text: 'Nothing has expired.' });
