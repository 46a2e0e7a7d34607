// What goes on by itself, as whoever runs the process sees to it: by timers in a server (here), or when there is a
// request in a function (collected-loops.ts). Features get it with their store.
import { type EveryOptions, every, type Loop } from './every.ts';

export interface Loops {
  every(options: EveryOptions, work: () => unknown): Loop;
  /** The process is not to end or be frozen before the work is over, although its request may be answered. */
  keep(work: Promise<unknown>): void;
}

export const TIMED_LOOPS: Loops = { every, keep: () => undefined };
