// What callers do with schedules: made, changed, paused, resumed, run now, deleted. A transaction each, which
// commands.ts says; due times are reckoned here, and seen to by plan.ts.
import type { Actor, Call } from '../../command/call.ts';
import { storableJson } from '../../db/storable.ts';
import type { Tx } from '../../db/tables.ts';
import { notify } from '../../db/telling.ts';
import { inTransaction } from '../../db/transaction.ts';
import { SeedError } from '../../protocol/errors.ts';
import {
  jitterMs,
  type Schedule,
  type ScheduleChanges,
  type ScheduleCreation,
  type ScheduleRun,
} from '../../protocol/schedule.ts';
import { SCHEDULE_LIMITS } from '../../protocol/schedule-limits.ts';
import { refuseHeldAccount } from '../access/held-account.ts';
import { authorityOf } from './authority.ts';
import { type DueTimes, dueTimes, jitterOf, upcoming } from './due-times.ts';
import { pauseSchedule } from './pause.ts';
import { lockSchedule, RUN_TASK, type ScheduleRow, shownSchedule, toRun } from './rows.ts';
import { checkedWork, type WantedWork, type Work, type WorkNeeds } from './work.ts';

/** @throws SeedError conflict: the name is taken, or there are too many; and what is wrong with the rest */
export async function create(call: Call, wanted: ScheduleCreation, needs: WorkNeeds): Promise<Schedule> {
  const { actor, store, creationId: id } = call;
  refuseTask(actor);
  const work = await checkedWork(actor, wanted, needs);
  const now = store.clock.now();
  const timing = { cron: wanted.cron ?? null, runAt: wanted.runAt ? new Date(wanted.runAt) : null };
  const times = checkedTimes({ ...wanted, ...timing }, now);
  refuseEndless(wanted.overlap, work);
  return inTransaction(store.db, async (tx) => {
    await refuseTooMany(tx, actor.accountId);
    await refuseTakenName(tx, actor.accountId, wanted.name, id);
    const row = await tx
      .insertInto('schedules')
      .values({
        id,
        account_id: actor.accountId,
        name: wanted.name,
        cron: timing.cron,
        run_at: timing.runAt,
        timezone: wanted.timezone,
        ...columnsOf(actor, work),
        overlap: wanted.overlap,
        catch_up: wanted.catchUp,
        jitter: wanted.jitter,
        max_failures: wanted.maxFailures,
        status: 'active',
        ...nextOf(times, { id, jitter: wanted.jitter }, now),
        created_at: now,
        updated_at: now,
      })
      .returningAll()
      .executeTakeFirstOrThrow();
    await notify(tx, 'schedules');
    return shownSchedule({ ...store, db: tx }, row);
  });
}

/** It has the authority of whoever changed it last. What is undefined stays as it is. */
export async function change(
  { actor, store }: Call,
  id: string,
  changes: ScheduleChanges,
  needs: WorkNeeds,
): Promise<Schedule> {
  refuseTask(actor);
  return inTransaction(store.db, async (tx) => {
    const row = await lockSchedule(tx, actor.accountId, id);
    if (Object.values(changes).every((value) => value === undefined))
      throw new SeedError('invalid_input', 'there is nothing to change', {
        hint: 'Give name, cron, task or another.',
      });
    const work = await checkedWork(actor, wantedOf(row, changes), needs);
    const timing = timingOf(row, changes);
    const jitter = changes.jitter ?? row.jitter;
    const overlap = changes.overlap ?? row.overlap;
    refuseEndless(overlap, work);
    const now = store.clock.now();
    const isTimed = [changes.cron, changes.runAt, changes.timezone, changes.jitter].some(
      (one) => one !== undefined,
    );
    const status = row.status === 'ended' && isTimed ? 'active' : row.status;
    const times = status === 'active' ? checkedTimes({ ...timing, jitter }, now) : null;
    if (changes.name !== undefined) await refuseTakenName(tx, actor.accountId, changes.name, id);
    const changed = await tx
      .updateTable('schedules')
      .set({
        name: changes.name,
        cron: timing.cron,
        run_at: timing.runAt,
        timezone: timing.timezone,
        ...columnsOf(actor, work),
        overlap,
        catch_up: changes.catchUp,
        jitter,
        max_failures: changes.maxFailures,
        status,
        ...(times && nextOf(times, { id, jitter }, now)),
        updated_at: now,
      })
      .where('id', '=', id)
      .returningAll()
      .executeTakeFirstOrThrow();
    await notify(tx, 'schedules');
    return shownSchedule({ ...store, db: tx }, changed);
  });
}

/** Nothing that came due meanwhile is made up for. It has the authority of whoever resumed it. */
export async function resume({ actor, store }: Call, id: string, needs: WorkNeeds): Promise<Schedule> {
  refuseTask(actor);
  return inTransaction(store.db, async (tx) => {
    const row = await lockSchedule(tx, actor.accountId, id);
    if (row.status !== 'paused') return shownSchedule({ ...store, db: tx }, row);
    const work = await checkedWork(actor, wantedOf(row, {}), needs);
    const now = store.clock.now();
    const times = checkedTimes(
      { cron: row.cron, runAt: row.run_at, timezone: row.timezone, jitter: row.jitter },
      now,
    );
    const resumed = await tx
      .updateTable('schedules')
      .set({
        ...columnsOf(actor, work),
        status: 'active',
        pause_reason: null,
        failures: 0,
        ...nextOf(times, row, now),
        updated_at: now,
      })
      .where('id', '=', id)
      .returningAll()
      .executeTakeFirstOrThrow();
    await notify(tx, 'schedules');
    return shownSchedule({ ...store, db: tx }, resumed);
  });
}

/** A task may do this much: nothing runs that would not have run. */
export async function pause({ actor, store }: Call, id: string): Promise<Schedule> {
  return inTransaction(store.db, async (tx) => {
    const row = await lockSchedule(tx, actor.accountId, id);
    const reason = { code: 'asked', message: `paused with the key "${actor.key.name}"` };
    if (row.status === 'active') await pauseSchedule(tx, row, reason, store.clock.now());
    const paused = await lockSchedule(tx, actor.accountId, id);
    return shownSchedule({ ...store, db: tx }, paused);
  });
}

/** Its runs go with it; tasks that they started go on. */
export async function remove({ actor, store }: Call, id: string): Promise<Schedule> {
  return inTransaction(store.db, async (tx) => {
    const row = await lockSchedule(tx, actor.accountId, id);
    await refuseHeldAccount(tx, actor.accountId);
    const schedule = await shownSchedule({ ...store, db: tx }, row);
    await tx.deleteFrom('schedules').where('id', '=', id).execute();
    return schedule;
  });
}

/** One run more, now, by the schedule's own rules and authority; of a paused one, too. */
export async function runNow({ actor, store, creationId }: Call, id: string): Promise<ScheduleRun> {
  refuseTask(actor);
  return inTransaction(store.db, async (tx) => {
    await lockSchedule(tx, actor.accountId, id);
    const now = store.clock.now();
    const latest = await tx
      .selectFrom('schedule_runs')
      .select('scheduled_for')
      .where('schedule_id', '=', id)
      .orderBy('scheduled_for', 'desc')
      .limit(1)
      .executeTakeFirst();
    const scheduled_for = new Date(Math.max(now.getTime(), (latest?.scheduled_for.getTime() ?? 0) + 1));
    const run = await tx
      .insertInto('schedule_runs')
      .values({
        id: creationId,
        schedule_id: id,
        account_id: actor.accountId,
        scheduled_for,
        manual: true,
        status: 'due',
        starts_at: now,
      })
      .returningAll()
      .executeTakeFirstOrThrow();
    await notify(tx, 'schedules');
    return toRun(run);
  });
}

/** What a task does ends with it, and a schedule would not. */
function refuseTask({ lineage }: Actor): void {
  if (lineage.length === 1) return;
  throw new SeedError(
    'not_allowed',
    'a task cannot make, change, resume or run schedules: they would outlive it',
    {
      hint: 'It may read, pause and delete them. Ask whoever started the task.',
    },
  );
}

function columnsOf(actor: Actor, work: Work) {
  return {
    key_id: actor.key.id,
    authority: storableJson(authorityOf(actor, work.scopes)),
    command: work.command,
    input: storableJson(work.input),
  };
}

function wantedOf(row: ScheduleRow, { task, command, input }: ScheduleChanges): WantedWork {
  if (task !== undefined || command !== undefined) return { task, command, input };
  if (row.command === RUN_TASK) return { task: row.input as never, input };
  return { command: row.command, input: input ?? row.input };
}

interface Timing {
  cron: string | null;
  runAt: Date | null;
  timezone: string;
}

function timingOf(row: ScheduleRow, { cron, runAt, timezone = row.timezone }: ScheduleChanges): Timing {
  if (cron === undefined && runAt === undefined) return { cron: row.cron, runAt: row.run_at, timezone };
  return { cron: cron ?? null, runAt: runAt === undefined ? null : new Date(runAt), timezone };
}

/** @throws SeedError invalid_input for times that are none, never come, or come closer together than the jitter */
function checkedTimes({ cron, runAt, timezone, jitter }: Timing & { jitter: string }, now: Date): DueTimes {
  if ((cron === null) === (runAt === null))
    throw new SeedError(
      'invalid_input',
      'a schedule has a cron pattern or runs once at runAt: give one of the two',
    );
  const times = dueTimes({ cron, runAt, timezone });
  if (runAt !== null && runAt <= now)
    throw new SeedError('invalid_input', `runAt: ${runAt.toISOString()} is in the past`, {
      hint: 'Give a time to come, or start the task now with `tasks run`.',
    });
  const spread = jitterMs(jitter) ?? 0;
  const next = spread === 0 ? [] : upcoming(times, now, 10);
  if (next.some((moment, index) => index > 0 && moment.getTime() - (next[index - 1]?.getTime() ?? 0) <= spread))
    throw new SeedError('invalid_input', 'jitter: it is due again before that time is over', {
      hint: 'Give a jitter shorter than the time between two due times.',
    });
  return times;
}

function refuseEndless(overlap: ScheduleRow['overlap'], { command }: Work): void {
  if (overlap !== 'stop' || command === RUN_TASK) return;
  throw new SeedError('invalid_input', 'overlap: a command under way cannot be stopped: give skip or queue');
}

/** @param after the moment behind which the next due time lies */
export function nextOf(times: DueTimes, { id, jitter }: Pick<ScheduleRow, 'id' | 'jitter'>, after: Date) {
  const next = times.after(after);
  const starts_at = next && new Date(next.getTime() + jitterOf(id, next, jitterMs(jitter) ?? 0));
  return { due_after: after, next_at: next, starts_at, tz_data: process.versions.tz ?? '' };
}

async function refuseTooMany(tx: Tx, accountId: string): Promise<void> {
  await tx.selectFrom('accounts').select('id').where('id', '=', accountId).forNoKeyUpdate().execute();
  const { count } = await tx
    .selectFrom('schedules')
    .select((row) => row.fn.countAll<number>().as('count'))
    .where('account_id', '=', accountId)
    .executeTakeFirstOrThrow();
  if (count < SCHEDULE_LIMITS.schedulesPerAccount) return;
  throw new SeedError(
    'conflict',
    `the account has ${SCHEDULE_LIMITS.schedulesPerAccount} schedules, and may not have more`,
    {
      hint: 'Delete one first.',
    },
  );
}

async function refuseTakenName(tx: Tx, accountId: string, name: string, id: string): Promise<void> {
  const taken = await tx
    .selectFrom('schedules')
    .select('id')
    .where('account_id', '=', accountId)
    .where('name', '=', name)
    .where('id', '<>', id)
    .executeTakeFirst();
  if (!taken) return;
  throw new SeedError('conflict', `there is a schedule "${name}" already: ${taken.id}`, {
    hint: 'Change that one, or give another name.',
  });
}
