// Whether all that a guest has open waits for people: then its task waits, and its clock stands. Its calls come to
// any server, so that they are rows, each with the time by which whoever answers it is gone. A task that may not
// wait has none.
//
// A poll that has waited for a moment looks: where every call waits and none was at work in that moment, the task
// waits. The first call that works again, or comes, ends that, before it is answered.
import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { later, timeIn } from '../../db/database-clock.ts';
import type { Store } from '../../db/store.ts';
import type { Tx } from '../../db/tables.ts';
import { changeTasks } from '../../db/task-changes.ts';
import { type Logger, logFailure } from '../../lib/log.ts';
import type { CallWaits } from '../../relay/call-waits.ts';
import { becomeWaiting, workAgain } from '../tasks/waiting.ts';
import type { DoorTask } from './starts.ts';

/** Calls that are begun beside one that waits come within that time. */
const QUIET_MS = 2_000;
/** A poll that was answered is followed by the next one within that time. */
const NEXT_POLL_MS = 10_000;

interface WaitsNeeds {
  store: Store;
  log: Logger;
  /** How long what is answered here may take. */
  leftMs: number;
}

const NO_WAITS: CallWaits = {
  call: () => ({ waits: () => undefined, works: async () => undefined, end: () => undefined }),
  busy: () => () => undefined,
  isAsleep: () => false,
  willPollAgain: () => undefined,
};

/** Of one request. */
export function doorWaits({ store, log, leftMs }: WaitsNeeds, { taskId, leaseId, task }: DoorTask): CallWaits {
  if (task.wait_ms === 0) return NO_WAITS;
  const lease = { taskId, leaseId };
  const id = randomUUID();
  let pollsAgain = false;
  /** What is written, one after the other. */
  let last: Promise<unknown> = Promise.resolve();
  const write = (work: () => Promise<unknown>) => {
    last = last
      .then(work)
      .catch((error) => logFailure(log, error, 'could not note a call of a guest', { taskId }));
    return last;
  };

  /** @returns whether the task was said to wait by then */
  async function put(approvalId: string | null, forMs: number): Promise<boolean> {
    return store.db.transaction().execute(async (tx) => {
      // Held, too, by who looks whether all wait.
      await lockStart(tx);
      const now = await timeIn(store, tx);
      if (approvalId === null)
        await tx.updateTable('door_starts').set({ worked_at: now }).where('task_id', '=', taskId).execute();
      else {
        // This poll is that one's next.
        await tx
          .deleteFrom('door_calls')
          .where('task_id', '=', taskId)
          .where('approval_id', '=', approvalId)
          .where('id', '<>', id)
          .where('expires_at', '<=', later(now, NEXT_POLL_MS))
          .execute();
      }
      const expires_at = later(now, forMs);
      await tx
        .insertInto('door_calls')
        .values({ id, task_id: taskId, approval_id: approvalId, expires_at })
        .onConflict((conflict) => conflict.column('id').doUpdateSet({ approval_id: approvalId, expires_at }))
        .execute();
      const { status } = await tx
        .selectFrom('tasks')
        .select('status')
        .where('id', '=', taskId)
        .executeTakeFirstOrThrow();
      return status === 'waiting_for_approval';
    });
  }

  const lockStart = (tx: Tx) =>
    tx.selectFrom('door_starts').select('task_id').where('task_id', '=', taskId).forUpdate().execute();

  async function works(): Promise<void> {
    if (await put(null, leftMs)) await workAgain(store, lease);
  }

  /** The task waits if all of its calls do, and have for a moment. */
  async function look(): Promise<void> {
    await changeTasks(store, async (tx) => {
      await lockStart(tx);
      const now = await timeIn(store, tx);
      const { rows } = await sql<{ waits: boolean }>`
        select coalesce(worked_at < ${later(now, -QUIET_MS)}, true) and not exists (
            select 1 from door_calls where task_id = ${taskId} and approval_id is null and expires_at > ${now}
          ) as waits
        from door_starts where task_id = ${taskId}`.execute(tx);
      if (rows[0]?.waits) await becomeWaiting(store, tx, lease);
    });
  }

  return {
    call(poll) {
      let quiet: NodeJS.Timeout | undefined;
      const waitsFor = (approvalId: string) => {
        void write(() => put(approvalId, leftMs));
        quiet = setInterval(() => void write(look), QUIET_MS + 100);
      };
      if (poll !== undefined) waitsFor(poll);
      else void write(works);
      return {
        // Which approval it waits for is not asked here.
        waits: () => waitsFor(id),
        async works() {
          clearInterval(quiet);
          await write(works);
        },
        end() {
          clearInterval(quiet);
          if (pollsAgain) return;
          void write(() => store.db.deleteFrom('door_calls').where('id', '=', id).execute());
        },
      };
    },
    busy: () => () => undefined,
    // The guest is asked to poll again, so that no answer takes long.
    isAsleep: () => false,
    willPollAgain(approvalId) {
      pollsAgain = true;
      void write(() => put(approvalId, NEXT_POLL_MS));
    },
  };
}
