// What a fault is: something done to a running Seed, and what may come of it.
import type { TaskErrorCode } from '../../src/protocol/errors.ts';
import { startFunctions } from './function-stack.ts';
import { type Shape, startSeparate } from './separate-stack.ts';
import type { Stack } from './stack.ts';
import { startNpmStart } from './start-stack.ts';

/** The Seeds that faults are done to; those of one Seed are done to it one after the other. */
export const STACKS = {
  one: separate({ pairs: 1 }),
  two: separate({ pairs: 2, fakeClock: true }),
  disk: separate({ pairs: 1, smallDisk: true }),
  hasty: separate({ pairs: 1, drainSeconds: 1 }),
  start: startNpmStart,
  function: startFunctions,
} satisfies Record<string, (signal: AbortSignal) => Promise<Stack>>;

export interface Fault {
  name: string;
  what: string;
  stack: keyof typeof STACKS;
  /** No task is at work before it: it happens in the moments in which they are posted and taken. */
  atPost?: true;
  /** Why tasks may end by it; missing: it may end none. */
  mayEnd?: readonly TaskErrorCode[];
  /** Why it cannot be done on this machine; null when it can. */
  cannot?(): Promise<string | null>;
  /** Resolves when it is over and nothing stands in the way of recovery any more. */
  happen(stack: Stack, signal: AbortSignal): Promise<void>;
}

function separate(shape: Shape) {
  return (signal: AbortSignal) => startSeparate(shape, signal);
}

/** The part, or the first of its kind. @throws Error when the Seed has none */
export function there<Part>(part: Part | null | undefined): Part {
  if (part === null || part === undefined) throw new Error('this Seed has no such part');
  return part;
}
