// What goes on by itself, in every server: due times become runs, runs start, and what has ended is settled. It
// sleeps until something is due. Opened by the server.
import { sql } from 'kysely';
import { later } from '../../db/database-clock.ts';
import type { Store } from '../../db/store.ts';
import { logFailure } from '../../lib/log.ts';
import { SCHEDULE_LIMITS } from '../../protocol/schedule-limits.ts';
import type { RunAsNeeds } from '../background/unasked.ts';
import { planDue, reckonAnew } from './plan.ts';
import type { RunRow } from './rows.ts';
import { anyStarted, settleEnded } from './settle.ts';
import { startRun } from './start.ts';

/** A look even where nothing is known to be due: whoever knew may have died. */
const LOOK_EVERY_MS = 20_000;
/** One server starts so many at a time. */
const STARTS_MOST = 8;
/** A run whose server does not renew its claim for so long is taken up by another. */
const CLAIM_MS = 10_000;
const RENEW_EVERY_MS = 3_000;

export interface Schedules extends AsyncDisposable {
  /** Sees to all that is due now; resolves when what it has begun is over. */
  now(): Promise<void>;
}

/** Owns the runs that it starts: a server that stops finishes them. */
export function keepSchedules(needs: RunAsNeeds): Schedules {
  const { store, log } = needs;
  const starting = new Set<Promise<void>>();
  let waking: NodeJS.Timeout | undefined;
  let isReckoned = false;
  let hasStarted = false;
  let isStopped = false;
  const looking = store.loops.every(
    { everyMs: LOOK_EVERY_MS, atOnce: true, name: 'see to schedules', log },
    async () => {
      if (!isReckoned) await reckonAnew(store);
      isReckoned = true;
      await settleEnded(store);
      await planDue(store, log);
      for (const run of await claim(store, STARTS_MOST - starting.size)) {
        const start = startClaimed(run, needs).finally(() => {
          starting.delete(start);
          if (!isStopped) void looking.now();
        });
        starting.add(start);
        store.loops.keep(start);
      }
      hasStarted = await anyStarted(store);
      wakeAt(await nextMoment(store));
    },
  );
  function wakeAt(moment: Date | null): void {
    clearTimeout(waking);
    if (moment === null || isStopped) return;
    const waitMs = Math.max(0, moment.getTime() - store.clock.now().getTime());
    if (waitMs < LOOK_EVERY_MS) waking = setTimeout(() => void looking.now(), waitMs + 1).unref();
  }
  const hearing = store.signals.watch('schedules', () => void looking.now());
  store.signals.watchEndings(() => {
    if (hasStarted && !isStopped) void looking.now();
  });
  return {
    async now() {
      await looking.now();
      while (starting.size > 0) {
        await Promise.all(starting);
        await looking.now();
      }
    },
    async [Symbol.asyncDispose]() {
      isStopped = true;
      clearTimeout(waking);
      hearing[Symbol.dispose]();
      await looking.stop();
      await Promise.all(starting);
    },
  };
}

/** In turn by account, so that a thousand of one account do not keep another's from starting. */
async function claim({ db, clock }: Store, most: number): Promise<RunRow[]> {
  if (most <= 0) return [];
  const now = clock.now();
  const isFree = sql`(claimed_until is null or claimed_until <= ${now})`;
  const { rows } = await sql<RunRow>`
    update schedule_runs set claimed_until = ${later(now, CLAIM_MS)}, attempts = attempts + 1
    where ${isFree} and status in ('due', 'starting') and id in (
      select id from (
        select id, starts_at, row_number() over (partition by account_id order by starts_at) as place, (
          select count(*) from schedule_runs as begun where begun.account_id = due.account_id
            and (status = 'started' or status in ('due', 'starting') and claimed_until > ${now})
        ) as begun
        from schedule_runs as due
        where status in ('due', 'starting') and starts_at <= ${now} and ${isFree}
      ) as due
      where begun + place <= ${SCHEDULE_LIMITS.scheduledTasksPerAccount} order by place, starts_at limit ${most}
    ) returning *`.execute(db);
  return rows;
}

/** Never rejects: what fails lapses and is claimed again. */
async function startClaimed(run: RunRow, needs: RunAsNeeds): Promise<void> {
  const { store, log } = needs;
  const renewing = setInterval(() => {
    const claimed_until = later(store.clock.now(), CLAIM_MS);
    store.db
      .updateTable('schedule_runs')
      .set({ claimed_until })
      .where('id', '=', run.id)
      .where('status', 'in', ['due', 'starting'])
      .execute()
      .catch(() => {});
  }, RENEW_EVERY_MS);
  try {
    await startRun(run, needs);
  } catch (error) {
    logFailure(log, error, 'could not start a run of a schedule', { runId: run.id });
  } finally {
    clearInterval(renewing);
  }
}

/** When something is due next, or tried again. */
async function nextMoment({ db, clock }: Store): Promise<Date | null> {
  const { rows } = await sql<{ moment: Date | null }>`
    select least(
      (select min(starts_at) from schedules where starts_at is not null),
      (select min(greatest(starts_at, claimed_until)) from schedule_runs where status in ('due', 'starting')
        and claimed_until > ${clock.now()})
    ) as moment`.execute(db);
  return rows[0]?.moment ?? null;
}
