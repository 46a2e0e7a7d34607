// Requests that may be repeated: who works on one, and what it was answered. A command that does its work in one
// transaction keeps the answer in it, under a lock that its twins cannot get: the answer is there exactly when the
// work is done. All others claim the request first. A claim is forgotten only when certainly nothing was done;
// otherwise it lapses, and who takes it over works with the same creation id.
import { type Selectable, sql } from 'kysely';
import { ADVISORY_LOCKS } from '../../db/advisory-locks.ts';
import type { Store } from '../../db/store.ts';
import type { Tables, Tx } from '../../db/tables.ts';
import { notify } from '../../db/telling.ts';
import { SeedError } from '../../protocol/errors.ts';

export interface Repeatable {
  keyId: string;
  idempotencyKey: string;
  /** Of command and input. */
  requestHash: string;
  /** What it is about, such as a task: its answer is forgotten with that. Null: nothing that it names. */
  subjectId: string | null;
}

/** What became of the request before. */
export type Earlier =
  /** Another request is at it. */
  | { state: 'working' }
  | { state: 'answered'; answer: Buffer }
  /** It waits for a person, or is answered by what came of the approval. */
  | { state: 'asked'; approvalId: string }
  /** It was answered, and the answer was forgotten with the task that it told of. */
  | { state: 'forgotten' }
  /** The Idempotency-Key belongs to another request. */
  | { state: 'taken' };

export type Claim =
  | Earlier
  /** Somebody set out to do the work and nobody is at it: it may have been done. */
  | { state: 'left'; creationId: string }
  /** The caller is to do the work. */
  | Claimed;

export interface Claimed {
  state: 'mine';
  /** The id of what the work makes, and of the first claimer's row in `calls`, whose time is `at`. */
  creationId: string;
  at: Date;
  /** Nobody has set out before. */
  isFirst: boolean;
}

const KEPT_MS = 24 * 3_600_000;
/** What nobody has renewed for so long is taken over. */
const WORKING_MS = 30_000;
/** Rows too old that a claim deletes on its way: more than it adds. */
const PRUNED = 100;

/**
 * @param id the creation id of a new claim
 * @param takesOver whether a claim that was left is claimed anew: the work does nothing twice with the same id
 */
export async function claimRequest(
  tx: Tx,
  request: Repeatable,
  { id, now, takesOver }: { id: string; now: Date; takesOver: boolean },
): Promise<Claim> {
  await prune(tx, request, new Date(now.getTime() - KEPT_MS));
  const made = await tx
    .insertInto('idempotency')
    .values({ ...newRow(request, id, now), working_until: new Date(now.getTime() + WORKING_MS) })
    .onConflict((conflict) => conflict.columns(['key_id', 'idempotency_key']).doNothing())
    .returning('creation_id')
    .executeTakeFirst();
  if (made) return { state: 'mine', creationId: id, at: now, isFirst: true };
  const row = await ofRequest(tx.selectFrom('idempotency').selectAll(), request).forUpdate().executeTakeFirst();
  // It was refused just now and is gone: whoever asks again finds a free place.
  if (!row) return { state: 'working' };
  const earlier = earlierOf(row, request, now);
  if (earlier !== null) return earlier;
  if (!takesOver) return { state: 'left', creationId: row.creation_id };
  await ofRequest(
    tx.updateTable('idempotency').set((column) => ({
      working_until: new Date(now.getTime() + WORKING_MS),
      attempts: column('attempts', '+', 1),
    })),
    request,
  ).execute();
  return { state: 'mine', creationId: row.creation_id, at: row.created_at, isFirst: false };
}

/** For work in one transaction, until whose end no twin gets as far as this. Null: the work is to be done. */
export async function enterRequest(tx: Tx, request: Repeatable, now: Date): Promise<Earlier | null> {
  const earlier = async () => {
    const row = await ofRequest(tx.selectFrom('idempotency').selectAll(), request)
      .where('created_at', '>=', new Date(now.getTime() - KEPT_MS))
      .executeTakeFirst();
    return row ? earlierOf(row, request, now) : null;
  };
  // Without the lock, for which those who ask for the same answer would be in each other's way.
  const answered = await earlier();
  if (answered !== null) return answered;
  const { rows } = await sql<{ alone: boolean }>`
    select pg_try_advisory_xact_lock(
      ${ADVISORY_LOCKS.idempotentRequest}, hashtext(${`${request.keyId} ${request.idempotencyKey}`})
    ) as alone`.execute(tx);
  if (!rows[0]?.alone) return { state: 'working' };
  const meanwhile = await earlier();
  if (meanwhile === null) await prune(tx, request, new Date(now.getTime() - KEPT_MS));
  return meanwhile;
}

/** In the transaction of `enterRequest`. @throws SeedError idempotency_mismatch: another command took the key */
export async function keepAnswer(
  tx: Tx,
  request: Repeatable,
  { id, now, answer }: { id: string; now: Date; answer: Buffer },
): Promise<void> {
  const { numInsertedOrUpdatedRows } = await tx
    .insertInto('idempotency')
    .values({ ...newRow(request, id, now), working_until: now, answer })
    .onConflict((conflict) =>
      conflict
        .columns(['key_id', 'idempotency_key'])
        .doUpdateSet({ answer })
        .where('idempotency.request_hash', '=', request.requestHash),
    )
    .executeTakeFirstOrThrow();
  if (numInsertedOrUpdatedRows === 0n) throw idempotencyMismatch();
  await notify(tx, `idempotency:${request.keyId}`);
}

/** To be called more often than every 30 s as long as the work on a claim goes on. */
export async function renewClaim({ db, clock }: Store, request: Repeatable): Promise<void> {
  const working_until = new Date(clock.now().getTime() + WORKING_MS);
  await ofRequest(db.updateTable('idempotency').set({ working_until }), request).execute();
}

/** Keeps what the work on a claim was answered. The first answer stays. */
export async function saveAnswer(tx: Tx, request: Repeatable, answer: Buffer): Promise<void> {
  await ofRequest(tx.updateTable('idempotency').set({ answer }), request).where('answer', 'is', null).execute();
  await notify(tx, `idempotency:${request.keyId}`);
}

/** When certainly nothing was done: the next attempt starts afresh. A claim that was taken over stays. */
export async function forgetClaim(tx: Tx, request: Repeatable, { creationId }: Claimed): Promise<void> {
  await ofRequest(tx.deleteFrom('idempotency'), request)
    .where('creation_id', '=', creationId)
    .where('attempts', '=', 1)
    .where('answer', 'is', null)
    .execute();
  await notify(tx, `idempotency:${request.keyId}`);
}

/** When nobody is at the work any more and it may have been done. */
export async function leaveClaim(tx: Tx, request: Repeatable, now: Date): Promise<void> {
  await ofRequest(tx.updateTable('idempotency').set({ working_until: now }), request).execute();
  await notify(tx, `idempotency:${request.keyId}`);
}

/**
 * In the transaction that asks a person about the request: its repeats are answered by the approval.
 * @returns the approval that it waits for, which is another one where a twin was sooner
 * @throws SeedError idempotency_mismatch or idempotency_in_progress
 */
export async function keepAsked(
  tx: Tx,
  request: Repeatable,
  { approvalId, now }: { approvalId: string; now: Date },
): Promise<string> {
  await prune(tx, request, new Date(now.getTime() - KEPT_MS));
  const row = { ...newRow(request, approvalId, now), working_until: now, approval_id: approvalId };
  const { numInsertedOrUpdatedRows } = await tx
    .insertInto('idempotency')
    .values(row)
    .onConflict((conflict) => conflict.columns(['key_id', 'idempotency_key']).doNothing())
    .executeTakeFirstOrThrow();
  await notify(tx, `idempotency:${request.keyId}`);
  if (numInsertedOrUpdatedRows === 1n) return approvalId;
  const twin = await ofRequest(tx.selectFrom('idempotency').selectAll(), request).executeTakeFirst();
  if (twin?.request_hash !== request.requestHash) throw idempotencyMismatch();
  if (twin.approval_id !== null) return twin.approval_id;
  throw new SeedError('idempotency_in_progress', 'the first request with this Idempotency-Key still runs', {
    hint: 'Send it again later.',
  });
}

export function idempotencyMismatch(): SeedError {
  return new SeedError('idempotency_mismatch', 'this Idempotency-Key was used for another request', {
    hint: 'Use a new one for every new request, such as a random UUID.',
  });
}

type Known = Pick<Selectable<Tables['idempotency']>, 'request_hash' | 'answer' | 'working_until' | 'approval_id'>;

function newRow({ keyId, idempotencyKey, requestHash, subjectId }: Repeatable, id: string, now: Date) {
  const ids = { key_id: keyId, idempotency_key: idempotencyKey, creation_id: id, subject_id: subjectId };
  return { ...ids, request_hash: requestHash, created_at: now };
}

/** Null: nobody is at it, and it was not answered. */
function earlierOf(row: Known, { requestHash }: Repeatable, now: Date): Earlier | null {
  if (row.answer?.length === 0) return { state: 'forgotten' };
  if (row.request_hash !== requestHash) return { state: 'taken' };
  if (row.answer !== null) return { state: 'answered', answer: row.answer };
  if (row.approval_id !== null) return { state: 'asked', approvalId: row.approval_id };
  return row.working_until > now ? { state: 'working' } : null;
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
