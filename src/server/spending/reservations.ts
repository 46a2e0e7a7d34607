// Reservations: a row for each call of a model that is in flight, with what it may take where something bounds it.
// One is written before the call, and goes in the transaction that records the call. Its server keeps it alive
// (spending.ts); one that nobody keeps any more is settled by an estimate (model-calls.ts).
import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { storableText } from '../../db/storable.ts';
import type { Store } from '../../db/store.ts';
import type { Db, TaskRow, Tx } from '../../db/tables.ts';
import { notify } from '../../db/telling.ts';
import type { Topic } from '../../db/topics.ts';
import { approvalSettingOf } from '../../protocol/grant.ts';
import { SPEND_LIMIT_NAMES } from '../../protocol/key-limits.ts';
import { isTerminal } from '../../protocol/statuses.ts';
import { limitColumn } from '../access/keys.ts';
import { lineageOf, worstOf } from '../access/presented-key.ts';
import { boundsOfBatch, boundsOfKeys, boundsOfTasks } from './bounds.ts';
import { type Bound, type CallInFlight, decide, type Estimate, hasSpendLimit } from './budget.ts';
import { type AskForRaise, raiseOf } from './raise.ts';
import { lockAncestors, lockSpend } from './sums.ts';

/** Much longer than the time between two renewals. */
const RESERVATION_MS = 30_000;

/** A call before it is made. */
export interface PlannedCall {
  model: string;
  /** An estimate: its request will have been read, whatever comes of it. */
  inputTokens: number;
  atMost: Estimate;
  /** Whether it is known what the model costs. */
  priced: boolean;
}

interface NewReservation {
  id: string;
  taskId: string;
  billedKeyId: string;
  /** The task that calls and those above it, and the keys that its key descends from. */
  holders: string[];
  call: PlannedCall;
  /** Ids of the bounds whose limit it may go over. */
  overLimit: string[];
}

async function insertReservation(
  db: Db,
  { id, taskId, billedKeyId, holders, call, overLimit }: NewReservation,
  now: Date,
): Promise<void> {
  await db
    .insertInto('reservations')
    .values({
      id,
      task_id: taskId,
      created_at: now,
      expires_at: new Date(now.getTime() + RESERVATION_MS),
      billed_key_id: billedKeyId,
      holders,
      asked_model: storableText(call.model),
      input_tokens: call.inputTokens,
      tokens: call.atMost.tokens,
      nano_usd: call.atMost.nanoUsd,
      uncovered: overLimit,
    })
    .execute();
}

/**
 * The calls in flight that count for any of the holders, all of which have the same key that pays.
 * @param wanted.ofOthers or not all: tasks of one batch may have been started for several
 */
async function callsInFlight(
  tx: Tx,
  { billedKeyId, holders, ofOthers }: { billedKeyId: string; holders: readonly string[]; ofOthers: boolean },
): Promise<CallInFlight[]> {
  const inFlight = tx
    .selectFrom('reservations')
    .select(['holders', 'tokens', 'nano_usd', 'uncovered'])
    .where(sql<boolean>`holders && ${holders}::uuid[]`);
  const rows = await (ofOthers ? inFlight : inFlight.where('billed_key_id', '=', billedKeyId)).execute();
  return rows.map(({ holders, tokens, nano_usd, uncovered }) => ({
    holders,
    overLimit: uncovered,
    atMost: { tokens, nanoUsd: nano_usd, calls: 1 },
  }));
}

/**
 * In the transaction that records what the call took, or when it is not made; wakes the calls that wait for it.
 * @param lapsedAt only when it has lapsed by then
 * @returns false when nothing was there to release
 */
export async function releaseReservation(db: Db, id: string, lapsedAt?: Date): Promise<boolean> {
  let query = db.deleteFrom('reservations').where('id', '=', id);
  if (lapsedAt !== undefined) query = query.where('expires_at', '<=', lapsedAt);
  const released = await query.returning('billed_key_id').executeTakeFirst();
  if (released) await notify(db, topicOfCalls(released.billed_key_id));
  return released !== undefined;
}

/** Keeps those of the calls that this server makes. `outputTokens`: an estimate of what has come of its answer. */
export async function renewReservations(
  { db, clock }: Pick<Store, 'db' | 'clock'>,
  held: readonly { id: string; outputTokens: number }[],
): Promise<void> {
  if (held.length === 0) return;
  const expiresAt = new Date(clock.now().getTime() + RESERVATION_MS);
  await sql`
    update reservations set expires_at = ${expiresAt}, output_tokens = held.output_tokens
    from unnest(${held.map(({ id }) => id)}::uuid[], ${held.map(({ outputTokens }) => outputTokens)}::bigint[])
      as held (id, output_tokens)
    where reservations.id = held.id`.execute(db);
}

/** Notified when a call that had a reservation has ended. */
function topicOfCalls(billedKeyId: string): Topic {
  return `spend:${billedKeyId}`;
}

export type ReserveOutcome =
  | { kind: 'go'; reservation: string }
  /** Calls in flight may take what is left; the topic is notified when one of them has ended. */
  | { kind: 'wait'; topic: Topic }
  /** People are asked for more: the call can be made again when they have decided. */
  | { kind: 'asked'; why: string; approvalId: string }
  /** The task has been marked, and ends: no call of it is made any more. */
  | { kind: 'refused'; why: string }
  /** This bound is one of money, and nobody knows what the model costs. */
  | { kind: 'unpriced'; bound: Bound }
  /** The task has ended, or its key is worth nothing any more. */
  | { kind: 'ended' };

/** Of calls that come at once each sees those before: budgets are locked by their tasks, limits by keys' spend. */
export async function tryReserve(
  store: Pick<Store, 'db' | 'clock'>,
  taskId: string,
  call: PlannedCall,
  askForRaise: AskForRaise,
): Promise<ReserveOutcome> {
  const id = randomUUID();
  const unbounded = await billedKeyOfUnbounded(store.db, taskId);
  if (unbounded !== null) {
    const reservation = { id, taskId, billedKeyId: unbounded, holders: [taskId], call, overLimit: [] };
    await insertReservation(store.db, reservation, store.clock.now());
    return { kind: 'go', reservation: id };
  }
  return store.db.transaction().execute(async (tx): Promise<ReserveOutcome> => {
    const now = store.clock.now();
    const ancestors = await lockAncestors(tx, taskId);
    const task = ancestors.at(-1);
    if (!task || isTerminal(task.status)) return { kind: 'ended' };
    const lineage = await lineageOf(tx, task.key_id, now);
    if (worstOf(lineage) !== 'active') return { kind: 'ended' };
    const limited = lineage.filter(hasSpendLimit);
    const limitedIds = limited.map(({ id }) => id);
    await lockSpend(tx, limitedIds, now);
    const batch = await boundsOfBatch(tx, ancestors[0]?.batch_id ?? null);
    const bounds = [...boundsOfTasks(ancestors), ...batch.bounds, ...(await boundsOfKeys(tx, limited, now))];
    const money = call.priced ? undefined : bounds.find(({ unit }) => unit === 'nanoUsd');
    if (money) return { kind: 'unpriced', bound: money };
    const holders = [...[...ancestors, ...lineage].map(({ id }) => id), ...batch.ids];
    const billedKeyId = task.billed_key_id;
    const verdict = decide(
      bounds,
      call.atMost,
      await callsInFlight(tx, { billedKeyId, holders, ofOthers: batch.ids.length > 0 }),
    );
    if (verdict.kind === 'wait') return { kind: 'wait', topic: topicOfCalls(billedKeyId) };
    if (verdict.kind === 'refuse') {
      const why = `this task is out of budget: ${verdict.bound.says}`;
      const raise = batch.ids.includes(verdict.bound.holder) ? null : raiseOf(verdict.bound, now);
      const asks = approvalSettingOf([task, ...lineage])?.budget === 'ask';
      const approvalId =
        asks && raise ? await askForRaise(tx, { task, lineage, why: verdict.bound.says, raise }, now) : null;
      if (approvalId !== null) return { kind: 'asked', why, approvalId };
      await markOverspent(tx, task, why, now);
      return { kind: 'refused', why };
    }
    const { overLimit } = verdict;
    await insertReservation(tx, { id, taskId, billedKeyId, holders, call, overLimit }, now);
    return { kind: 'go', reservation: id };
  });
}

/** The key that pays for a task that nothing bounds, so that its calls take no lock; null for all others. */
async function billedKeyOfUnbounded(db: Db, taskId: string): Promise<string | null> {
  const limits = SPEND_LIMIT_NAMES.map((name) => sql.ref(limitColumn(name)));
  const { rows } = await sql<{ billed_key_id: string }>`
    with recursive task_ancestors as (
      select parent_task_id, budget, batch_id from tasks where id = ${taskId}
      union all
      select tasks.parent_task_id, tasks.budget, tasks.batch_id from task_ancestors join tasks on tasks.id = task_ancestors.parent_task_id
    ), key_ancestors as (
      select keys.* from keys where id = (select key_id from tasks where id = ${taskId})
      union all
      select keys.* from key_ancestors join keys on keys.id = key_ancestors.caller_key_id
    )
    select billed_key_id from tasks where id = ${taskId}
      and not exists (select from task_ancestors where budget is not null or batch_id is not null)
      and not exists (select from key_ancestors where coalesce(${sql.join(limits)}) is not null)`.execute(db);
  return rows[0]?.billed_key_id ?? null;
}

/** The first reason stays. */
async function markOverspent(tx: Tx, task: TaskRow, why: string, now: Date): Promise<void> {
  if (task.overspent_at !== null) return;
  await tx
    .updateTable('tasks')
    .set({ overspent_at: now, overspent: storableText(why) })
    .where('id', '=', task.id)
    .execute();
}
