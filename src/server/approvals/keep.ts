// What goes on by itself: approved calls are run, also those that a dead server left; what nobody decides in time
// expires; what is older than the ledger goes.
import { sql } from 'kysely';
import { later } from '../../db/database-clock.ts';
import type { Store } from '../../db/store.ts';
import type { ApprovalRow } from '../../db/tables.ts';
import type { Loop } from '../../lib/every.ts';
import { logFailure } from '../../lib/log.ts';
import { expireDue } from './end.ts';
import { type RunNeeds, runApproved } from './run.ts';

const LOOK_EVERY_MS = 1_000;
/** One server runs so many at a time. */
const RUNS_MOST = 8;
/** A call whose server does not renew its claim for so long is taken up by another. */
const CLAIM_MS = 10_000;
const RENEW_EVERY_MS = 3_000;
const PRUNE_EVERY_MS = 3_600_000;
const PRUNED_AT_ONCE = 1_000;
const DAY_MS = 86_400_000;

/** Owns what is being run; a server that stops finishes it. @param days null: they are kept for ever */
export function keepApprovals(needs: RunNeeds, days: number | null): AsyncDisposable {
  const { store, log } = needs;
  const running = new Set<Promise<void>>();
  const looking = store.loops.every({ everyMs: LOOK_EVERY_MS, name: 'see to approvals', log }, async () => {
    await expireDue(store, needs.tasks);
    for (const row of await claim(store, RUNS_MOST - running.size)) {
      const run = runClaimed(row, needs).finally(() => {
        running.delete(run);
        // What waited for its place.
        if (running.size === RUNS_MOST - 1) void looking.now();
      });
      running.add(run);
      store.loops.keep(run);
    }
  });
  const hearing = store.signals.watch('approvals', () => void looking.now());
  const pruning = days === null ? null : startPruning(needs, days);
  return {
    async [Symbol.asyncDispose]() {
      hearing[Symbol.dispose]();
      await pruning?.stop();
      await looking.stop();
      await Promise.all(running);
    },
  };
}

async function claim({ db, clock }: Store, most: number): Promise<ApprovalRow[]> {
  if (most <= 0) return [];
  const now = clock.now();
  const { rows } = await sql<ApprovalRow>`
    update approvals set claimed_until = ${later(now, CLAIM_MS)} where id in (
      select id from approvals where state = 'approved' and ran_at is null and kind = 'command'
        and (claimed_until is null or claimed_until <= ${now})
      order by decided_at limit ${most} for update skip locked
    ) returning *`.execute(db);
  return rows;
}

/** Never rejects: what fails lapses and is claimed again. */
async function runClaimed(row: ApprovalRow, needs: RunNeeds): Promise<void> {
  const { store, log } = needs;
  const renewing = setInterval(() => {
    const claimed_until = later(store.clock.now(), CLAIM_MS);
    const renewed = store.db.updateTable('approvals').set({ claimed_until }).where('id', '=', row.id);
    renewed
      .where('ran_at', 'is', null)
      .execute()
      .catch(() => {});
  }, RENEW_EVERY_MS);
  try {
    await runApproved(row, needs);
  } catch (error) {
    logFailure(log, error, 'could not run an approved call');
  } finally {
    clearInterval(renewing);
  }
}

function startPruning({ store, log }: RunNeeds, days: number): Loop {
  return store.loops.every(
    { everyMs: PRUNE_EVERY_MS, atOnce: true, name: 'delete old approvals', log },
    async () => {
      const before = new Date(store.clock.now().getTime() - days * DAY_MS);
      for (let deleted = PRUNED_AT_ONCE; deleted === PRUNED_AT_ONCE; ) {
        const { numAffectedRows = 0n } = await sql`
        delete from approvals where id in (
          select id from approvals where requested_at < ${before} and state <> 'pending'
            and not is_task_held(task_id, account_id)
          limit ${PRUNED_AT_ONCE} for update skip locked
        )`.execute(store.longRunning);
        deleted = Number(numAffectedRows);
      }
    },
  );
}
