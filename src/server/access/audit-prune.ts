// Deletes what is older than the operator wants to keep of the audit log. The one way a row can ever leave it.
import { sql } from 'kysely';
import { ADVISORY_LOCKS } from '../../db/advisory-locks.ts';
import type { Store } from '../../db/store.ts';
import type { Tx } from '../../db/tables.ts';
import { insertAudit } from './audit.ts';

const BATCH = 5_000;

/** Deletes entries from before `before`, which the database refuses for younger ones than 30 days. Returns how many. */
export async function pruneAudit(store: Store, before: Date): Promise<number> {
  let total = 0;
  for (;;) {
    const deleted = await store.longRunning
      .transaction()
      .execute((tx) => pruneBatch(tx, before, store.clock.now()));
    total += deleted;
    if (deleted < BATCH) return total;
  }
}

async function pruneBatch(tx: Tx, before: Date, now: Date): Promise<number> {
  // One server at a time: granting the same thing at once fails.
  await sql`select pg_advisory_xact_lock(${ADVISORY_LOCKS.auditPrune})`.execute(tx);
  const oldest = await tx
    .selectFrom('audit')
    .select('id')
    .where('created_at', '<', before)
    .limit(1)
    .execute();
  if (oldest.length === 0) return 0;
  await sql`set local seed.prune_audit = 'on'`.execute(tx);
  await sql`grant delete on audit to current_user`.execute(tx);
  const { numAffectedRows } = await sql`
    delete from audit where id in (
      select id from audit where created_at < ${before} order by created_at limit ${BATCH}
    )`.execute(tx);
  await sql`revoke delete on audit from current_user`.execute(tx);
  const deleted = Number(numAffectedRows ?? 0n);
  await insertAudit(tx, [
    {
      at: now,
      accountId: null,
      keyId: null,
      taskId: null,
      sessionId: null,
      address: null,
      command: 'audit prune',
      target: before.toISOString(),
      status: 200,
      code: null,
      calls: deleted,
      requestId: null,
    },
  ]);
  return deleted;
}
