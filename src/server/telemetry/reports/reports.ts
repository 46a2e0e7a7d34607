// Reports on one account in a span of time: requests, usage, costs, errors, all in short (the commands `obs …`).
import { sql } from 'kysely';
import type { Db } from '../../../db/tables.ts';
import { daysOf } from '../../../lib/utc-days.ts';
import { SeedError } from '../../../protocol/errors.ts';
import { LIMITS } from '../../../protocol/limits.ts';
import type {
  CostReport,
  CostsBy,
  ErrorReport,
  ErrorsBy,
  RequestReport,
  RequestsBy,
  Summary,
  UsageBy,
  UsageReport,
} from '../../../protocol/obs.ts';
import { TaskStatus } from '../../../protocol/task.ts';
import {
  count,
  countWhere,
  GROUP,
  type Groups,
  percentile,
  seconds,
  sum,
  sumByGroup,
  usd,
  type WantedGroups,
} from './groups.ts';
import { callRows, errorRows, spentRows, type TimeRange, taskRows, usedRows, type Wanted } from './rows.ts';

/** Rows of each table that `obs summary` shows. */
const SHOWN = 5;
const DAY_MS = 86_400_000;

/**
 * The most called first; days in order.
 * @param wanted.daily also the requests of each day in each group
 * @throws SeedError invalid_input: too long a range to be told day by day
 */
export async function sumRequests(
  db: Db,
  by: RequestsBy,
  wanted: WantedGroups & { daily?: boolean },
): Promise<Groups<RequestReport['totals']>> {
  const days = wanted.daily ? daysWithin(wanted.range) : null;
  const report = await sumByGroup(db, by, wanted, {
    rows: callRows(wanted),
    measures: {
      requests: count,
      refused: countWhere(sql`refused`),
      failed: countWhere(sql`wrong and not refused`),
      medianMs: percentile(0.5),
      p95Ms: percentile(0.95),
    },
    greatest: 'requests',
  });
  if (days === null) return report;
  const groups = report.items.map(({ group }) => group);
  const counts = await requestsByDay(db, by, wanted, { groups, days });
  return { ...report, items: report.items.map((item) => ({ ...item, daily: counts.get(item.group) ?? [] })) };
}

function daysWithin(range: TimeRange): string[] {
  if (range.to.getTime() - range.from.getTime() <= LIMITS.reportDays * DAY_MS) return daysOf(range);
  throw new SeedError('invalid_input', `daily: a range of at most ${LIMITS.reportDays} days is told day by day`, {
    hint: 'Give a shorter one, such as --since 30d, or leave out daily.',
  });
}

/**
 * @param groups those to look at
 * @param days `2026-11-24`, in order
 * @returns for each group its requests, one number a day
 */
async function requestsByDay(
  db: Db,
  by: RequestsBy,
  wanted: Wanted,
  { groups, days }: { groups: readonly string[]; days: readonly string[] },
): Promise<Map<string, number[]>> {
  const counts = new Map(groups.map((group) => [group, days.map(() => 0)]));
  if (groups.length === 0) return counts;
  const { rows } = await sql<{ group: string; day: string; requests: number }>`
    select "group", day, count(*) as requests
    from (select ${GROUP[by]} as "group", ${GROUP.day} as day from (${callRows(wanted)}) as there) as grouped
    where "group" in (${sql.join(groups)})
    group by "group", day`.execute(db);
  for (const { group, day, requests } of rows) {
    const ofGroup = counts.get(group);
    if (ofGroup) ofGroup[days.indexOf(day)] = requests;
  }
  return counts;
}

/** Those with the most model calls first. Sandboxes are the model `(sandbox)`. */
export function sumUsage(db: Db, by: UsageBy, wanted: WantedGroups): Promise<Groups<UsageReport['totals']>> {
  return sumByGroup(db, by, wanted, {
    rows: usedRows(wanted),
    measures: {
      tasks: sum('tasks'),
      modelCalls: sum('model_calls'),
      inputTokens: sum('input_tokens'),
      outputTokens: sum('output_tokens'),
      cachedTokens: sum('cached_tokens'),
      reasoningTokens: sum('reasoning_tokens'),
      vcpuSeconds: seconds('vcpu_seconds'),
      gbSeconds: seconds('gb_seconds'),
    },
    greatest: 'modelCalls',
  });
}

/** The dearest first. Sandboxes are the model `(sandbox)`. */
export function sumCosts(db: Db, by: CostsBy, wanted: WantedGroups): Promise<Groups<CostReport['totals']>> {
  return sumByGroup(db, by, wanted, {
    rows: spentRows(wanted),
    measures: {
      total: usd('llm', 'compute'),
      llm: usd('llm'),
      compute: usd('compute'),
      modelCalls: sum('model_calls'),
      estimated: sum('estimated'),
      unpriced: sum('unpriced'),
      inputTokens: sum('input_tokens'),
      outputTokens: sum('output_tokens'),
      vcpuSeconds: seconds('vcpu_seconds'),
    },
    greatest: 'total',
  });
}

/** The most frequent first. Each error is in one group: without a command or a model it has a name in brackets. */
export function sumErrors(db: Db, by: ErrorsBy, wanted: WantedGroups): Promise<Groups<ErrorReport['totals']>> {
  return sumByGroup(db, by, wanted, {
    rows: errorRows(wanted),
    measures: {
      errors: count,
      refused: countWhere(sql`kind = 'refused'`),
      failed: countWhere(sql`kind = 'failed'`),
      modelCalls: countWhere(sql`kind = 'model call'`),
      tasks: countWhere(sql`kind = 'task'`),
      lastAt: sql<string | null>`to_char(max(at) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`,
    },
    greatest: 'errors',
  });
}

export type Sums = Omit<Summary, 'from' | 'to' | 'missingBefore'>;

/** All reports in short, as of one moment. */
export function summarise(db: Db, wanted: Wanted): Promise<Sums> {
  return db
    .transaction()
    .setIsolationLevel('repeatable read')
    .setAccessMode('read only')
    .execute(async (tx) => {
      const top = { ...wanted, limit: SHOWN };
      const requests = await sumRequests(tx, 'command', top);
      const usage = (await sumUsage(tx, 'key', { ...wanted, limit: 1 })).totals;
      const costs = await sumCosts(tx, 'key', top);
      const errors = await sumErrors(tx, 'code', top);
      const { total, llm, compute } = costs.totals;
      return {
        requests: {
          total: requests.totals.requests,
          refused: requests.totals.refused,
          failed: requests.totals.failed,
        },
        tasks: await countTasks(tx, wanted),
        modelCalls: { total: usage.modelCalls, failed: errors.totals.modelCalls },
        tokens: {
          input: usage.inputTokens,
          output: usage.outputTokens,
          cached: usage.cachedTokens,
          reasoning: usage.reasoningTokens,
        },
        sandboxes: { vcpuSeconds: usage.vcpuSeconds, gbSeconds: usage.gbSeconds },
        cost: { total, llm, compute },
        busiestCommands: requests.items.map(({ group, requests: called, refused, failed }) => {
          return { command: group, requests: called, refused, failed };
        }),
        dearestKeys: costs.items.map(({ group, name = null, total: cost, modelCalls }) => {
          return { key: group, name, cost, modelCalls };
        }),
        commonestErrors: errors.items.map(({ group, errors: times, lastAt }) => {
          return { code: group, errors: times, lastAt };
        }),
      };
    });
}

async function countTasks(db: Db, wanted: Wanted): Promise<Summary['tasks']> {
  const { rows } = await sql<{ status: TaskStatus; tasks: number }>`
    select status, count(*) as tasks from (${taskRows(wanted)}) as posted group by status`.execute(db);
  const tasksOf = (status: TaskStatus) => rows.find((row) => row.status === status)?.tasks ?? 0;
  const counts = TaskStatus.options.map((status) => [status, tasksOf(status)]);
  const byStatus: Record<TaskStatus, number> = Object.fromEntries(counts);
  return { total: rows.reduce((total, { tasks }) => total + tasks, 0), ...byStatus };
}
