// Deletes all rows of an account and the blobs of its tasks, in steps that are small and may each be the last:
// what is left is found by the rows that are there. Which tables there are, and whose their rows are, says
// forgetting/holdings.ts. Called by keep-deleting.ts.
import { type RawBuilder, sql } from 'kysely';
import type { Store } from '../../db/store.ts';
import type { Db, Tx } from '../../db/tables.ts';
import { DELETION_LIMITS } from '../../protocol/account-deletion.ts';
import { deleteAuditOf } from '../access/audit.ts';
import type { KeptBlobs } from '../files/blobs.ts';
import { HOLDINGS, type Holding, type Link } from '../forgetting/holdings.ts';
import { packTables } from './pack-tables.ts';

interface DeletionNeeds {
  store: Pick<Store, 'longRunning'>;
  blobs: Pick<KeptBlobs, 'removeOf'>;
  /** Notes what a step has deleted, in its transaction if it has one. Rejects when no further step is to be. */
  step(db: Db, deleted: { rows: number; blobs: number }): Promise<void>;
}

const ROWS = DELETION_LIMITS.deletionRowsAtOnce;
/** Rows whose own rows, such as a task's events, are deleted at a time. */
const ROOTS = 50;
/** What would do something if it stood longer, in this order; then all others. */
const FIRST = ['webhook_deliveries', 'webhook_endpoints', 'schedules', 'batches', 'background_calls', 'approvals'];
/** What others hang on, in this order, behind all others. */
const LAST = ['tasks', 'keys'];
/** Those that have blobs: each of its own id. */
const WITH_BLOBS = ['tasks', 'account_exports'];
/** Rows of the same table that have to go before: the table has a foreign key to itself. */
const ABOVE: Readonly<Record<string, string>> = { tasks: 'parent_task_id', keys: 'caller_key_id' };

/** Deletes what there is; returns how many rows that were. @throws SeedError unavailable: some may be left */
export async function deleteRowsOf(accountId: string, needs: DeletionNeeds): Promise<number> {
  let rows = 0;
  for (const { schema, table } of await packTables(needs.store.longRunning)) {
    rows += await untilNone(needs, (tx) => deletePackRows(tx, sql.id(schema, table), accountId));
  }
  for (const [table, { account }] of inOrder()) {
    if (account?.to !== 'accounts' || account.column === 'id') continue;
    if (childrenOf(table).length > 0 || WITH_BLOBS.includes(table))
      rows += await deleteRoots(accountId, table, needs);
    else rows += await deletePlain(accountId, table, needs);
  }
  return rows;
}

/** Those without what others hang on first. */
function inOrder(): [string, Holding][] {
  const place = ([table]: [string, Holding]) => {
    const first = FIRST.indexOf(table);
    return first >= 0 ? first - FIRST.length : LAST.indexOf(table) + 1;
  };
  return Object.entries(HOLDINGS).toSorted((one, other) => place(one) - place(other));
}

/** The tables whose rows belong to the account only by a row of this one, and by what. */
function childrenOf(table: string): { name: string; link: Link }[] {
  return Object.entries(HOLDINGS).flatMap(([name, { account, task }]) => {
    if (account === null || account.to === 'accounts') return [];
    const links = [account, ...task].filter(({ to }) => to === table);
    return [...new Map(links.map((link) => [link.column, link])).values()].map((link) => ({ name, link }));
  });
}

async function deletePlain(accountId: string, table: string, needs: DeletionNeeds): Promise<number> {
  if (table === 'audit') return untilNone(needs, (tx) => deleteAuditOf(tx, accountId, ROWS));
  const key = await primaryKeyOf(needs.store.longRunning, table);
  return untilNone(needs, (tx) =>
    deleteSome(tx, { table, key, those: sql`account_id = ${accountId}` }, accountId),
  );
}

/** Rows with all that hangs on them, some at a time, those that no other row of the table hangs on first. */
async function deleteRoots(accountId: string, table: string, needs: DeletionNeeds): Promise<number> {
  const { store, blobs, step } = needs;
  const children = await Promise.all(
    childrenOf(table).map(async (child) => ({ ...child, key: await primaryKeyOf(store.longRunning, child.name) })),
  );
  let rows = 0;
  for (;;) {
    const ids = await rootsOf(store.longRunning, table, accountId);
    if (ids.length === 0) return rows;
    for (let removed = Number(WITH_BLOBS.includes(table)); removed > 0; ) {
      removed = await blobs.removeOf(ids);
      await step(store.longRunning, { rows: 0, blobs: removed });
    }
    for (const { name, link, key } of children) {
      const type = sql.raw(link.type === 'text' ? 'text[]' : 'uuid[]');
      const those = sql`${sql.raw(link.column)} = any(${ids}::${type})`;
      rows += await untilNone(needs, (tx) => deleteSome(tx, { table: name, key, those }, accountId));
    }
    rows += await inStep(needs, async (tx) => {
      const { numAffectedRows = 0n } = await sql`
        delete from ${sql.table(table)} where id = any(${ids}::uuid[])`.execute(tx);
      return Number(numAffectedRows);
    });
  }
}

async function rootsOf(db: Db, table: string, accountId: string): Promise<string[]> {
  const above = ABOVE[table];
  const isLeaf =
    above === undefined
      ? sql`true`
      : sql`not exists (
    select from ${sql.table(table)} as below where below.${sql.ref(above)} = root.id)`;
  const { rows } = await sql<{ id: string }>`
    select id from ${sql.table(table)} as root where account_id = ${accountId} and ${isLeaf} limit ${ROOTS}
  `.execute(db);
  return rows.map(({ id }) => id);
}

interface Some {
  table: string;
  /** The columns of its primary key. */
  key: string[];
  those: RawBuilder<unknown>;
}

/** What of the bill goes with them is added to its sums. */
async function deleteSome(tx: Tx, { table, key, those }: Some, accountId: string): Promise<number> {
  const columns = sql.join(key.map((column) => sql.ref(column)));
  const sums = BILLED[table];
  const bill = sums === undefined ? sql`select 1` : addToBill(accountId, sums);
  const { rows } = await sql<{ deleted: number }>`
    with gone as (
      delete from ${sql.table(table)} where (${columns}) in (
        select ${columns} from ${sql.table(table)} where ${those} limit ${ROWS}
      ) returning *
    ), billed as (${bill})
    select count(*) as deleted from gone`.execute(tx);
  return rows[0]?.deleted ?? 0;
}

/** model_calls, input_tokens, output_tokens, llm_nano_usd and compute_nano_usd of the rows. */
const BILLED: Readonly<Record<string, RawBuilder<unknown>>> = {
  model_calls: sql`count(*), sum(input_tokens), sum(output_tokens), sum(cost_nano_usd), 0`,
  compute: sql`0, 0, 0, 0, sum(cost_nano_usd)`,
};

function addToBill(accountId: string, sums: RawBuilder<unknown>): RawBuilder<unknown> {
  return sql`
    insert into account_bills as bill
      (account_id, month, model_calls, input_tokens, output_tokens, llm_nano_usd, compute_nano_usd)
    select ${accountId}::uuid, date_trunc('month', created_at at time zone 'UTC')::date, ${sums}
    from gone group by 2
    on conflict (account_id, month) do update set
      model_calls = bill.model_calls + excluded.model_calls,
      input_tokens = bill.input_tokens + excluded.input_tokens,
      output_tokens = bill.output_tokens + excluded.output_tokens,
      llm_nano_usd = bill.llm_nano_usd + excluded.llm_nano_usd,
      compute_nano_usd = bill.compute_nano_usd + excluded.compute_nano_usd
    returning 1`;
}

async function deletePackRows(tx: Tx, table: RawBuilder<unknown>, accountId: string): Promise<number> {
  const { numAffectedRows = 0n } = await sql`
    delete from ${table} where ctid = any(array(
      select ctid from ${table} where account_id = ${accountId} limit ${ROWS}
    ))`.execute(tx);
  return Number(numAffectedRows);
}

async function untilNone(needs: DeletionNeeds, work: (tx: Tx) => Promise<number>): Promise<number> {
  let rows = 0;
  for (;;) {
    const deleted = await inStep(needs, work);
    if (deleted === 0) return rows;
    rows += deleted;
  }
}

function inStep({ store, step }: DeletionNeeds, work: (tx: Tx) => Promise<number>): Promise<number> {
  return store.longRunning.transaction().execute(async (tx) => {
    const rows = await work(tx);
    await step(tx, { rows, blobs: 0 });
    return rows;
  });
}

async function primaryKeyOf(db: Db, table: string): Promise<string[]> {
  const { rows } = await sql<{ column: string }>`
    select attname as column from pg_index
    join pg_attribute on attrelid = indrelid and attnum = any(indkey)
    where indrelid = ${table}::regclass and indisprimary`.execute(db);
  return rows.map(({ column }) => column);
}
