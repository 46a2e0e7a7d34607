// What the door does at nobody's request: takes up starts that are not whole, ends sandboxes of tasks that have
// ended and tasks whose sandboxes have, lets clocks go on that may stand no longer, and sweeps what is
// nobody's.
import { timeIn } from '../../db/database-clock.ts';
import { logFailure } from '../../lib/log.ts';
import { workAgain } from '../tasks/waiting.ts';
import { DOOR_ID, giveUp, goOnWith, isOver, type StartNeeds, startNext } from './start.ts';
import {
  type Claimed,
  claimStart,
  FIRST_CALL_MS,
  releaseClaim,
  SILENT_MS,
  sandboxesInUse,
  startsToSeeTo,
} from './starts.ts';

const LOOK_EVERY_MS = 1_000;
const SWEEP_EVERY_MS = 60_000;
/** A sandbox whose guest is silent for so long is given up although the vendor says that it runs. */
const DEAD_MS = 180_000;

const LOST = 'the sandbox ended before its agent did';
const SILENT = 'the agent in the sandbox is silent';

/** Works until it is disposed of. */
export function keepDoor(needs: StartNeeds): AsyncDisposable {
  const { store, log } = needs;
  const { loops } = store;
  const looking = loops.every({ everyMs: LOOK_EVERY_MS, name: 'see to sandboxes', log, atOnce: true }, () =>
    seeToStarts(needs),
  );
  const sweeping = loops.every({ everyMs: SWEEP_EVERY_MS, name: 'sweep sandboxes', log, atOnce: true }, () =>
    sweepSandboxes(needs),
  );
  const later = (work: Promise<unknown>, what: string) =>
    loops.keep(work.catch((error) => logFailure(log, error, `could not ${what}`)));
  const watch: Parameters<typeof store.taskWatchers.add>[0] = ({ moment, task }) => {
    if (moment === 'accepted') later(startNext(needs), 'start a task');
    if (moment === 'ended' && task.runner_id === DOOR_ID) later(goOnWith(task.id, needs), 'end a sandbox');
  };
  store.taskWatchers.add(watch);
  return {
    async [Symbol.asyncDispose]() {
      store.taskWatchers.delete(watch);
      await Promise.all([looking.stop(), sweeping.stop()]);
    },
  };
}

/** All that is due, and then the tasks that wait, as far as there is room. */
async function seeToStarts(needs: StartNeeds): Promise<void> {
  const { store } = needs;
  const now = await timeIn(store, store.db);
  await Promise.all((await startsToSeeTo(store.db, now)).map((taskId) => seeTo(taskId, needs)));
  while (await startNext(needs));
}

async function seeTo(taskId: string, needs: StartNeeds): Promise<void> {
  const { store, log } = needs;
  const claimed = await claimStart(store, taskId);
  if (claimed === null) return;
  const isWhole = claimed.start.step === 'started' && !isOver(claimed);
  try {
    if (isWhole) await lookAt(claimed, needs);
  } catch (error) {
    logFailure(log, error, 'could not see to a sandbox', { taskId });
  } finally {
    await releaseClaim(store, claimed);
  }
  if (!isWhole) await goOnWith(taskId, needs);
}

/** @param claimed started, of a task that lives */
async function lookAt(claimed: Claimed, needs: StartNeeds): Promise<void> {
  const { sandboxes } = needs;
  const { start, task, now } = claimed;
  const silentMs = now.getTime() - (start.heard_at ?? start.started_at ?? now).getTime();
  if (start.heard_at === null && silentMs > FIRST_CALL_MS)
    return giveUp(claimed, 'the sandbox did not start: its agent has never called', needs);
  if (start.heard_at !== null && silentMs > SILENT_MS) {
    const isGone = (await sandboxes.status(start.sandbox_id)) === 'gone';
    if (isGone || silentMs > DEAD_MS) return giveUp(claimed, isGone ? LOST : SILENT, needs);
  }
  if (task.status === 'waiting_for_approval') await endOverdueWait(claimed, needs);
}

async function endOverdueWait({ start, now }: Claimed, { store }: StartNeeds): Promise<void> {
  const { waiting_since, wait_ms, waited_ms } = await store.db
    .selectFrom('tasks')
    .select(['waiting_since', 'wait_ms', 'waited_ms'])
    .where('id', '=', start.task_id)
    .executeTakeFirstOrThrow();
  const isOverdue = waiting_since !== null && now.getTime() - waiting_since.getTime() >= wait_ms - waited_ms;
  if (isOverdue) await workAgain(store, { taskId: start.task_id, leaseId: start.lease_id });
}

/** Kills what is there of this Seed and is no start's: such as one whose creation came after its end. */
async function sweepSandboxes({ store, sandboxes, owner, log }: StartNeeds): Promise<string[]> {
  const there = await sandboxes.list(owner);
  const inUse = await sandboxesInUse(
    store.db,
    there.map(({ id }) => id),
  );
  const orphans = there.map(({ id }) => id).filter((id) => !inUse.has(id));
  for (const id of orphans) await sandboxes.kill(id);
  if (orphans.length > 0) log.warn({ sandboxes: orphans }, 'killed sandboxes that were nobody’s');
  return orphans;
}
