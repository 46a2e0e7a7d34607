// Reports on one account in a span of time: requests, usage, costs, errors. Called by the commands `obs …`.
import { sql } from 'kysely';
import type { Db } from '../../../db/tables.ts';
import type {
  CostReport,
  CostsBy,
  ErrorReport,
  ErrorsBy,
  RequestReport,
  RequestsBy,
  UsageBy,
  UsageReport,
} from '../../../protocol/obs.ts';
import { count, countWhere, type Groups, percentile, seconds, sum, sumByGroup, usd } from './groups.ts';
import { callRows, errorRows, spentRows, usedRows, type Wanted } from './rows.ts';

export interface WantedGroups extends Wanted {
  limit: number;
}

/** The most called first; days in order. */
export function sumRequests(
  db: Db,
  by: RequestsBy,
  wanted: WantedGroups,
): Promise<Groups<RequestReport['totals']>> {
  return sumByGroup(db, wanted.accountId, {
    rows: callRows(wanted),
    by,
    measures: {
      requests: count,
      refused: countWhere(sql`refused`),
      failed: countWhere(sql`wrong and not refused`),
      medianMs: percentile(0.5),
      p95Ms: percentile(0.95),
    },
    greatest: 'requests',
    limit: wanted.limit,
  });
}

/** Those with the most model calls first. Sandboxes are the model `(sandbox)`. */
export function sumUsage(db: Db, by: UsageBy, wanted: WantedGroups): Promise<Groups<UsageReport['totals']>> {
  return sumByGroup(db, wanted.accountId, {
    rows: usedRows(wanted),
    by,
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
    limit: wanted.limit,
  });
}

/** The dearest first. Sandboxes are the model `(sandbox)`. */
export function sumCosts(db: Db, by: CostsBy, wanted: WantedGroups): Promise<Groups<CostReport['totals']>> {
  return sumByGroup(db, wanted.accountId, {
    rows: spentRows(wanted),
    by,
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
    limit: wanted.limit,
  });
}

/** The most frequent first. Each error stands in one group: what has no command or no model has a name in brackets. */
export function sumErrors(
  db: Db,
  by: ErrorsBy,
  wanted: WantedGroups,
): Promise<Groups<ErrorReport['totals']>> {
  return sumByGroup(db, wanted.accountId, {
    rows: errorRows(wanted),
    by,
    measures: {
      errors: count,
      refused: countWhere(sql`kind = 'refused'`),
      failed: countWhere(sql`kind = 'failed'`),
      modelCalls: countWhere(sql`kind = 'model call'`),
      tasks: countWhere(sql`kind = 'task'`),
      lastAt: sql<string | null>`to_char(max(at) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`,
    },
    greatest: 'errors',
    limit: wanted.limit,
  });
}
