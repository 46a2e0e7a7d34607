// The one loop that does something every so often, for servers, runners and stores.
import type { BaseLogger } from 'pino';
import { createTurns } from './turns.ts';

export interface EveryOptions {
  /** From the start of one turn to the start of the next. Turns never overlap, however long one takes. */
  everyMs: number;
  /** A turn writes what waits in memory: where a process may end behind any answer, one belongs to each answer. */
  flushes?: boolean;
  /** What a turn does, as the log says it of a turn that failed: "could not <name>". */
  name: string;
  /** Gets the failures; null when whoever does the work tells of them. */
  log: BaseLogger | null;
  /** Whether the first turn begins at once; otherwise after the first wait. */
  atOnce?: boolean;
  /** The share of each wait, 0 to 1, by which it is made longer or shorter at random. */
  jitter?: number;
  /** Each failure in a row doubles the wait up to this; without it a failure changes no wait. */
  backOff?: { mostMs: number };
  /** 0 to 1. */
  random?: () => number;
}

export interface Loop extends AsyncDisposable {
  /**
   * Does a turn now, or one more as soon as the running one is over; works after `stop`, too. Never rejects.
   * @returns resolves when a turn that began after the call is over
   */
  now(): Promise<void>;
  /** Begins no more turns by itself. Resolves when those that run or were asked for are over. */
  stop(): Promise<void>;
}

/** Does the work again and again until it is stopped. It does not keep the process alive. */
export function every(options: EveryOptions, work: () => unknown): Loop {
  const { everyMs, atOnce = false, jitter = 0, backOff, random = Math.random } = options;
  const turns = createTurns(options, work);
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;

  /** @param elapsedMs since the last turn began; the turns that were missed by then are left out */
  function schedule(elapsedMs: number): void {
    if (stopped) return;
    const doubled = backOff ? Math.max(everyMs, Math.min(backOff.mostMs, everyMs * 2 ** turns.failures)) : everyMs;
    const waitMs = doubled * (1 + jitter * (2 * random() - 1));
    timer = setTimeout(due, waitMs - (elapsedMs % waitMs)).unref();
  }

  /** A turn that was asked for and still runs counts for this one. */
  async function due(): Promise<void> {
    const beganMs = performance.now();
    await (turns.running ?? turns.now());
    schedule(performance.now() - beganMs);
  }

  if (atOnce) void due();
  else schedule(0);

  async function stop(): Promise<void> {
    stopped = true;
    clearTimeout(timer);
    await turns.over();
  }

  return { now: turns.now, stop, [Symbol.asyncDispose]: stop };
}
