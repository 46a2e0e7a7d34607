// Starts the task of a row, as the batch's key: whoever takes the row up makes the same call, since its task has
// the id that was decided with the row, and a trigger lets no row start that is not pending. Called by keep.ts.
import { Readable } from 'node:stream';
import { later } from '../../db/database-clock.ts';
import { sqlStateOf } from '../../db/database-failure.ts';
import { storableJson, storableText } from '../../db/storable.ts';
import type { Tx } from '../../db/tables.ts';
import type { BatchReason } from '../../protocol/batch.ts';
import { BATCH_LIMITS } from '../../protocol/batch-limits.ts';
import { SeedError } from '../../protocol/errors.ts';
import type { ReceivedContent } from '../../protocol/file.ts';
import { isPassing, type RunAsNeeds, readyAsKey, runAsKey } from '../background/unasked.ts';
import type { Inbox } from '../http/inbox.ts';
import { type Authority, narrowedIn } from '../schedules/authority.ts';
import { RUN_TASK } from '../schedules/rows.ts';
import { pauseBatch } from './end.ts';
import { orderOfRow } from './fill.ts';
import { type BatchesRow, type InputRow, lockBatch } from './rows.ts';

export interface StartNeeds extends RunAsNeeds {
  /** Where the file of a row lies until its task has it. */
  inbox: Inbox;
}

/** What the agent finds of its row. */
const ROW_FILE = 'input.json';
const RETRY_MS = 2_000;
const RETRY_MOST_MS = 60_000;
/** What a trigger says of a row that is not to start: it was stopped, or its batch paused (migration 0068). */
const STARTS_NOT = 'SB001';

/** Said of one row, these speak against all to come. */
const PAUSING: ReadonlySet<string> = new Set([
  ...['missing_scope', 'unknown_scope', 'unknown_model', 'unpriced_model', 'model_not_allowed'],
  ...['credential_missing', 'invalid_schema'],
]);

/** @returns whether more rows may be started now. Rejects only when the database does not answer */
export async function startRow(batch: BatchesRow, row: InputRow, needs: StartNeeds): Promise<boolean> {
  try {
    await callCommand(batch, row, needs);
    return true;
  } catch (error) {
    // It may have been kept although nobody was told so.
    if (await hasTask(row, needs)) return true;
    if (error instanceof Refused) return pausedFor(batch, error, needs);
    if (sqlStateOf(error) === STARTS_NOT) return false;
    if (!(error instanceof SeedError)) {
      needs.log.error({ err: error, batchId: batch.id, row: row.number }, 'a row of a batch could not be started');
      return waits(batch, { message: 'something went wrong inside Seed' }, needs);
    }
    if (PAUSING.has(error.code)) return pausedFor(batch, error, needs);
    if (isPassing(error) || error.code === 'spend_limit_reached') return waits(batch, error, needs);
    return failed(batch, row, error, needs);
  }
}

/** The batch cannot go on as it is. */
class Refused extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** @throws Refused before anything is called; what the command throws */
async function callCommand(batch: BatchesRow, row: InputRow, needs: StartNeeds): Promise<void> {
  await using delivery = needs.inbox.open();
  const content = batch.attach ? await delivery.receive(fileOf(row), 2 * BATCH_LIMITS.batchRowBytes) : null;
  const own = {
    id: row.task_id,
    kind: 'batch',
    accountId: batch.account_id,
    keyId: batch.key_id,
    command: RUN_TASK,
    given: givenTo(batch, row, content),
    batchRow: { batchId: batch.id, number: row.number },
  };
  const ready = await readyAsKey(own, needs).catch((error) => {
    throw error instanceof SeedError && error.status < 500 ? new Refused(error.code, error.message) : error;
  });
  const narrowed = narrowedIn(batch.authority as Authority, ready.called.actor);
  if (narrowed !== null)
    throw new Refused('authority_narrowed', `it would go on with less than when it was made: ${narrowed}`);
  await runAsKey(ready, needs);
}

const fileOf = ({ input }: InputRow) => Readable.from([Buffer.from(`${JSON.stringify(input, null, 2)}\n`)]);

function givenTo({ task, fills }: BatchesRow, { input }: InputRow, content: ReceivedContent | null) {
  const files = content === null ? {} : { files: [{ name: ROW_FILE, content, type: 'application/json' }] };
  return { ...task, ...orderOfRow(task, fills, input), ...files };
}

async function hasTask({ task_id }: InputRow, { store }: StartNeeds): Promise<boolean> {
  const found = store.db.selectFrom('tasks').select('id').where('id', '=', task_id);
  return (await found.executeTakeFirst()) !== undefined;
}

/** Tried again after 2 s, 4 s and so on, or when it was said to help. */
async function waits(
  { id, retry_at, updated_at }: BatchesRow,
  { message, retryAfterSeconds }: { message: string; retryAfterSeconds?: number | null },
  { store }: StartNeeds,
): Promise<false> {
  const now = store.clock.now();
  const before = retry_at === null ? 0 : retry_at.getTime() - updated_at.getTime();
  const waitMs = Math.min(RETRY_MOST_MS, Math.max(RETRY_MS, 2 * before, (retryAfterSeconds ?? 0) * 1_000));
  await store.db
    .updateTable('batches')
    .set({ note: storableText(message), retry_at: later(now, waitMs), updated_at: now })
    .where('id', '=', id)
    .where('status', '=', 'running')
    .execute();
  return false;
}

async function pausedFor(batch: BatchesRow, { code, message }: BatchReason, needs: StartNeeds): Promise<false> {
  await withRunning(batch, needs, (tx, row, now) => pauseBatch(tx, row, { code, message }, now));
  return false;
}

/** This row alone; where many in a row are refused, the next ones would be, too. */
async function failed(batch: BatchesRow, row: InputRow, error: SeedError, needs: StartNeeds): Promise<boolean> {
  const { code, message } = error;
  return withRunning(batch, needs, async (tx, locked, now) => {
    const ended = await tx
      .updateTable('batch_rows')
      .set({ status: 'failed', error: storableJson({ code, message }) })
      .where('batch_id', '=', row.batch_id)
      .where('number', '=', row.number)
      .where('task_id', '=', row.task_id)
      .where('status', '=', 'pending')
      .returning('number')
      .executeTakeFirst();
    if (!ended) return;
    const refusals = locked.refusals + 1;
    await tx
      .updateTable('batches')
      .set({ pending: locked.pending - 1, failed: locked.failed + 1, refusals, updated_at: now })
      .where('id', '=', locked.id)
      .execute();
    if (refusals < BATCH_LIMITS.batchRefusals) return;
    await pauseBatch(
      tx,
      locked,
      { code, message: `${refusals} rows in a row could not be started: ${message}` },
      now,
    );
  });
}

/** @returns whether it still went on. @param change is given the batch, locked */
async function withRunning(
  { account_id, id }: BatchesRow,
  { store }: StartNeeds,
  change: (tx: Tx, row: BatchesRow, now: Date) => Promise<void>,
): Promise<boolean> {
  return store.db.transaction().execute(async (tx) => {
    const row = await lockBatch(tx, account_id, id);
    if (row.status !== 'running') return false;
    await change(tx, row, store.clock.now());
    return true;
  });
}
