// The rows of calls in the background: kept, claimed, ended, read, deleted. Called by all of background/.
import { type Selectable, sql } from 'kysely';
import { later } from '../../db/database-clock.ts';
import type { Store } from '../../db/store.ts';
import type { Db, Tables } from '../../db/tables.ts';
import { notify } from '../../db/telling.ts';
import { parseExactly } from '../../lib/exact-json.ts';
import { seal, unseal } from '../../lib/seal.ts';
import { BACKGROUND_LIMITS, type BackgroundCall, type BackgroundError } from '../../protocol/background-call.ts';
import { SeedError } from '../../protocol/errors.ts';
import { GivenSecret } from '../../protocol/secret-text.ts';
import type { LaterCall } from '../http/respond-async.ts';
import { idempotencyMismatch } from '../ledger/idempotency.ts';
import { callHash, subjectOf } from '../ledger/repeat.ts';
import type { OwnCall } from './unasked.ts';

export type CallRow = Selectable<Tables['background_calls']>;

/** A call whose server does not renew its claim for so long is taken up by another. */
const CLAIM_MS = 10_000;

/**
 * @param claimed whether this server is to do it at once
 * @throws SeedError too_many_requests or idempotency_mismatch
 */
export async function keepCall(
  store: Store,
  { called, call, idempotencyKey }: LaterCall,
  { claimed, secretsKey }: { claimed: boolean; secretsKey: string },
): Promise<{ row: CallRow; isReplay: boolean }> {
  const { requestId: id, command, actor, input, given } = called;
  const request_hash = callHash(command.name, input);
  const secrets = { given, credential: call.platformCredential?.reveal() ?? null };
  return store.db.transaction().execute(async (tx) => {
    const earlier = idempotencyKey === undefined ? null : await sameRequest(tx, actor.key.id, idempotencyKey);
    if (earlier && earlier.request_hash !== request_hash) throw idempotencyMismatch();
    if (earlier) return { row: earlier, isReplay: true };
    await refuseTooMany(tx, actor.key.id);
    const now = store.clock.now();
    const row = await tx
      .insertInto('background_calls')
      .values({
        id,
        account_id: actor.accountId,
        key_id: actor.key.id,
        command: command.name,
        sealed_input: seal(JSON.stringify(secrets), secretsKey, `input of ${id}`),
        idempotency_key: idempotencyKey ?? null,
        request_hash,
        subject_id: subjectOf(command.name, input),
        status: 'running',
        requested_at: now,
        claimed_until: claimed ? later(now, CLAIM_MS) : null,
      })
      .returningAll()
      .executeTakeFirstOrThrow();
    if (!claimed) await notify(tx, 'background');
    return { row, isReplay: false };
  });
}

/** Twins wait for one another: the key's row is locked by each. */
async function sameRequest(db: Db, keyId: string, idempotencyKey: string): Promise<CallRow | undefined> {
  await db.selectFrom('keys').select('id').where('id', '=', keyId).forNoKeyUpdate().execute();
  return db
    .selectFrom('background_calls')
    .selectAll()
    .where('key_id', '=', keyId)
    .where('idempotency_key', '=', idempotencyKey)
    .executeTakeFirst();
}

async function refuseTooMany(db: Db, keyId: string): Promise<void> {
  const { count } = await db
    .selectFrom('background_calls')
    .select((row) => row.fn.countAll<number>().as('count'))
    .where('key_id', '=', keyId)
    .where('status', '=', 'running')
    .executeTakeFirstOrThrow();
  const most = BACKGROUND_LIMITS.backgroundCallsPerKey;
  if (count < most) return;
  throw new SeedError('too_many_requests', `the key has ${most} calls in the background, and may not have more`, {
    hint: 'Wait until one is over, or call without Prefer: respond-async.',
    retryAfterSeconds: 5,
  });
}

export async function claimCalls({ db, clock }: Store, most: number): Promise<CallRow[]> {
  if (most <= 0) return [];
  const now = clock.now();
  const { rows } = await sql<CallRow>`
    update background_calls set claimed_until = ${later(now, CLAIM_MS)} where id in (
      select id from background_calls where status = 'running' and (claimed_until is null or claimed_until <= ${now})
      order by requested_at limit ${most} for update skip locked
    ) returning *`.execute(db);
  return rows;
}

export async function renewCall({ db, clock }: Store, id: string): Promise<void> {
  const claimed_until = later(clock.now(), CLAIM_MS);
  await db
    .updateTable('background_calls')
    .set({ claimed_until })
    .where('id', '=', id)
    .where('status', '=', 'running')
    .execute();
}

/** @throws SeedError internal: another secrets key sealed it */
export function ownCallOf(row: CallRow, secretsKey: string): OwnCall {
  const { id, account_id: accountId, key_id: keyId, command } = row;
  const text = row.sealed_input && unseal(row.sealed_input, secretsKey, `input of ${id}`);
  if (!text) throw new SeedError('internal', 'the call was kept with another secrets key than this server has');
  const { given, credential } = parseExactly(text) as { given: unknown; credential: string | null };
  return {
    ...{ id, kind: 'background', accountId, keyId, command, given },
    idempotencyKey: row.idempotency_key ?? undefined,
    credential: credential === null ? undefined : GivenSecret.parse(credential),
  };
}

export type CallEnd =
  | { status: 'done'; httpStatus: number; result: object }
  | { status: 'failed' | 'unknown'; httpStatus: number | null; error: BackgroundError };

/** It ends once. */
export async function endCall(store: Store, { id }: CallRow, end: CallEnd, secretsKey: string): Promise<void> {
  await store.db.transaction().execute(async (tx) => {
    await tx
      .updateTable('background_calls')
      .set({
        status: end.status,
        http_status: end.httpStatus,
        sealed_input: null,
        sealed_result: 'result' in end ? seal(JSON.stringify(end.result), secretsKey, `result of ${id}`) : null,
        error: 'error' in end ? JSON.stringify(end.error) : null,
        completed_at: store.clock.now(),
        claimed_until: null,
      })
      .where('id', '=', id)
      .where('status', '=', 'running')
      .execute();
    await notify(tx, `background:${id}`);
  });
}

/** Null: there is none, or it is another key's. */
export async function findCall(db: Db, keyId: string, id: string): Promise<CallRow | null> {
  const row = await db
    .selectFrom('background_calls')
    .selectAll()
    .where('key_id', '=', keyId)
    .where('id', '=', id)
    .executeTakeFirst();
  return row ?? null;
}

export function toCall(row: CallRow, secretsKey: string): BackgroundCall {
  const result = row.sealed_result && unseal(row.sealed_result, secretsKey, `result of ${row.id}`);
  const keptUntil = row.completed_at && later(row.completed_at, BACKGROUND_LIMITS.backgroundKeptMs);
  return {
    id: row.id,
    command: row.command,
    status: row.status,
    httpStatus: row.http_status,
    result: result === null ? null : (parseExactly(result) as Record<string, unknown>),
    error: row.error,
    requestedAt: row.requested_at.toISOString(),
    completedAt: row.completed_at?.toISOString() ?? null,
    keptUntil: keptUntil?.toISOString() ?? null,
  };
}

const PRUNED_AT_ONCE = 1_000;

/** Several servers may at once: each takes others. */
export async function pruneCalls({ longRunning, clock }: Store): Promise<void> {
  const before = later(clock.now(), -BACKGROUND_LIMITS.backgroundKeptMs);
  for (let deleted = PRUNED_AT_ONCE; deleted === PRUNED_AT_ONCE; ) {
    const { numAffectedRows = 0n } = await sql`
      delete from background_calls where id in (
        select id from background_calls where completed_at < ${before} and not is_task_held(coalesce(subject_id, id), account_id) limit ${PRUNED_AT_ONCE} for update skip locked
      )`.execute(longRunning);
    deleted = Number(numAffectedRows);
  }
}
