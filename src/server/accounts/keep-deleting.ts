// Carries deletions of accounts out, in whatever server: one that dies leaves its work to another. Opened by the
// server.
import { type Selectable, sql } from 'kysely';
import { later } from '../../db/database-clock.ts';
import type { Store } from '../../db/store.ts';
import type { Tables } from '../../db/tables.ts';
import { statusIn } from '../../db/task-conditions.ts';
import type { Logger } from '../../lib/log.ts';
import { UNFINISHED } from '../../protocol/statuses.ts';
import type { KeptBlobs } from '../files/blobs.ts';
import { stopTask } from '../tasks/end.ts';
import { deleteRowsOf } from './delete-rows.ts';

/** A look even where nothing is told: whoever was at one may have died. */
const LOOK_EVERY_MS = 15_000;
/** A deletion whose server does not renew its claim for so long is taken up by another. */
const CLAIM_MS = 20_000;
const TASKS_AT_ONCE = 100;
/** So long requests that were let in may end, and runners may say what the tasks used that were stopped. */
const GRACE_MS = 5_000;
/** When it is looked again, after the end, for what calls have written that were under way in slow servers. */
const LOOKS_AFTER_MS = [600_000, 86_400_000];

interface DeletingNeeds {
  store: Store;
  blobs: Pick<KeptBlobs, 'removeOf'>;
  log: Logger;
}

type DeletionRow = Selectable<Tables['account_deletions']>;

/** The server stops: another goes on. */
class Stopped extends Error {}

export function keepDeleting(needs: DeletingNeeds): AsyncDisposable {
  const { store, log } = needs;
  let isStopped = false;
  let waking: NodeJS.Timeout | undefined;
  const loop = store.loops.every(
    { everyMs: LOOK_EVERY_MS, atOnce: true, name: 'delete accounts', log },
    async () => {
      for (let row = await claim(store); row !== null && !isStopped; row = await claim(store)) {
        const grace = await work(row, needs, () => isStopped);
        if (grace) waking = setTimeout(() => void loop.now(), GRACE_MS + 1).unref();
      }
    },
  );
  const hearing = store.signals.watch('accounts', () => void loop.now());
  return {
    async [Symbol.asyncDispose]() {
      isStopped = true;
      clearTimeout(waking);
      hearing[Symbol.dispose]();
      await loop.stop();
    },
  };
}

async function claim({ db, clock }: Store): Promise<DeletionRow | null> {
  const now = clock.now();
  const { rows } = await sql<DeletionRow>`
    update account_deletions set claimed_until = ${later(now, CLAIM_MS)} where account_id in (
      select account_id from account_deletions
      where look_at <= ${now} and (claimed_until is null or claimed_until <= ${now})
      order by look_at limit 1 for update skip locked
    ) returning *`.execute(db);
  return rows[0] ?? null;
}

/** Returns whether it goes on after the time of grace. */
async function work(row: DeletionRow, needs: DeletingNeeds, isStopped: () => boolean): Promise<boolean> {
  const { store, blobs, log } = needs;
  const { account_id: accountId } = row;
  const stopped = await stopTasks(store, accountId);
  const graceUntil = later(stopped > 0 ? store.clock.now() : row.requested_at, GRACE_MS);
  if (graceUntil > store.clock.now()) {
    await lookAgain(store, accountId, graceUntil);
    return true;
  }
  try {
    const rows = await deleteRowsOf(accountId, {
      store,
      blobs,
      async step(db, deleted) {
        if (isStopped()) throw new Stopped();
        await db
          .updateTable('account_deletions')
          .set((was) => ({
            rows: was('rows', '+', deleted.rows),
            blobs: was('blobs', '+', deleted.blobs),
            claimed_until: later(store.clock.now(), CLAIM_MS),
          }))
          .where('account_id', '=', accountId)
          .execute();
      },
    });
    await finish(store, row);
    log.info(
      { accountId, rows },
      row.completed_at === null ? 'an account is deleted' : 'looked for what was left',
    );
  } catch (error) {
    if (!(error instanceof Stopped)) throw error;
    await lookAgain(store, accountId, store.clock.now());
  }
  return false;
}

/** With an account that is being deleted no task begins any more: those that are left are the last. */
async function stopTasks(store: Store, accountId: string): Promise<number> {
  let stopped = 0;
  for (;;) {
    const { rows } = await sql<{ id: string }>`
      select id from tasks where account_id = ${accountId} and ${statusIn(UNFINISHED)} limit ${TASKS_AT_ONCE}
    `.execute(store.db);
    for (const { id } of rows) await stopTask(store, accountId, id);
    stopped += rows.length;
    if (rows.length < TASKS_AT_ONCE) return stopped;
  }
}

async function lookAgain({ db }: Store, accountId: string, at: Date): Promise<void> {
  await db
    .updateTable('account_deletions')
    .set({ look_at: at, claimed_until: null })
    .where('account_id', '=', accountId)
    .execute();
}

/** The account's own row is the last: while anything belongs to it the database does not let it go. */
async function finish({ db, clock }: Store, { account_id, completed_at }: DeletionRow): Promise<void> {
  await db.transaction().execute(async (tx) => {
    await tx.deleteFrom('accounts').where('id', '=', account_id).execute();
    const now = clock.now();
    const completed = completed_at ?? now;
    const next = LOOKS_AFTER_MS.map((ms) => later(completed, ms)).find((look) => look > now);
    await tx
      .updateTable('account_deletions')
      .set({ completed_at: completed, look_at: next ?? null, claimed_until: null })
      .where('account_id', '=', account_id)
      .execute();
  });
}
