// What holdings.ts says of the database is compared with a migrated one.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { HOLDINGS, type Holding, NOBODYS_TABLES } from '../../src/server/forgetting/holdings.ts';
import { rowsOf, type TestDatabase, testDatabase } from '../fixtures/database.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase();
});
afterAll(() => database.drop());

/** Columns by table, without partitions, whose columns are their table's. */
async function columnsThere(): Promise<Record<string, string[]>> {
  const rows = await rowsOf(
    database.databaseUrl,
    `select columns.table_schema as schema, columns.table_name as name,
       array_agg(column_name::text order by column_name::text) as columns
     from information_schema.columns
     join pg_namespace on nspname = table_schema
     join pg_class on relnamespace = pg_namespace.oid and relname = columns.table_name
     where relkind in ('r', 'p') and not relispartition
       and columns.table_schema not in ('pg_catalog', 'information_schema')
     group by 1, 2`,
  );
  return Object.fromEntries(
    rows.map(({ schema, name, columns }) => [schema === 'public' ? name : `${schema}.${name}`, columns]),
  );
}

function columnsSaid(holding: Holding): string[] {
  const { identity = [], ledger = [], setting = [], secret = [], content } = holding;
  return [...identity, ...ledger, ...setting, ...secret, ...Object.keys(content)].sort();
}

test('every table and column of a migrated database is told of, once, and none that is not there', async () => {
  const there = await columnsThere();
  const said = Object.entries(HOLDINGS).map(([table, holding]) => [table, columnsSaid(holding)] as const);
  const ofNobody = NOBODYS_TABLES.map((table) => [table, there[table]] as const);
  const sorted = Object.fromEntries(Object.entries(there).map(([table, columns]) => [table, [...columns].sort()]));
  expect({ ...Object.fromEntries(said), ...Object.fromEntries(ofNobody) }).toEqual(sorted);
});

/** How a table's rows are found by account: the last link leads to accounts. */
function wayToAccount(table: string): string[] {
  const link = HOLDINGS[table]?.account ?? null;
  if (link === null || link.to === table) return [table];
  return [table, ...wayToAccount(link.to)];
}

test('every row that is somebody’s is found by its account, and its task', async () => {
  for (const [table, { account, task }] of Object.entries(HOLDINGS)) {
    if (account !== null) expect(wayToAccount(table).at(-1)).toBe('accounts');
    for (const link of [...(account === null ? [] : [account]), ...task]) {
      const compared = `(${link.column})${link.type === 'text' ? '' : '::uuid'}`;
      await rowsOf(
        database.databaseUrl,
        `select 1 from ${table} where ${compared} in (select id${link.type === 'text' ? '::text' : ''} from ${link.to})`,
      );
    }
  }
});

test('what stands in the place of content can be written', async () => {
  for (const [table, { content, goes }] of Object.entries(HOLDINGS)) {
    const set = Object.entries(content).map(([column, emptied]) => `${column} = ${emptied}`);
    if (set.length > 0 && !goes) await rowsOf(database.databaseUrl, `update ${table} set ${set.join(', ')}`);
  }
});
