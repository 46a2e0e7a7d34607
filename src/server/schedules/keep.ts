// What goes on by itself, in every server: due times become runs, runs start, and what has ended is settled. It
// sleeps until something is due. Opened by the server.
import { sql } from 'kysely';
import type { Store } from '../../db/store.ts';
import { keepClaimedWork } from '../background/claimed-work.ts';
import type { RunAsNeeds } from '../background/unasked.ts';
import { claimRuns } from './claim.ts';
import { planDue, reckonAnew } from './plan.ts';
import type { RunRow } from './rows.ts';
import { anyStarted, settleEnded } from './settle.ts';
import { startRun } from './start.ts';

/** One server starts so many at a time. */
const STARTS_MOST = 8;

/** Owns the runs that it starts: a server that stops finishes them. */
export function keepSchedules(needs: RunAsNeeds): AsyncDisposable {
  const { store, log } = needs;
  let isReckoned = false;
  let hasStarted = false;
  let isStopped = false;
  const work = keepClaimedWork<RunRow>(needs, {
    name: 'see to a schedule',
    most: STARTS_MOST,
    async prepare() {
      if (!isReckoned) await reckonAnew(store);
      isReckoned = true;
      // Before those that have ended are looked for: of one that ends then it is heard.
      hasStarted = await anyStarted(store);
      await settleEnded(store);
      await planDue(store, log);
    },
    claim: (most, until) => claimRuns(store, most, until),
    renew: ({ id }, claimed_until) =>
      store.db
        .updateTable('schedule_runs')
        .set({ claimed_until })
        .where('id', '=', id)
        .where('status', 'in', ['due', 'starting'])
        .execute(),
    work: (run) => startRun(run, needs),
    idsOf: ({ id }) => ({ runId: id }),
    nextMoment: () => nextMoment(store),
  });
  const hearing = store.signals.watch('schedules', work.look);
  store.signals.watchEndings(() => {
    if (hasStarted && !isStopped) work.look();
  });
  return {
    async [Symbol.asyncDispose]() {
      isStopped = true;
      hearing[Symbol.dispose]();
      await work[Symbol.asyncDispose]();
    },
  };
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
