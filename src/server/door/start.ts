// A start without a runner: the task is leased and its sandbox's id written down in one transaction; then it is
// created, and its guest started. Whoever finds a start that is not whole takes it up where it is, or undoes it.
import { sql } from 'kysely';
import { ADVISORY_LOCKS } from '../../db/advisory-locks.ts';
import { later } from '../../db/database-clock.ts';
import type { Store } from '../../db/store.ts';
import type { Logger } from '../../lib/log.ts';
import type { Prices } from '../../lib/money.ts';
import { seal } from '../../lib/seal.ts';
import { SeedError } from '../../protocol/errors.ts';
import { isTerminal } from '../../protocol/statuses.ts';
import { failedOutcome, publicReason } from '../../relay/outcome.ts';
import { mintKey } from '../access/keys.ts';
import { settleTask } from '../tasks/end.ts';
import { leaseNextTask } from '../tasks/lease.ts';
import { endStart } from './end.ts';
import type { DoorSandboxes } from './sandboxes.ts';
import { type Claimed, claimStart, countStarts, recordStart, releaseClaim, takeStep } from './starts.ts';

/** Stands for the runner of tasks that have none. */
export const DOOR_ID = 'd0080000-0000-4000-8000-000000000000';
/** A vendor that refuses, or is away, is asked again for so long. */
const PATIENCE_MS = 60_000;
const MIB = 1024 * 1024;

export interface StartNeeds {
  store: Store;
  sandboxes: DoorSandboxes;
  slots: number;
  /** Written on all sandboxes of this Seed. */
  owner: string;
  secretsKey: string;
  /** The one name that a sandbox reaches, and where its requests go. */
  forward: { name: string; url: string };
  prices: Prices;
  log: Logger;
}

/** What a task's key is sealed for. */
export const keyPlace = (taskId: string) => `door key ${taskId}`;

/**
 * Begins the task that has waited longest, if there is room for its sandbox. Never rejects for what the vendor
 * does: what did not come to its end is taken up later. @returns whether there was one
 */
export async function startNext(needs: StartNeeds): Promise<boolean> {
  const { store, slots, secretsKey, log } = needs;
  let secret = '';
  const leased = await leaseNextTask(store, {
    runnerId: DOOR_ID,
    mintKey() {
      const { secret: minted, ...stored } = mintKey();
      secret = minted;
      return stored;
    },
    keeper: {
      async hasRoom(tx) {
        await sql`select pg_advisory_xact_lock(${ADVISORY_LOCKS.doorSlots})`.execute(tx);
        return (await countStarts(tx)) < slots;
      },
      async keep(tx, { task, leaseId, deadline, waitMs }, now) {
        await recordStart(tx, {
          ...{ taskId: task.id, leaseId, now },
          // The vendor's names are unique within a project: what is asked for twice is there once.
          sandboxId: `seed-${task.id}`,
          sealedKey: seal(secret, secretsKey, keyPlace(task.id)),
          until: later(deadline, waitMs),
        });
      },
    },
  });
  if (leased === null) return false;
  log.info({ taskId: leased.task.id, deadline: leased.deadline }, 'a sandbox is started for a task');
  await goOnWith(leased.task.id, needs);
  return true;
}

/** Takes up a start where it is; does nothing where another process has it, or it is whole. Never rejects. */
export async function goOnWith(taskId: string, needs: StartNeeds): Promise<void> {
  const { store, log } = needs;
  const claimed = await claimStart(store, taskId);
  if (claimed === null) return;
  try {
    if (isOver(claimed)) await endStart(claimed, needs);
    else await takeSteps(claimed, needs);
  } catch (error) {
    log.warn({ err: error, taskId }, 'a sandbox could not be started; it is tried again');
    const waitedMs = claimed.now.getTime() - claimed.start.recorded_at.getTime();
    if (!isPassing(error) || waitedMs > PATIENCE_MS) {
      const why = publicReason((error as Error).message);
      await giveUp(claimed, `the sandbox did not start: ${why}`, needs);
    }
  } finally {
    await releaseClaim(store, claimed);
  }
}

/** Its task has ended, or has another lease. */
export function isOver({ start, task }: Pick<Claimed, 'start' | 'task'>): boolean {
  return isTerminal(task.status) || task.lease_id !== start.lease_id;
}

async function takeSteps(claimed: Claimed, needs: StartNeeds): Promise<void> {
  const { store, sandboxes, owner, forward } = needs;
  const { start, task } = claimed;
  const { sandbox_id: id } = start;
  let now: typeof start | null = start;
  if (now.step === 'recorded') {
    const { vcpus, memoryMb, diskMb, processes } = task.resources;
    const limits = { vcpus, memoryBytes: memoryMb * MIB, diskBytes: diskMb * MIB, processes };
    const asked = { owner, taskId: task.id, until: start.until, limits, forward };
    const { vendorId } = await sandboxes.create(id, asked);
    now = await takeStep(store, claimed, (at) => ({ step: 'created', vendor_id: vendorId, created_at: at }));
    // Whoever has it now finds the sandbox by its id; of a task that has ended meanwhile it is nobody's.
    if (now === null) return undoLost(claimed, needs);
  }
  if (now.step === 'created') {
    await sandboxes.startGuest(id, { door: `https://${forward.name}` });
    await takeStep(store, claimed, (at) => ({ step: 'started', started_at: at }));
  }
}

/** The claim lapsed while the vendor was asked: if the start is over by now, its sandbox came too late. */
async function undoLost({ start }: Claimed, { store, sandboxes }: StartNeeds): Promise<void> {
  const { step } = await store.db
    .selectFrom('door_starts')
    .select('step')
    .where('task_id', '=', start.task_id)
    .executeTakeFirstOrThrow();
  if (step === 'ended') await sandboxes.kill(start.sandbox_id);
}

/** Whether trying again can help. */
function isPassing(error: unknown): boolean {
  return !(error instanceof SeedError) || error.status >= 500 || error.status === 429;
}

/** Ends a task whose sandbox does not start, or has been lost. */
export async function giveUp(claimed: Claimed, message: string, needs: StartNeeds): Promise<void> {
  const { store, prices } = needs;
  const { start } = claimed;
  const outcome = failedOutcome(start.lease_id, 'sandbox_lost', message);
  await settleTask(store, start.task_id, { ...outcome, usage: null }, prices).catch((error: unknown) => {
    // It has ended otherwise.
    if (!(error instanceof SeedError && error.code === 'lease_lost')) throw error;
  });
  await endStart(claimed, needs);
}
