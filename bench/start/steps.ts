// Where the time of a start goes, as the task itself tells.
import type { Task } from '../../src/protocol/task.ts';
import { median, round } from '../statistics.ts';

export interface Steps {
  /** POST until its 202. */
  acceptMs: number;
  /** From acceptance until a runner has the lease. */
  leaseMs: number;
  /** From the lease until the sandbox's agent calls its model. */
  startMs: number;
}

export function stepsOf({ acceptedMs, task }: { acceptedMs: number; task: Task }): Steps {
  return { acceptMs: acceptedMs, leaseMs: task.queuedMs ?? Number.NaN, startMs: task.startMs ?? Number.NaN };
}

export function stepRows(name: string, steps: readonly Steps[]): string[][] {
  const of = (step: keyof Steps) => `${round(median(steps.map((one) => one[step])))} ms`;
  return [
    [`${name}: POST until 202`, of('acceptMs')],
    [`${name}: accepted until leased`, of('leaseMs')],
    [`${name}: leased until the agent calls its model`, of('startMs')],
  ];
}
