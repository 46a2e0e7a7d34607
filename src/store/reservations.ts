// Reservations: what calls of models that are under way may take. One is written before the call (reserve.ts), and goes
// in the transaction that records the call.
import { sql } from 'kysely';
import type { CallInFlight, Estimate } from '../core/budget.ts';
import { notify, type Topic } from './signals.ts';
import type { Store } from './store.ts';
import type { Db, Tx } from './tables.ts';

/** Much longer than the time between two renewals. */
const RESERVATION_MS = 30_000;

export interface NewReservation {
  id: string;
  billedKeyId: string;
  /** The task that calls and those above it, and the keys that its key descends from. */
  holders: string[];
  atMost: Estimate;
  uncovered: string[];
}

export async function insertReservation(
  tx: Tx,
  { id, billedKeyId, holders, atMost, uncovered }: NewReservation,
  now: Date,
): Promise<void> {
  await tx
    .insertInto('reservations')
    .values({
      id,
      expires_at: new Date(now.getTime() + RESERVATION_MS),
      billed_key_id: billedKeyId,
      holders,
      tokens: atMost.tokens,
      nano_usd: atMost.nanoUsd,
      uncovered,
    })
    .execute();
}

/** The calls under way that count for any of the holders, all of which have the same key that pays. */
export async function callsInFlight(
  tx: Tx,
  billedKeyId: string,
  holders: readonly string[],
  now: Date,
): Promise<CallInFlight[]> {
  const rows = await tx
    .selectFrom('reservations')
    .select(['holders', 'tokens', 'nano_usd', 'uncovered'])
    .where('billed_key_id', '=', billedKeyId)
    .where('expires_at', '>', now)
    .where(sql<boolean>`holders && ${holders}::uuid[]`)
    .execute();
  return rows.map(({ tokens, nano_usd, ...row }) => ({
    ...row,
    atMost: { tokens, nanoUsd: nano_usd, calls: 1 },
  }));
}

/** In the transaction that records what the call took, or when it is not made; wakes the calls that wait for it to end. */
export async function releaseReservation(db: Db, id: string): Promise<void> {
  const released = await db
    .deleteFrom('reservations')
    .where('id', '=', id)
    .returning('billed_key_id')
    .executeTakeFirst();
  if (released) await notify(db, topicOfCalls(released.billed_key_id));
}

/** Keeps those of the calls that this server makes, and removes what servers that were killed left. */
export async function renewReservations(
  { db, clock }: Pick<Store, 'db' | 'clock'>,
  ids: readonly string[],
): Promise<void> {
  const now = clock.now();
  if (ids.length > 0) {
    const expires_at = new Date(now.getTime() + RESERVATION_MS);
    await db.updateTable('reservations').set({ expires_at }).where('id', 'in', ids).execute();
  }
  await db.deleteFrom('reservations').where('expires_at', '<=', now).execute();
}

/** Notified when a call that had a reservation has ended. */
export function topicOfCalls(billedKeyId: string): Topic {
  return `spend:${billedKeyId}`;
}
