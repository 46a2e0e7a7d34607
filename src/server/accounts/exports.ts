// Exports of accounts as rows: asked for, looked up, their parts read, and let go of. Called by the commands; the
// work is keep-exporting.ts's.
import { type Selectable, sql } from 'kysely';
import type { Call } from '../../command/call.ts';
import type { SentFile } from '../../command/define-command.ts';
import type { Store } from '../../db/store.ts';
import type { Db, Tables, Tx } from '../../db/tables.ts';
import { notify } from '../../db/telling.ts';
import { inTransaction } from '../../db/transaction.ts';
import { type AccountExport, EXPORT_LIMITS } from '../../protocol/account-export.ts';
import { SeedError } from '../../protocol/errors.ts';
import { noAccount } from '../access/accounts.ts';
import { taskOf } from '../access/lineage.ts';
import { type KeptBlobs, setUnusedSince } from '../files/blobs.ts';

export type ExportRow = Selectable<Tables['account_exports']>;
type Asked = Pick<Call, 'store' | 'actor'>;

/**
 * Of an account at most one is under way: whoever asks again is told of that one.
 * @throws SeedError not_found for another's account, not_allowed for an agent
 */
export function beginExport(
  { store, actor, creationId }: Asked & Pick<Call, 'creationId'>,
  accountId: string,
): Promise<AccountExport> {
  refuseOthers(actor, accountId);
  return inTransaction(store.db, async (tx) => {
    const account = await tx
      .selectFrom('accounts')
      .select('id')
      .where('id', '=', accountId)
      .where('deleting_since', 'is', null)
      .forNoKeyUpdate()
      .executeTakeFirst();
    if (!account) throw noAccount(accountId);
    const under = await exportsOf(tx, accountId).where('status', '=', 'running').executeTakeFirst();
    if (under) return toExport(under);
    const kept = await exportsOf(tx, accountId)
      .offset(EXPORT_LIMITS.exportsPerAccount - 1)
      .execute();
    for (const old of kept) await dropExport(tx, old, store.clock.now());
    const row = await tx
      .insertInto('account_exports')
      .values({
        id: creationId,
        account_id: accountId,
        key_id: actor.key.id,
        status: 'running',
        requested_at: store.clock.now(),
      })
      .returningAll()
      .executeTakeFirstOrThrow();
    await notify(tx, 'accounts');
    return toExport(row);
  });
}

/** @throws SeedError as `beginExport`, and not_found */
export async function findExport(asked: Asked, accountId: string, id: string): Promise<AccountExport> {
  return toExport(await exportRow(asked, accountId, id));
}

/** @throws SeedError as `findExport` */
export async function readPart(
  asked: Asked,
  { id, export: exportId, number }: { id: string; export: string; number: number },
  blobs: Pick<KeptBlobs, 'sent'>,
): Promise<SentFile> {
  const { parts } = await exportRow(asked, id, exportId);
  const part = parts[number - 1];
  if (!part)
    throw new SeedError('not_found', `the export has no part ${number}`, {
      hint: `It has ${parts.length} until now.`,
    });
  const { blobId, size, sha256 } = part;
  const name = `seed-${id}.tar.gz.${String(number).padStart(4, '0')}`;
  return blobs.sent({ name, size, sha256, type: 'application/octet-stream', blobId });
}

async function exportRow({ store, actor }: Asked, accountId: string, id: string): Promise<ExportRow> {
  refuseOthers(actor, accountId);
  const row = await exportsOf(store.db, accountId).where('id', '=', id).executeTakeFirst();
  if (row) return row;
  throw new SeedError('not_found', `the account has no export ${id}`, {
    hint: 'The newest five are kept, for a week. seed accounts export makes one.',
  });
}

/** An account is its own and the operator's; its agents see their own tasks only. */
function refuseOthers({ accountId, operator, lineage }: Call['actor'], id: string): void {
  if (id !== accountId && !operator) throw noAccount(id);
  if (taskOf(lineage) !== null)
    throw new SeedError('not_allowed', 'an agent cannot export the account that it works for');
}

/** The newest first. */
function exportsOf(db: Db, accountId: string) {
  return db
    .selectFrom('account_exports')
    .selectAll()
    .where('account_id', '=', accountId)
    .orderBy('requested_at', 'desc')
    .orderBy('id', 'desc');
}

/** Removes the row; its blobs go soon. */
async function dropExport(tx: Tx, row: ExportRow, now: Date): Promise<void> {
  await dropParts(tx, row, now);
  await tx.deleteFrom('account_exports').where('id', '=', row.id).execute();
}

export function dropParts(tx: Tx, { parts }: ExportRow, now: Date): Promise<void> {
  return setUnusedSince(
    tx,
    parts.map(({ blobId }) => blobId),
    now,
  );
}

const PRUNED_AT_ONCE = 20;

/** Removes those whose time is over. Several servers may at once: each takes others. */
export async function pruneExports({ db, clock }: Pick<Store, 'db' | 'clock'>): Promise<void> {
  for (let removed = PRUNED_AT_ONCE; removed === PRUNED_AT_ONCE; ) {
    removed = await db.transaction().execute(async (tx) => {
      const now = clock.now();
      const { rows } = await sql<ExportRow>`
        select * from account_exports where expires_at <= ${now}
        order by expires_at limit ${PRUNED_AT_ONCE} for update skip locked`.execute(tx);
      for (const row of rows) await dropExport(tx, row, now);
      return rows.length;
    });
  }
}

function toExport(row: ExportRow): AccountExport {
  return {
    id: row.id,
    accountId: row.account_id,
    keyId: row.key_id,
    status: row.status,
    asOf: row.as_of?.toISOString() ?? null,
    counts: row.counts,
    size: row.parts.reduce((sum, { size }) => sum + size, 0),
    parts: row.parts.map(({ size, sha256 }, index) => ({ number: index + 1, size, sha256 })),
    error: row.error,
    requestedAt: row.requested_at.toISOString(),
    completedAt: row.completed_at?.toISOString() ?? null,
    expiresAt: row.expires_at?.toISOString() ?? null,
  };
}
