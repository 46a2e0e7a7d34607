// The rows that reports are about, by account, time and key, in one shape each. Used by the reports beside it.
import { type RawBuilder, sql } from 'kysely';
import { statusIn } from '../../../db/task-conditions.ts';
import { REFUSED_STATUSES } from '../../../protocol/audit.ts';
import { FAILED } from '../../../protocol/statuses.ts';

export interface TimeRange {
  from: Date;
  /** Not included. */
  to: Date;
}

export interface Wanted {
  accountId: string;
  range: TimeRange;
  /** Only what counts for this key. */
  keyId?: string | undefined;
}

export type Rows = RawBuilder<unknown>;

/** A range of the index by account and time; the partitions of other days are not looked at. */
function within({ accountId, range, keyId }: Wanted): Rows {
  const span = sql`account_id = ${accountId} and created_at >= ${range.from} and created_at < ${range.to}`;
  return keyId === undefined ? span : sql`${span} and billed_key_id = ${keyId}`;
}

/** Calls kept as one row count one by one. Of `generate_series` the planner would expect a thousand for each. */
const CALLS = sql`(
  select * from calls where times is null
  union all
  select calls.* from calls cross join lateral unnest(array_fill(1, array[times])) where times is not null
) as counted`;

export function callRows(wanted: Wanted): Rows {
  return sql`
    select created_at, billed_key_id, coalesce(task_id::text, '(no task)') as task, command, duration_ms,
      ${isRefused()} as refused, ${isWrong()} as wrong
    from ${CALLS} where ${within(wanted)}`;
}

/** What model calls and sandboxes used and cost. */
export function spentRows(wanted: Wanted): Rows {
  return sql`
    select created_at, billed_key_id, coalesce(task_id::text, '(no task)') as task, asked_model as model, 0 as tasks, 1 as model_calls,
      input_tokens, output_tokens, cached_tokens, reasoning_tokens, 0::float8 as vcpu_seconds, 0::float8 as gb_seconds,
      cost_nano_usd as llm, 0::bigint as compute,
      (cost_source = 'estimated')::int as estimated, coalesce(unpriced, cost_source = 'unknown')::int as unpriced
    from model_calls where ${within(wanted)}
    union all
    select created_at, billed_key_id, task_id::text, '(sandbox)', 0, 0, 0, 0, 0, 0, vcpu_seconds, gb_seconds, 0, cost_nano_usd, 0, 0
    from compute where ${within(wanted)}`;
}

/** The same, and the tasks themselves. */
export function usedRows(wanted: Wanted): Rows {
  return sql`${spentRows(wanted)}
    union all
    select created_at, billed_key_id, id::text, model, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 from tasks where ${within(wanted)}`;
}

export function taskRows(wanted: Wanted): Rows {
  return sql`select status from tasks where ${within(wanted)}`;
}

/** Calls of commands, calls of models and tasks that failed. */
export function errorRows(wanted: Wanted): Rows {
  return sql`
    select created_at, created_at as at, billed_key_id, coalesce(task_id::text, '(no task)') as task, command,
      '(command)' as model, coalesce(code, status::text, 'outcome_unknown') as code,
      case when ${isRefused()} then 'refused' else 'failed' end as kind
    from ${CALLS} where ${within(wanted)} and ${isWrong()}
    union all
    select created_at, created_at, billed_key_id, coalesce(task_id::text, '(no task)'), '(model call)', asked_model, outcome, 'model call'
    from model_calls where ${within(wanted)} and outcome not in ('ok', 'cancelled')
    union all
    select created_at, coalesce(completed_at, created_at), billed_key_id, id::text, '(task)', model,
      coalesce(error->>'code', status), 'task'
    from tasks where ${within(wanted)} and ${statusIn(FAILED)}`;
}

function isRefused(): Rows {
  return sql`status is not null and status in (${sql.join(REFUSED_STATUSES.map((status) => sql.lit(status)))})`;
}

/** Also where it is not known what came of the call. */
function isWrong(): Rows {
  return sql`coalesce(status >= 400, true)`;
}
