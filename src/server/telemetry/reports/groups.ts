// Sums over rows by group, with those over all groups. Used by the reports beside it.
import { type RawBuilder, sql } from 'kysely';
import type { Db } from '../../../db/tables.ts';
import type { Rows, Wanted } from './rows.ts';

/** What rows are grouped by: names are told of keys, and days stand in order. */
export const GROUP = {
  key: sql`billed_key_id::text`,
  command: sql`command`,
  model: sql`model`,
  code: sql`code`,
  task: sql`task`,
  day: sql`to_char(created_at at time zone 'UTC', 'YYYY-MM-DD')`,
} as const;

export interface Grouping<Measures> {
  rows: Rows;
  measures: { [Name in keyof Measures]: RawBuilder<Measures[Name]> };
  /** The measure whose greatest come first. */
  greatest: keyof Measures & string;
}

export interface WantedGroups extends Wanted {
  limit: number;
}

export interface Groups<Measures> {
  items: ({ group: string; name?: string } & Measures)[];
  /** Of all groups. */
  totals: Measures;
  /** Groups beyond those given. */
  cut: number;
  nextCursor: null;
}

type Row<Measures> = { overall: number; groups: number; group: string } & Measures;

export async function sumByGroup<Measures>(
  db: Db,
  by: keyof typeof GROUP,
  { accountId, limit }: WantedGroups,
  { rows, measures, greatest }: Grouping<Measures>,
): Promise<Groups<Measures>> {
  const columns = Object.entries<RawBuilder<unknown>>(measures).map(
    ([name, measure]) => sql`${measure} as ${sql.id(name)}`,
  );
  const order = by === 'day' ? sql`"group"` : sql`${sql.id(greatest)} desc, "group"`;
  const { rows: found } = await sql<Row<Measures>>`
    select *, count(*) over () - 1 as groups
    from (
      select grouping("group") as overall, "group", ${sql.join(columns)}
      from (select *, ${GROUP[by]} as "group" from (${rows}) as there) as grouped
      group by grouping sets ((), ("group"))
    ) as summed
    order by overall desc, ${order} limit ${limit + 1}`.execute(db);
  // The sum over all is a row also where there is nothing to sum up.
  const [overall, ...given] = found as [Row<Measures>, ...Row<Measures>[]];
  const ids = by === 'key' ? given.map(({ group }) => group) : [];
  const names = await keyNames(db, accountId, ids);
  return {
    items: given.map((row) => {
      const name = names.get(row.group);
      return { group: row.group, ...(name === undefined ? {} : { name }), ...measuresOf(row) };
    }),
    totals: measuresOf(overall),
    cut: overall.groups - given.length,
    nextCursor: null,
  };
}

function measuresOf<Measures>(row: Row<Measures>): Measures {
  const { overall: _overall, groups: _groups, group: _group, ...measures } = row;
  return measures as unknown as Measures;
}

/** Also of keys that were revoked. */
async function keyNames(db: Db, accountId: string, ids: readonly string[]): Promise<Map<string, string>> {
  if (ids.length === 0) return new Map();
  const rows = await db
    .selectFrom('keys')
    .select(['id', 'name'])
    .where('account_id', '=', accountId)
    .where('id', 'in', ids)
    .execute();
  return new Map(rows.map(({ id, name }) => [id, name]));
}

/** Measures. Sums over no row are 0. */
export const count = sql<number>`count(*)`;
export function countWhere(condition: RawBuilder<unknown>): RawBuilder<number> {
  return sql<number>`count(*) filter (where ${condition})`;
}
export function sum(column: string): RawBuilder<number> {
  return sql<number>`coalesce(sum(${sql.ref(column)}), 0)::bigint`;
}
/** Whole billionths are added up, so that the dollars are exact. */
export function usd(...columns: string[]): RawBuilder<number> {
  const refs = columns.map((column) => sql.ref(column));
  const nano = sql.join(refs, sql` + `);
  return sql<number>`coalesce(sum(${nano}), 0)::float8 / 1e9::float8`;
}
/** The sum of a column of seconds, to the microsecond. */
export function seconds(column: string): RawBuilder<number> {
  return sql<number>`round(coalesce(sum(${sql.ref(column)}), 0)::numeric, 6)::float8`;
}
/** The percentile of the calls' durations in milliseconds; 0 where there are none. @param part 0 to 1 */
export function percentile(part: number): RawBuilder<number> {
  return sql<number>`coalesce(percentile_disc(${sql.lit(part)}) within group (order by duration_ms), 0)`;
}
