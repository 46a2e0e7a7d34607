// Makes the archives that were asked for, in whatever server: of one that dies another begins anew. Opened by the
// server.
import { sql } from 'kysely';
import { later } from '../../db/database-clock.ts';
import type { Store } from '../../db/store.ts';
import { type Logger, logFailure } from '../../lib/log.ts';
import { EXPORT_LIMITS } from '../../protocol/account-export.ts';
import { failureOf, SeedError } from '../../protocol/errors.ts';
import type { KeptBlobs } from '../files/blobs.ts';
import type { Inbox } from '../http/inbox.ts';
import { type Progress, writeExport } from './export.ts';
import { dropParts, type ExportRow, pruneExports } from './exports.ts';

/** A look even where nothing is told: whoever was at one may have died. */
const LOOK_EVERY_MS = 15_000;
/** An export whose server does not renew its claim for so long is begun anew by another. */
const CLAIM_MS = 20_000;
const RENEW_EVERY_MS = 2_000;

interface ExportingNeeds {
  store: Store;
  blobs: Pick<KeptBlobs, 'keep' | 'read'>;
  inbox: Inbox;
  log: Logger;
}

/** The server stops, or the export is no longer this server's. */
class Given extends Error {}

/** One at a time: each keeps a connection and a snapshot of the database. */
export function keepExporting(needs: ExportingNeeds): AsyncDisposable {
  const { store, log } = needs;
  let isStopped = false;
  const loop = store.loops.every(
    { everyMs: LOOK_EVERY_MS, atOnce: true, name: 'export accounts', log },
    async () => {
      await pruneExports(store);
      for (let row = await claim(store); row !== null && !isStopped; row = await claim(store)) {
        await make(row, needs, () => isStopped);
      }
    },
  );
  const hearing = store.signals.watch('accounts', () => void loop.now());
  return {
    async [Symbol.asyncDispose]() {
      isStopped = true;
      hearing[Symbol.dispose]();
      await loop.stop();
    },
  };
}

/** What an earlier attempt has made goes: it was of another moment. */
async function claim({ db, clock }: Store): Promise<ExportRow | null> {
  return db.transaction().execute(async (tx) => {
    const now = clock.now();
    const { rows } = await sql<ExportRow>`
      select * from account_exports
      where status = 'running' and (claimed_until is null or claimed_until <= ${now})
      order by requested_at limit 1 for update skip locked`.execute(tx);
    const [row] = rows;
    if (!row) return null;
    await dropParts(tx, row, now);
    return tx
      .updateTable('account_exports')
      .set({ claimed_until: later(now, CLAIM_MS), attempts: row.attempts + 1, parts: '[]', counts: '{}' })
      .where('id', '=', row.id)
      .returningAll()
      .executeTakeFirstOrThrow();
  });
}

/** Never rejects: what failed is tried again, and told when it was often enough. */
async function make(row: ExportRow, needs: ExportingNeeds, isStopped: () => boolean): Promise<void> {
  const { store, log } = needs;
  let progress: Progress | null = null;
  let isLost = false;
  const renewing = setInterval(() => {
    change(store, row, { claimed_until: later(store.clock.now(), CLAIM_MS), ...columnsOf(progress) })
      .then((kept) => {
        isLost ||= !kept;
      })
      .catch(() => undefined);
  }, RENEW_EVERY_MS);
  try {
    await using delivery = needs.inbox.open();
    const made = await writeExport(row.account_id, {
      ...{ store, blobs: needs.blobs, delivery },
      progress(now) {
        progress = now;
        if (isLost || isStopped()) throw new Given();
      },
      takePart: (content) => keepPart(row, content, needs),
    });
    const now = store.clock.now();
    const expires_at = later(now, EXPORT_LIMITS.exportKeptMs);
    await change(store, row, { ...columnsOf(made), status: 'ready', completed_at: now, expires_at });
  } catch (error) {
    await fail(row, error, store).catch((err) => logFailure(log, err, 'a failed export could not be noted'));
    if (!(error instanceof Given)) logFailure(log, error, 'an export was cut off', { exportId: row.id });
  } finally {
    clearInterval(renewing);
  }
}

async function keepPart(row: ExportRow, content: AsyncIterable<Uint8Array>, needs: ExportingNeeds): Promise<void> {
  const { store, blobs, inbox } = needs;
  await using delivery = inbox.open();
  const received = await delivery.receive(content, EXPORT_LIMITS.exportPartBytes);
  const part = { name: 'part', type: 'application/octet-stream', content: received };
  await blobs.keep(row.id, [part], async ([kept], take) => {
    const { blobId = '', size = 0, sha256 = '' } = kept ?? {};
    await store.db.transaction().execute(async (tx) => {
      await take(tx);
      const { rows } = await sql<{ parts: number }>`
        update account_exports set parts = parts || ${JSON.stringify([{ blobId, size, sha256 }])}::jsonb
        where id = ${row.id} and attempts = ${row.attempts} and status = 'running'
        returning jsonb_array_length(parts) as parts`.execute(tx);
      const parts = rows[0]?.parts;
      if (parts === undefined) throw new SeedError('conflict', 'the export is no longer this server’s');
      if (parts > EXPORT_LIMITS.exportParts)
        throw new SeedError('body_too_large', `the archive has more than ${EXPORT_LIMITS.exportParts} parts`);
    });
  });
}

/** Whether the export is still this attempt's. */
async function change({ db }: Pick<Store, 'db'>, { id, attempts }: ExportRow, columns: object): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable('account_exports')
    .set(columns)
    .where('id', '=', id)
    .where('attempts', '=', attempts)
    .where('status', '=', 'running')
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}

function columnsOf(progress: Progress | null) {
  return progress && { as_of: progress.asOf, counts: JSON.stringify(progress.counts) };
}

async function fail(row: ExportRow, error: unknown, store: Store): Promise<void> {
  // A server that stops has not failed: the attempt does not count.
  if (error instanceof Given) {
    await change(store, row, { claimed_until: null, attempts: row.attempts - 1 });
    return;
  }
  const { code } = failureOf(error);
  const isLast = row.attempts >= EXPORT_LIMITS.exportAttempts || code === 'body_too_large';
  if (!isLast) return;
  const message = error instanceof SeedError ? error.message : 'it went wrong inside Seed';
  await store.db.transaction().execute(async (tx) => {
    const now = store.clock.now();
    const { rows } = await sql<ExportRow>`select * from account_exports where id = ${row.id} for update`.execute(
      tx,
    );
    if (rows[0]) await dropParts(tx, rows[0], now);
    await tx
      .updateTable('account_exports')
      .set({
        ...{ status: 'failed', error: JSON.stringify({ code, message }), parts: '[]', completed_at: now },
        expires_at: later(now, EXPORT_LIMITS.exportKeptMs),
      })
      .where('id', '=', row.id)
      .where('attempts', '=', row.attempts)
      .execute();
  });
}
