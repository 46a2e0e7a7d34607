// One fault: tasks before it, while it lasts and behind it, and what became of them.
import { randomBytes } from 'node:crypto';
import type { Fault } from './fault.ts';
import { postTask } from './post.ts';
import type { Stack } from './stack.ts';
import { orphans, type Tally, tally } from './tally.ts';
import { until } from './wait.ts';

/** Commands with an effect that each task calls, one after the other. */
const STEPS = 3;
/** Of its tasks, those that are posted before the fault. */
const BEFORE = 0.6;
const AT_WORK = 2;
const AT_WORK_WITHIN_MS = 60_000;
/** From the end of the fault on. */
const TERMINAL_WITHIN_MS = 120_000;
const CLEAN_WITHIN_MS = 20_000;
/** A delivery that a killed server had in hand is taken over after half a minute, and so is a call of a model. */
const SETTLED_WITHIN_MS = 100_000;

export interface Row extends Tally {
  /** Keys that were used: what was wanted. */
  tasks: number;
  orphans: number;
  seconds: number;
}

/** @returns what finds the row again later: webhooks may still be on their way, and calls of models be held */
export async function runFault(
  stack: Stack,
  fault: Fault,
  tasks: number,
  signal: AbortSignal,
): Promise<{ row: Row; settle(): Promise<Row> }> {
  const startedAt = performance.now();
  const run = `${fault.name}-${randomBytes(3).toString('hex')}`;
  const urls = stack.servers.map(({ url }) => url);
  const { adminKey, model } = stack.common;
  const post = (index: number) => postTask(urls, adminKey, { run, mark: `${run}-${index}`, steps: STEPS }, signal);
  const first = fault.atPost ? 0 : Math.max(AT_WORK, Math.ceil(tasks * BEFORE));
  const before = allOf(range(0, first).map(post));
  await until('tasks are at work', AT_WORK_WITHIN_MS, signal, () => {
    const ours = [...model.atWork].filter((mark) => mark.startsWith(`${run}-`));
    return ours.length >= Math.min(AT_WORK, first);
  });
  const over = fault.happen(stack, signal);
  const during = allOf(range(first, tasks).map(post));
  await allOf([over, before, during]);

  const count = () => tally(stack, run, STEPS);
  const patiently = <Value>(what: string, ms: number, look: () => Promise<Value>) =>
    until(what, ms, signal, look).catch(() => signal.throwIfAborted());
  await patiently('all are terminal', TERMINAL_WITHIN_MS, async () => (await count()).terminal >= tasks);
  await patiently('nothing is left', CLEAN_WITHIN_MS, async () => {
    const { unrecorded, liveKeys } = await count();
    return unrecorded + liveKeys + (await orphans(stack, run)) === 0;
  });
  const left = await until('the database answers', TERMINAL_WITHIN_MS, signal, async () => ({
    count: await orphans(stack, run),
  }));
  const row = async (): Promise<Row> => ({
    ...(await until('the database answers', TERMINAL_WITHIN_MS, signal, count)),
    tasks,
    orphans: left.count,
    seconds: Math.round((performance.now() - startedAt) / 1000),
  });
  const now = await row();
  return {
    row: now,
    settle: async () => {
      await patiently('all webhooks came, and no call holds anything', SETTLED_WITHIN_MS, async () => {
        const { webhooksMissing, held } = await count();
        return webhooksMissing + held === 0;
      });
      return { ...(await row()), seconds: now.seconds };
    },
  };
}

/** All have ended, well or badly, before this does. @throws what the first failed of */
async function allOf(work: readonly Promise<void>[]): Promise<void> {
  const failed = (await Promise.allSettled(work)).find(({ status }) => status === 'rejected');
  if (failed?.status === 'rejected') throw failed.reason;
}

function range(from: number, to: number): number[] {
  return Array.from({ length: Math.max(0, to - from) }, (_, index) => from + index);
}
