// Reservations: a row for each call of a model that is in flight, with what it may take where something bounds it.
// One is written before the call (reserve.ts), and goes in the transaction that records the call. Its server keeps
// it alive; one that nobody keeps any more is settled by an estimate (model-calls.ts).
import { sql } from 'kysely';
import { notify, type Topic } from '../../db/signals.ts';
import { storableText } from '../../db/storable.ts';
import type { Store } from '../../db/store.ts';
import type { Db, Tx } from '../../db/tables.ts';
import type { CallInFlight, Estimate } from './budget.ts';

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

export interface NewReservation {
  id: string;
  taskId: string;
  billedKeyId: string;
  /** The task that calls and those above it, and the keys that its key descends from. */
  holders: string[];
  call: PlannedCall;
  /** Ids of the bounds whose limit it may go over. */
  overLimit: string[];
}

export async function insertReservation(
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

/** The calls in flight that count for any of the holders, all of which have the same key that pays. */
export async function callsInFlight(
  tx: Tx,
  billedKeyId: string,
  holders: readonly string[],
): Promise<CallInFlight[]> {
  const rows = await tx
    .selectFrom('reservations')
    .select(['holders', 'tokens', 'nano_usd', 'uncovered'])
    .where('billed_key_id', '=', billedKeyId)
    .where(sql<boolean>`holders && ${holders}::uuid[]`)
    .execute();
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

export interface HeldCall {
  id: string;
  /** An estimate of what has come of its answer. */
  outputTokens: number;
}

/** Keeps those of the calls that this server makes. */
export async function renewReservations(
  { db, clock }: Pick<Store, 'db' | 'clock'>,
  held: readonly HeldCall[],
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
export function topicOfCalls(billedKeyId: string): Topic {
  return `spend:${billedKeyId}`;
}
