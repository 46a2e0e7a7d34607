// What of each table is in an export of an account, and as what line of JSON. By forgetting/holdings.ts: a table
// that it names and nobody left out is in it, and no column that is a secret ever is.
import { type RawBuilder, type Selectable, sql } from 'kysely';
import type { AccountRow, KeyRow, Tables, TaskRow, Tx } from '../../db/tables.ts';
import { toAccount } from '../access/accounts.ts';
import { toKey } from '../access/keys.ts';
import { HOLDINGS, type Holding } from '../forgetting/holdings.ts';
import { toTask } from '../tasks/rows.ts';

type Row = Record<string, unknown>;

/** Tables that say nothing of an account but how Seed works with it, or hold secrets alone. */
export const LEFT_OUT: Readonly<Record<string, string>> = {
  replaced_secrets: 'hashes of secrets',
  sessions: 'sign-ins to the dashboard, which end by themselves',
  webhook_secrets: 'secrets',
  task_credentials: 'secrets',
  approval_links: 'secrets',
  idempotency: 'answers for repeated requests, sealed with their keys; kept for a day',
  reservations: 'what calls under way may spend',
  grant_reservations: 'what calls under way may count',
  webhook_lanes: 'when deliveries are due',
  webhook_accounts: 'when deliveries are due',
  blobs: 'the files themselves are in the archive',
  account_exports: 'exports',
  'pgboss.job': 'the order of waiting tasks',
};

export interface ExportedTable {
  table: string;
  /** Of the archive. */
  folder: string;
  /** Tables whose rows are written behind the rows of this one that they belong to. */
  below: { table: ExportedTable; column: string }[];
  toLine(row: Row, now: Date): Row;
}

/** The tables whose rows say themselves whose they are, with those below them. */
export function exportedTables(): ExportedTable[] {
  return Object.entries(HOLDINGS).flatMap(([name, { account }]) =>
    account?.to === 'accounts' && !(name in LEFT_OUT) ? [exported(name)] : [],
  );
}

function exported(table: string): ExportedTable {
  const holding = HOLDINGS[table] as Holding;
  const below = Object.entries(HOLDINGS).flatMap(([name, { account }]) =>
    account?.to === table && table !== 'accounts' && !(name in LEFT_OUT)
      ? [{ table: exported(name), column: account.column }]
      : [],
  );
  return { table, folder: table.replaceAll('_', '-'), below, toLine: lineOf(table, holding) };
}

/** As REST shows it, where REST has one object for a row. */
const AS_IN_REST: Readonly<Record<string, (row: never, now: Date) => object>> = {
  accounts: (row: AccountRow) => toAccount(row),
  keys: (row: KeyRow, now) => toKey(row, now),
  tasks: (row: TaskRow) => toTask(row),
  events: ({ task_id, seq, created_at, body }: Selectable<Tables['events']>) => ({
    ...body,
    seq,
    at: created_at.toISOString(),
    taskId: task_id,
  }),
};

function lineOf(table: string, { secret = [], setting = [], content }: Holding): ExportedTable['toLine'] {
  const shown = AS_IN_REST[table];
  const said = new Set([...setting, ...Object.keys(content)]);
  return (row, now) => {
    const line: Row = { ...shown?.(row as never, now) };
    for (const [column, value] of Object.entries(row)) {
      const name = camelCase(column);
      if (name in line || secret.includes(column) || Buffer.isBuffer(value)) continue;
      // An event's body is in the event.
      if (shown === undefined || (said.has(column) && !(table === 'events'))) line[name] = value;
    }
    return line;
  };
}

const camelCase = (column: string) => column.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());

const ROWS_AT_ONCE = 100;

/** Rows of a table, some at a time, as the transaction sees them: one reader of a table at a time. */
export async function* readRows(tx: Tx, table: string, those: RawBuilder<unknown>): AsyncGenerator<Row[]> {
  const query = sql`select * from ${sql.table(table)} where ${those}`;
  const cursor = sql.ref(`rows_of_${table}`);
  await sql`declare ${cursor} no scroll cursor for ${query}`.execute(tx);
  for (;;) {
    const { rows } = await sql<Row>`fetch forward ${sql.lit(ROWS_AT_ONCE)} from ${cursor}`.execute(tx);
    if (rows.length > 0) yield rows;
    if (rows.length < ROWS_AT_ONCE) break;
  }
  await sql`close ${cursor}`.execute(tx);
}
