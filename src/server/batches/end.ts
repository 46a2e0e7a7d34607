// A batch that goes no further, for now or for good, and who hears of it. Called where its rows are started, and
// where somebody pauses or stops it.
import { storableJson } from '../../db/storable.ts';
import type { Tx } from '../../db/tables.ts';
import { usdOf } from '../../lib/money.ts';
import type { BatchReason } from '../../protocol/batch.ts';
import { emitEvent } from '../webhooks/events.ts';
import { type BatchesRow, countsOf, unfinishedOf } from './rows.ts';

/** Rows that have a task go on; no other gets one until somebody resumes it. @param row locked, and running */
export async function pauseBatch(tx: Tx, row: BatchesRow, reason: BatchReason, now: Date): Promise<void> {
  const paused = await tx
    .updateTable('batches')
    .set({ status: 'paused', pause_reason: storableJson(reason), note: null, retry_at: null, updated_at: now })
    .where('id', '=', row.id)
    .where('status', '=', 'running')
    .returningAll()
    .executeTakeFirst();
  if (paused)
    await tell(tx, paused, { type: 'batch.paused', more: { code: reason.code, message: reason.message } }, now);
}

/** @param row locked. @returns it as it is then */
export async function endIfOver(tx: Tx, row: BatchesRow, now: Date): Promise<BatchesRow> {
  if (row.completed_at !== null || row.pending > 0 || unfinishedOf(row) > 0) return row;
  const status = row.status === 'stopping' ? 'stopped' : 'completed';
  const ended = await tx
    .updateTable('batches')
    .set({ status, pause_reason: null, note: null, retry_at: null, completed_at: now, updated_at: now })
    .where('id', '=', row.id)
    .returningAll()
    .executeTakeFirstOrThrow();
  await tell(tx, ended, { type: `batch.${status}`, more: {} }, now);
  return ended;
}

async function tell(
  tx: Tx,
  row: BatchesRow,
  { type, more }: { type: string; more: Record<string, unknown> },
  now: Date,
): Promise<void> {
  const { id, account_id: accountId, name, key_id: keyId, task } = row;
  const data = { batchId: id, name, keyId, counts: countsOf(row), usd: usdOf(row.used_nano_usd), ...more };
  await emitEvent(tx, { accountId, type, data, url: task.webhookUrl ?? null }, now);
}
