// Starts a run: decides whether it may (overlap, authority), and calls what the schedule says as its key. A run
// goes from `due` to `starting` once, and from then on whoever takes it up makes the same call: its task has its
// id. Called by keep.ts, with runs that this server has claimed.
import { later } from '../../db/database-clock.ts';
import type { Tx } from '../../db/tables.ts';
import { SeedError } from '../../protocol/errors.ts';
import type { RunStatus, ScheduleReason } from '../../protocol/schedule.ts';
import { SCHEDULE_LIMITS } from '../../protocol/schedule-limits.ts';
import { isPassing, type RunAsNeeds, readyAsKey, runAsKey } from '../background/unasked.ts';
import { stopTask } from '../tasks/end.ts';
import { type Authority, narrowedIn } from './authority.ts';
import { endRuns, type RunEnd } from './pause.ts';
import { findLocked, RUN_TASK, type RunRow, type ScheduleRow } from './rows.ts';

/** What cannot be done now is tried again after 2 s, 4 s and so on. */
const RETRY_MS = 2_000;
const RETRY_MOST_MS = 60_000;

/** Said by the command, these speak against every run to come; said before it is called, every refusal does. */
const PAUSING: ReadonlySet<string> = new Set([
  ...['missing_scope', 'unknown_scope', 'unknown_model', 'model_not_allowed', 'credential_missing'],
]);

/** Rejects only when the database does not answer: the claim then lapses, and another server takes it up. */
export async function startRun(run: RunRow, needs: RunAsNeeds): Promise<void> {
  const decided = await decide(run, needs);
  if (decided === null) return;
  const { row, stops } = decided;
  for (const taskId of stops) await stopTask(needs.store, row.account_id, taskId);
  // A former attempt may have begun it without hearing of it.
  const isThere = row.command === RUN_TASK && (await hasTask(run, needs));
  try {
    if (!isThere) await callCommand(run, row, needs);
  } catch (error) {
    return failed(run, row, error, needs);
  }
  if (row.command === RUN_TASK) return begun(run, needs);
  await end(run, { status: 'succeeded', reason: null }, needs);
}

interface Decided {
  row: ScheduleRow;
  /** Tasks of earlier runs, which are to end first. */
  stops: string[];
}

/** Null: it does not start, or not now. The schedule is locked: two of its runs decide one after the other. */
async function decide(claimed: RunRow, { store }: RunAsNeeds): Promise<Decided | null> {
  return store.db.transaction().execute(async (tx) => {
    const row = await findLocked(tx, claimed.account_id, claimed.schedule_id);
    const run = await tx.selectFrom('schedule_runs').selectAll().where('id', '=', claimed.id).executeTakeFirst();
    if (!row || !run) return null;
    if (run.status === 'starting') return { row, stops: [] };
    if (run.status !== 'due') return null;
    const now = store.clock.now();
    const before = await underWay(tx, run);
    if (before.length > 0 && row.overlap !== 'stop') {
      await setAside(tx, run, await asideOf(tx, run, row), now);
      return null;
    }
    // What has no task yet cannot be stopped: it is looked at again in a moment.
    if (before.some(({ status }) => status === 'starting')) {
      const claimed_until = later(now, RETRY_MS);
      await tx.updateTable('schedule_runs').set({ claimed_until }).where('id', '=', run.id).execute();
      return null;
    }
    await tx
      .updateTable('schedule_runs')
      .set({ status: 'starting', started_at: now })
      .where('id', '=', run.id)
      .execute();
    return { row, stops: before.map(({ id }) => id) };
  });
}

/** Other runs of the schedule that are not over. */
function underWay(tx: Tx, run: RunRow): Promise<{ id: string; status: RunStatus }[]> {
  return tx
    .selectFrom('schedule_runs')
    .leftJoin('tasks', 'tasks.id', 'schedule_runs.id')
    .select(['schedule_runs.id', 'schedule_runs.status'])
    .where('schedule_runs.schedule_id', '=', run.schedule_id)
    .where('schedule_runs.id', '<>', run.id)
    .where((or) =>
      or.or([
        or('schedule_runs.status', '=', 'starting'),
        or.and([
          or('schedule_runs.status', '=', 'started'),
          or('tasks.id', 'is not', null),
          or('tasks.completed_at', 'is', null),
        ]),
      ]),
    )
    .execute();
}

interface Aside {
  status: 'waiting' | 'skipped';
  reason: ScheduleReason;
}

async function asideOf(tx: Tx, run: RunRow, { overlap }: ScheduleRow): Promise<Aside> {
  const message = 'the run before it was not over';
  if (overlap !== 'queue') return { status: 'skipped', reason: { code: 'overlap', message } };
  const waiting = await tx
    .selectFrom('schedule_runs')
    .select('id')
    .where('schedule_id', '=', run.schedule_id)
    .where('status', '=', 'waiting')
    .where('id', '<>', run.id)
    .executeTakeFirst();
  if (!waiting)
    return { status: 'waiting', reason: { code: 'overlap', message: 'it starts when the one before ends' } };
  return { status: 'skipped', reason: { code: 'overlap', message: 'another run waited already' } };
}

async function setAside(tx: Tx, run: RunRow, { status, reason }: Aside, now: Date): Promise<void> {
  await tx
    .updateTable('schedule_runs')
    .set({
      status,
      reason: JSON.stringify(reason),
      claimed_until: null,
      completed_at: status === 'skipped' ? now : null,
    })
    .where('id', '=', run.id)
    .execute();
}

async function hasTask({ id }: RunRow, { store }: RunAsNeeds): Promise<boolean> {
  return (await store.db.selectFrom('tasks').select('id').where('id', '=', id).executeTakeFirst()) !== undefined;
}

/** @throws Refused before anything is called; what the command throws */
async function callCommand(run: RunRow, row: ScheduleRow, needs: RunAsNeeds): Promise<void> {
  const { account_id: accountId, key_id: keyId, command, input: given } = row;
  const ready = await readyAsKey({ id: run.id, kind: 'schedule', accountId, keyId, command, given }, needs).catch(
    (error) => {
      throw error instanceof SeedError && error.status < 500 ? new Refused(error.code, error.message) : error;
    },
  );
  const narrowed = narrowedIn(row.authority as Authority, ready.called.actor);
  if (narrowed !== null)
    throw new Refused('authority_narrowed', `it would run with less than when it was made: ${narrowed}`);
  await runAsKey(ready, needs);
}

/** The schedule cannot go on as it is. */
class Refused extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** A task that somebody deletes is not missed: settle.ts ends its run. */
async function begun(run: RunRow, { store }: RunAsNeeds): Promise<void> {
  await store.db
    .updateTable('schedule_runs')
    .set({ status: 'started', is_task: true, reason: null, claimed_until: null })
    .where('id', '=', run.id)
    .where('status', '=', 'starting')
    .execute();
}

async function failed(run: RunRow, row: ScheduleRow, error: unknown, needs: RunAsNeeds): Promise<void> {
  const { store, log } = needs;
  const reason = reasonOf(error);
  const now = store.clock.now();
  if (isPassing(error) && now.getTime() - run.starts_at.getTime() < SCHEDULE_LIMITS.scheduleRetryMs) {
    const waitMs = Math.min(RETRY_MOST_MS, RETRY_MS * 2 ** Math.min(run.attempts, 10));
    await store.db
      .updateTable('schedule_runs')
      .set({ claimed_until: later(now, waitMs), reason: JSON.stringify(reason) })
      .where('id', '=', run.id)
      .where('status', '=', 'starting')
      .execute();
    return;
  }
  if (!(error instanceof SeedError || error instanceof Refused))
    log.error({ err: error, runId: run.id }, 'a run of a schedule failed');
  // It may have been kept although nobody was told so.
  if (row.command === RUN_TASK && (await hasTask(run, needs))) return begun(run, needs);
  const status = reason.code === 'outcome_unknown' ? 'unknown' : 'failed';
  await end(run, { status, reason, pauses: error instanceof Refused || PAUSING.has(reason.code) }, needs);
}

function reasonOf(error: unknown): ScheduleReason {
  if (error instanceof SeedError || error instanceof Refused) return { code: error.code, message: error.message };
  return { code: 'internal', message: 'something went wrong inside Seed' };
}

/** Ends the run with the schedule locked. */
async function end(run: RunRow, how: RunEnd, { store }: RunAsNeeds): Promise<void> {
  await store.db.transaction().execute(async (tx) => {
    const row = await findLocked(tx, run.account_id, run.schedule_id);
    if (row) await endRuns(tx, [{ row, run, end: how }], store.clock.now());
  });
}
