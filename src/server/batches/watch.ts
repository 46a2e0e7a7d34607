// A batch as it changes, until it has ended: for whoever watches it. Called by commands.ts.
import { setTimeout as wait } from 'node:timers/promises';
import type { StreamItem } from '../../command/define-command.ts';
import type { Db } from '../../db/tables.ts';
import type { Batch } from '../../protocol/batch.ts';
import { findBatch, toBatch } from './rows.ts';

/** One row of the database is read so often for each that watches. */
const LOOK_EVERY_MS = 1_000;

/** First as it is, and then whenever something of it is another than before. */
export async function* watchBatch(
  db: Db,
  { accountId, id }: { accountId: string; id: string },
  signal: AbortSignal,
): AsyncIterable<StreamItem<Batch>> {
  let before = '';
  for (let seq = 1; ; ) {
    const batch = toBatch(await findBatch(db, accountId, id));
    const text = JSON.stringify(batch);
    if (text !== before) yield { id: seq++, item: batch };
    before = text;
    if (batch.completedAt !== null || signal.aborted) return;
    await wait(LOOK_EVERY_MS, undefined, { signal }).catch(() => {});
    if (signal.aborted) return;
  }
}
