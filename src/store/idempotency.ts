// Requests that may be repeated: who works on one, and what it was answered. Called by server/idempotency/.
import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { notify } from './signals.ts';
import type { Store } from './store.ts';
import type { Tx } from './tables.ts';

export interface Repeatable {
  keyId: string;
  idempotencyKey: string;
  /** Of command and input. */
  requestHash: string;
}

export type Claim =
  /** The caller is to do the work, and to make what it makes with this id. */
  | { state: 'mine'; creationId: string }
  /** Another request is at it. */
  | { state: 'working' }
  | { state: 'answered'; answer: Buffer }
  /** The Idempotency-Key belongs to another request. */
  | { state: 'taken' };

const KEPT_MS = 24 * 3_600_000;
/** What nobody has renewed for so long is taken over. */
const WORKING_MS = 30_000;
/** Rows too old that a claim deletes on its way: more than it adds. */
const PRUNED = 100;

export async function claimRequest(store: Store, request: Repeatable): Promise<Claim> {
  return store.db.transaction().execute(async (tx) => {
    const now = store.clock.now();
    await prune(tx, request, new Date(now.getTime() - KEPT_MS));
    const creationId = randomUUID();
    const made = await tx
      .insertInto('idempotency')
      .values({
        key_id: request.keyId,
        idempotency_key: request.idempotencyKey,
        created_at: now,
        request_hash: request.requestHash,
        creation_id: creationId,
        working_until: new Date(now.getTime() + WORKING_MS),
      })
      .onConflict((conflict) => conflict.columns(['key_id', 'idempotency_key']).doNothing())
      .returning('creation_id')
      .executeTakeFirst();
    if (made) return { state: 'mine', creationId };
    const row = await ofRequest(tx.selectFrom('idempotency').selectAll(), request)
      .forUpdate()
      .executeTakeFirst();
    // It failed just now and is gone: whoever asks again finds a free place.
    if (!row) return { state: 'working' };
    if (row.request_hash !== request.requestHash) return { state: 'taken' };
    if (row.answer !== null) return { state: 'answered', answer: row.answer };
    if (row.working_until > now) return { state: 'working' };
    await renew(tx, request, now);
    return { state: 'mine', creationId: row.creation_id };
  });
}

/** To be called more often than every 30 s as long as the work goes on. */
export async function renewClaim(store: Store, request: Repeatable): Promise<void> {
  await store.db.transaction().execute((tx) => renew(tx, request, store.clock.now()));
}

export async function saveAnswer(store: Store, request: Repeatable, answer: Buffer): Promise<void> {
  await store.db.transaction().execute(async (tx) => {
    await ofRequest(tx.updateTable('idempotency').set({ answer }), request).execute();
    await notify(tx, `idempotency:${request.keyId}`);
  });
}

/** After a failure, which is not kept: the next attempt starts afresh. */
export async function forgetRequest(store: Store, request: Repeatable): Promise<void> {
  await store.db.transaction().execute(async (tx) => {
    await ofRequest(tx.deleteFrom('idempotency').where('answer', 'is', null), request).execute();
    await notify(tx, `idempotency:${request.keyId}`);
  });
}

async function renew(tx: Tx, request: Repeatable, now: Date): Promise<void> {
  const working_until = new Date(now.getTime() + WORKING_MS);
  await ofRequest(tx.updateTable('idempotency').set({ working_until }), request).execute();
}

async function prune(tx: Tx, request: Repeatable, before: Date): Promise<void> {
  await ofRequest(tx.deleteFrom('idempotency').where('created_at', '<', before), request).execute();
  await sql`
    delete from idempotency where ctid in (
      select ctid from idempotency where created_at < ${before} order by created_at limit ${PRUNED} for update skip locked
    )`.execute(tx);
}

interface Filtered<Query> {
  where(column: 'key_id' | 'idempotency_key', operator: '=', value: string): Query;
}

function ofRequest<Query extends Filtered<Query>>(query: Query, request: Repeatable): Query {
  return query.where('key_id', '=', request.keyId).where('idempotency_key', '=', request.idempotencyKey);
}
