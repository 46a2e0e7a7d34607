// Sums over calls, model calls and sandboxes of one account in a span of time. Called by `obs costs` and `obs requests`.
import { sql } from 'kysely';
import { usdOf } from '../core/cost.ts';
import type { TimeRange } from '../core/time-range.ts';
import { REFUSED_STATUSES } from '../protocol/audit.ts';
import type { CostBy, CostGroup, RequestGroup, RequestsBy } from '../protocol/obs.ts';
import type { Db } from './tables.ts';

/** More groups are cut off; the sums over all are told besides. */
const GROUPS_MOST = 1_000;

const DAY = sql`to_char(created_at at time zone 'UTC', 'YYYY-MM-DD')`;
const REFUSED = sql.join(REFUSED_STATUSES.map((status) => sql.lit(status)));
const COST_GROUP = {
  key: sql`billed_key_id::text`,
  model: sql`model`,
  day: DAY,
  task: sql`task_id::text`,
} as const;
const REQUEST_GROUP = {
  key: sql`billed_key_id::text`,
  command: sql`command`,
  day: DAY,
  task: sql`coalesce(task_id::text, 'no task')`,
} as const;

interface CostRow {
  group: string;
  calls: number;
  input: number;
  output: number;
  vcpu: number;
  llm: number;
  compute: number;
}

interface Costs {
  items: CostGroup[];
  total: number;
  /** Groups beyond those given. */
  cut: number;
}

/** The dearest first; days in order. Sandboxes are the model `(sandbox)`. */
export async function sumCosts(
  db: Db,
  accountId: string,
  by: CostBy,
  { from, to }: TimeRange,
): Promise<Costs> {
  const order = by === 'day' ? sql`1` : sql`llm + compute desc, 1`;
  const { rows } = await sql<CostRow & { groups: number; total: number }>`
    with spent as (
      select created_at, billed_key_id, task_id, asked_model as model, 1 as calls, input_tokens, output_tokens,
        0::float8 as vcpu, cost_nano_usd as llm, 0::bigint as compute
      from model_calls where account_id = ${accountId} and created_at >= ${from} and created_at < ${to}
      union all
      select created_at, billed_key_id, task_id, '(sandbox)', 0, 0, 0, vcpu_seconds, 0, cost_nano_usd
      from compute where account_id = ${accountId} and created_at >= ${from} and created_at < ${to}
    ), summed as (
      select ${COST_GROUP[by]} as "group", sum(calls)::bigint as calls, sum(input_tokens)::bigint as input,
        sum(output_tokens)::bigint as output, sum(vcpu) as vcpu, sum(llm)::bigint as llm, sum(compute)::bigint as compute
      from spent group by 1
    )
    select *, count(*) over () as groups, (sum(llm + compute) over ())::bigint as total
    from summed order by ${order} limit ${GROUPS_MOST}`.execute(db);
  const names = by === 'key' ? await keyNames(db, accountId) : null;
  const [first] = rows;
  return {
    items: rows.map((row) => ({
      group: row.group,
      name: names?.get(row.group) ?? null,
      modelCalls: row.calls,
      inputTokens: row.input,
      outputTokens: row.output,
      vcpuSeconds: row.vcpu,
      llm: usdOf(row.llm),
      compute: usdOf(row.compute),
      total: usdOf(row.llm + row.compute),
    })),
    total: usdOf(first?.total ?? 0),
    cut: (first?.groups ?? 0) - rows.length,
  };
}

interface Requests {
  items: RequestGroup[];
  total: number;
  cut: number;
}

/** The most called first; days in order. */
export async function sumRequests(
  db: Db,
  accountId: string,
  by: RequestsBy,
  { from, to }: TimeRange,
): Promise<Requests> {
  const order = by === 'day' ? sql`1` : sql`requests desc, 1`;
  const { rows } = await sql<Omit<RequestGroup, 'name'> & { groups: number; total: number }>`
    with summed as (
      select ${REQUEST_GROUP[by]} as "group", count(*) as requests,
        count(*) filter (where status in (${REFUSED})) as refused,
        count(*) filter (where status >= 400 and status not in (${REFUSED})) as failed,
        percentile_disc(0.5) within group (order by duration_ms) as "medianMs",
        percentile_disc(0.95) within group (order by duration_ms) as "p95Ms"
      from calls where account_id = ${accountId} and created_at >= ${from} and created_at < ${to}
      group by 1
    )
    select *, count(*) over () as groups, (sum(requests) over ())::bigint as total
    from summed order by ${order} limit ${GROUPS_MOST}`.execute(db);
  const names = by === 'key' ? await keyNames(db, accountId) : null;
  const [first] = rows;
  return {
    items: rows.map(({ groups: _groups, total: _total, ...row }) => ({
      ...row,
      name: names?.get(row.group) ?? null,
    })),
    total: first?.total ?? 0,
    cut: (first?.groups ?? 0) - rows.length,
  };
}

/** Of all keys of the account, also those that were revoked. */
async function keyNames(db: Db, accountId: string): Promise<Map<string, string>> {
  const rows = await db
    .selectFrom('keys')
    .select(['id', 'name'])
    .where('account_id', '=', accountId)
    .where('task_id', 'is', null)
    .execute();
  return new Map(rows.map(({ id, name }) => [id, name]));
}
