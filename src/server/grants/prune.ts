// Removes counts that nothing asks for any more, so that they do not grow with every task. Started by the server.
import { sql } from 'kysely';
import type { Store } from '../../db/store.ts';
import { statusIn } from '../../db/task-conditions.ts';
import type { Logger } from '../../lib/log.ts';
import { UNFINISHED } from '../../protocol/statuses.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Longer than any call takes, and than a day or a month lasts. */
const KEPT_DAYS = { reservation: 1, task: 2, day: 2, month: 40 };
const TOGETHER = 10_000;

/** Of a task as long as it runs, and as long as a key that it left behind could count on. */
export async function pruneCounts({ longRunning, clock }: Store): Promise<void> {
  const before = (days: number) => new Date(clock.now().getTime() - days * DAY_MS);
  const task = sql`substr(span, 6)::uuid`;
  const isOver = sql`case
    when span like 'day:%' then updated_at < ${before(KEPT_DAYS.day)}
    when span like 'month:%' then updated_at < ${before(KEPT_DAYS.month)}
    when span like 'task:%' then updated_at < ${before(KEPT_DAYS.task)}
      and not exists (select from tasks where id = ${task} and ${statusIn(UNFINISHED)})
      and not exists (
        select from keys join keys as lasting on lasting.limited_by_key_id = keys.id where keys.task_id = ${task}
      )
    else false end`;
  const least = Math.min(KEPT_DAYS.task, KEPT_DAYS.day);
  for (let deleted = TOGETHER; deleted === TOGETHER; ) {
    const result = await sql`
      delete from grant_counts where ctid in (
        select ctid from grant_counts where updated_at < ${before(least)} and ${isOver}
        order by updated_at limit ${TOGETHER} for update skip locked
      )`.execute(longRunning);
    deleted = Number(result.numAffectedRows ?? 0);
  }
  await longRunning
    .deleteFrom('grant_reservations')
    .where('created_at', '<', before(KEPT_DAYS.reservation))
    .execute();
}

export function keepCounts(store: Store, log: Logger): AsyncDisposable {
  return store.loops.every({ everyMs: HOUR_MS, name: 'prune what limits have counted', log, atOnce: true }, () =>
    pruneCounts(store),
  );
}
