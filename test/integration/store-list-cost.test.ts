// What a list reads: as many rows as it shows, whatever it is narrowed by and however far behind its page lies. By
// the database's own count of rows, which no busy machine changes.
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Db } from '../../src/db/tables.ts';
import { type AuditFilter, outcomeOf } from '../../src/protocol/audit.ts';
import { LIMITS } from '../../src/protocol/limits.ts';
import type { TaskFilter } from '../../src/protocol/task.ts';
import { findAudit } from '../../src/server/access/audit.ts';
import { listTasks } from '../../src/server/tasks/list.ts';
import { openTestStore, type TestStore } from '../fixtures/store.ts';

const ROWS = 6_000;
const LIMIT = 20;
/** Of an index the entry behind the last one may be looked at, too. */
const FEW = 2 * (LIMIT + 1);

let seed: TestStore;
/** Half of the tasks each; all of `quiet` are completed, all of `failing` have failed, and one that it began runs. */
const keys = { quiet: '', failing: '' };
let parent = '';
let middle = '';

beforeAll(async () => {
  seed = await openTestStore();
  const { db } = seed.store;
  keys.quiet = (await seed.addKey()).key.id;
  keys.failing = (await seed.addKey()).key.id;
  parent = (await seed.post()).id;
  const { id: account } = seed.account;
  await sql`
    insert into tasks (id, account_id, key_id, billed_key_id, parent_task_id, status, instruction, scopes, timeout_ms,
      model, metadata, resources, created_at, completed_at)
    select gen_random_uuid(), ${account}, case when i % 2 = 0 then ${keys.quiet}::uuid else ${keys.failing}::uuid end,
      ${keys.quiet}, case when i % 100 = 0 then ${parent}::uuid end,
      case when i % 2 = 0 then 'completed' else 'failed' end, 'look', '{}', 60000, 'scripted', '{}', '{}',
      now() - interval '1 minute' * i, now() - interval '1 minute' * i
    from generate_series(1, ${sql.lit(ROWS)}) as i`.execute(db);
  await sql`
    insert into audit (id, created_at, account_id, key_id, command, status, calls)
    select gen_random_uuid(), now() - interval '1 minute' * i, ${account}, ${keys.quiet}, 'tasks run', 202, 1
    from generate_series(1, ${sql.lit(ROWS)}) as i`.execute(db);
  await sql`analyze tasks, audit`.execute(db);
  middle = new Date(Date.now() - (ROWS / 2) * 60_000).toISOString();
});
afterAll(() => seed?.close());

/** Rows of the table that the work has read. A connection counts on from one transaction to the next. */
async function rowsRead(table: 'tasks' | 'audit', work: (tx: Db) => Promise<unknown>): Promise<number> {
  return seed.store.db.transaction().execute(async (tx) => {
    const soFar = async () => {
      const { rows } = await sql<{ read: number }>`
        select (seq_tup_read + idx_tup_fetch)::int as read from pg_stat_xact_user_tables where relname = ${table}
      `.execute(tx);
      return rows[0]?.read ?? 0;
    };
    const before = await soFar();
    await work(tx);
    return (await soFar()) - before;
  });
}

/** Every way to leave some of them out and take the others. */
function everyChoice<Choice extends object>(choices: readonly Choice[]): Choice[] {
  const [first, ...others] = choices;
  if (!first) return [{} as Choice];
  return everyChoice(others).flatMap((some) => [some, { ...first, ...some }]);
}

test('a list of tasks reads as many rows as it shows, by every filter and at every place', async () => {
  const narrowings = everyChoice<Partial<TaskFilter>>([
    { status: 'failed' },
    { keyId: keys.quiet },
    { parentTaskId: parent },
    { createdAfter: new Date(Date.now() - (ROWS + 60) * 60_000).toISOString() },
    { createdBefore: middle },
  ]);
  const further: Partial<TaskFilter>[] = [{ keyId: keys.failing, status: 'completed' }, { status: 'timed_out' }];
  for (const narrowing of [...narrowings, ...further]) {
    let cursor: string | undefined;
    const read = await rowsRead('tasks', async (tx) => {
      const page = await listTasks(tx, seed.account.id, { limit: LIMIT, ...narrowing });
      cursor = page.nextCursor ?? undefined;
    });
    // The tasks of one parent are few, and may all be looked at.
    const most = narrowing.parentTaskId ? FEW + ROWS / 100 : FEW;
    expect(read, `rows read for ${JSON.stringify(narrowing)}`).toBeLessThanOrEqual(most);
    if (cursor === undefined) continue;
    const behind = await rowsRead('tasks', (tx) =>
      listTasks(tx, seed.account.id, { limit: LIMIT, ...narrowing, cursor }),
    );
    expect(behind, `rows read behind ${JSON.stringify(narrowing)}`).toBeLessThanOrEqual(most);
  }
});

test('a search reads the tasks that it looks through, and those of one id only its own', async () => {
  const search = (q: string) => rowsRead('tasks', (tx) => listTasks(tx, seed.account.id, { limit: LIMIT, q }));
  expect(await search('no such word')).toBeLessThanOrEqual(2 * LIMITS.searchedTasks + FEW);
  expect(await search(parent.slice(0, 8))).toBeLessThanOrEqual(FEW);
});

test('the audit log reads as many rows as it shows, by every filter', async () => {
  const narrowings = everyChoice<Partial<AuditFilter>>([
    { keyId: keys.quiet },
    { command: 'keys create' },
    { outcome: 'failed' },
    { until: middle },
  ]);
  const further: Partial<AuditFilter>[] = [{ outcome: 'refused' }, { outcome: 'ok' }, { command: 'tasks run' }];
  expect([outcomeOf(202), outcomeOf(404)]).toEqual(['ok', 'failed']);
  for (const narrowing of [...narrowings, ...further]) {
    const read = await rowsRead('audit', (tx) =>
      findAudit(tx, seed.account.id, { limit: LIMIT, ...narrowing } as AuditFilter, new Date()),
    );
    expect(read, `rows read for ${JSON.stringify(narrowing)}`).toBeLessThanOrEqual(FEW);
  }
});
