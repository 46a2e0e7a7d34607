// The rows of starts: what is written down of each sandbox before, and after, it is asked for. A step is taken by
// who has claimed the row, and counts only while the claim is still its own.
import { randomUUID } from 'node:crypto';
import { type Selectable, sql } from 'kysely';
import { later, timeIn } from '../../db/database-clock.ts';
import type { Store } from '../../db/store.ts';
import type { Db, Tables, TaskRow, Tx } from '../../db/tables.ts';
import { statusIn } from '../../db/task-conditions.ts';
import { LEASED, UNFINISHED } from '../../protocol/statuses.ts';

export type Start = Selectable<Tables['door_starts']>;

/** Longer than any call to a vendor may take; whoever dies in one is followed after so long. */
const CLAIM_MS = 60_000;
/** Such a guest is at work all the time: it asks for messages again and again. */
export const SILENT_MS = 90_000;
/** From the start of a guest to its first call, with all that it loads. */
export const FIRST_CALL_MS = 120_000;

export async function recordStart(
  tx: Tx,
  start: { taskId: string; leaseId: string; sandboxId: string; sealedKey: Buffer; until: Date; now: Date },
): Promise<void> {
  await tx
    .insertInto('door_starts')
    .values({
      task_id: start.taskId,
      lease_id: start.leaseId,
      sandbox_id: start.sandboxId,
      sealed_key: start.sealedKey,
      until: start.until,
      recorded_at: start.now,
    })
    .execute();
}

/** How many sandboxes there are, or are about to be. */
export async function countStarts(tx: Db): Promise<number> {
  const { count } = await tx
    .selectFrom('door_starts')
    .select((row) => row.fn.countAll<number>().as('count'))
    .where('step', '<>', 'ended')
    .executeTakeFirstOrThrow();
  return Number(count);
}

export interface Claimed {
  start: Start;
  task: Pick<TaskRow, 'id' | 'status' | 'lease_id' | 'resources' | 'completed_at'>;
  claim: string;
  now: Date;
}

/** Null: it is over, another process has it, or there is none. */
export async function claimStart(store: Store, taskId: string): Promise<Claimed | null> {
  const claim = randomUUID();
  return store.db.transaction().execute(async (tx) => {
    const now = await timeIn(store, tx);
    const start = await tx
      .updateTable('door_starts')
      .set({ claimed_by: claim, claimed_until: later(now, CLAIM_MS) })
      .where('task_id', '=', taskId)
      .where('step', '<>', 'ended')
      .where((row) => row.or([row('claimed_until', 'is', null), row('claimed_until', '<=', now)]))
      .returningAll()
      .executeTakeFirst();
    if (!start) return null;
    const task = await tx
      .selectFrom('tasks')
      .select(['id', 'status', 'lease_id', 'resources', 'completed_at'])
      .where('id', '=', taskId)
      .executeTakeFirstOrThrow();
    return { start, task, claim, now };
  });
}

type Columns = Partial<
  Pick<Start, 'step' | 'vendor_id' | 'created_at' | 'started_at' | 'ended_at' | 'sealed_key'>
>;

/** Writes a step down and keeps the claim as long again. @returns null when the claim has passed to another */
export async function takeStep(
  store: Store,
  { start, claim }: Claimed,
  columnsAt: (now: Date) => Columns,
): Promise<Start | null> {
  return store.db.transaction().execute(async (tx) => {
    const now = await timeIn(store, tx);
    const row = await tx
      .updateTable('door_starts')
      .set({ ...columnsAt(now), claimed_until: later(now, CLAIM_MS) })
      .where('task_id', '=', start.task_id)
      .where('claimed_by', '=', claim)
      .where('step', '<>', 'ended')
      .returningAll()
      .executeTakeFirst();
    return row ?? null;
  });
}

export async function releaseClaim({ db }: Pick<Store, 'db'>, { start, claim }: Claimed): Promise<void> {
  await db
    .updateTable('door_starts')
    .set({ claimed_by: null, claimed_until: null })
    .where('task_id', '=', start.task_id)
    .where('claimed_by', '=', claim)
    .execute();
}

const AT_ONCE = 20;

/** Starts that somebody has to see to: not whole, silent, of tasks that have ended or may wait no longer. */
export async function startsToSeeTo(db: Db, now: Date): Promise<string[]> {
  const { rows } = await sql<{ task_id: string }>`
    select task_id from door_starts join tasks on tasks.id = task_id
    where step <> 'ended' and (claimed_until is null or claimed_until <= ${now})
      and (step <> 'started' or not ${statusIn(UNFINISHED)} or tasks.lease_id is distinct from door_starts.lease_id
        or heard_at < ${later(now, -SILENT_MS)} or (heard_at is null and door_starts.started_at < ${later(now, -FIRST_CALL_MS)})
        or waiting_since + make_interval(secs => greatest(0, wait_ms - waited_ms) / 1000.0) <= ${now})
    order by recorded_at limit ${AT_ONCE}`.execute(db);
  return rows.map(({ task_id }) => task_id);
}

/** A task whose guest has just called, with what decides over its calls. */
export interface DoorTask {
  taskId: string;
  leaseId: string;
  sealedKey: Buffer;
  task: Pick<TaskRow, 'status' | 'phase' | 'wait_ms' | 'files' | 'event_batch' | 'created_at' | 'completed_at'>;
}

/** How often it is written down that a guest was heard. */
const HEARD_EVERY_MS = 10_000;

interface Caller {
  vendorId: string;
  /** Of what the guest shows of itself. */
  guestHash: string;
  /** It asks for its start, and may be there for the first time. */
  starts: boolean;
}

/**
 * Null: no task that lives has a sandbox of this name, or it is not its guest that asks: the first that asked for
 * the start is the guest, and was there before the agent. Notes that it was heard.
 */
export async function hearGuest(store: Store, { vendorId, guestHash, starts }: Caller): Promise<DoorTask | null> {
  const now = store.clock.now();
  const found = await store.db
    .selectFrom('door_starts')
    .innerJoin('tasks', 'tasks.id', 'door_starts.task_id')
    .select(['task_id', 'door_starts.lease_id', 'sealed_key', 'heard_at', 'guest_hash', 'phase', 'status'])
    .select(['wait_ms', 'files', 'event_batch', 'tasks.created_at', 'tasks.completed_at'])
    .where('vendor_id', '=', vendorId)
    .where('step', '<>', 'ended')
    .whereRef('tasks.lease_id', '=', 'door_starts.lease_id')
    .where(statusIn(LEASED))
    .executeTakeFirst();
  if (!found || found.sealed_key === null) return null;
  const { task_id: taskId, lease_id: leaseId, sealed_key: sealedKey, heard_at, guest_hash, ...task } = found;
  if (guest_hash === null ? !starts : guest_hash !== guestHash) return null;
  if (heard_at === null || now.getTime() - heard_at.getTime() > HEARD_EVERY_MS) {
    const { numUpdatedRows } = await store.db
      .updateTable('door_starts')
      .set({ heard_at: now, guest_hash: guestHash })
      .where('task_id', '=', taskId)
      .where((row) => row.or([row('guest_hash', 'is', null), row('guest_hash', '=', guestHash)]))
      .executeTakeFirst();
    if (numUpdatedRows === 0n) return null;
  }
  return { taskId, leaseId, sealedKey, task };
}

/** Which of these sandboxes are to stay: of starts that are not over. */
export async function sandboxesInUse(db: Db, ids: readonly string[]): Promise<Set<string>> {
  if (ids.length === 0) return new Set();
  const rows = await db
    .selectFrom('door_starts')
    .select('sandbox_id')
    .where('sandbox_id', 'in', [...ids])
    .where('step', '<>', 'ended')
    .execute();
  return new Set(rows.map(({ sandbox_id }) => sandbox_id));
}
