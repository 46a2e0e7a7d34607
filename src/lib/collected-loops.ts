// Loops of a process that runs only while it answers, and may be frozen or killed behind any answer: no timer is
// relied on. Each takes its turn when a request finds it due, by the clock of the day: one that only goes forward
// stands still in a machine that is frozen. Made for function.ts.
import type { EveryOptions, Loop } from './every.ts';
import type { Loops } from './loops.ts';
import { createTurns, type Turns } from './turns.ts';

/** What is done as seldom is done for all processes by one of them, when the cron asks. */
const SELDOM_MS = 600_000;

/** May this process take a turn that is to be taken once in so many milliseconds among all? */
export type ClaimTurn = (name: string, everyMs: number) => Promise<boolean>;

export interface CollectedLoops extends Loops {
  /** All that is due but what is done seldom takes its turn. Resolves when these are over; never rejects. */
  turn(): Promise<void>;
  /** The same with what is done seldom, as far as nobody has done it. */
  turnAll(claim: ClaimTurn): Promise<void>;
  /** Writes what waits in memory. */
  flush(): Promise<void>;
  /** Resolves when no turn and nothing that was kept is under way. */
  idle(): Promise<void>;
}

interface Collected {
  options: EveryOptions;
  turns: Turns;
  /** When it had its last turn, in milliseconds of the day's clock. */
  turnedMs: number;
}

export function collectLoops(nowMs: () => number = Date.now): CollectedLoops {
  const loops = new Set<Collected>();
  const kept = new Set<Promise<unknown>>();
  const take = (loop: Collected) => {
    loop.turnedMs = nowMs();
    return loop.turns.now();
  };
  /** A clock that was set back makes all due, too. */
  const isDue = ({ options, turnedMs }: Collected) => Math.abs(nowMs() - turnedMs) >= options.everyMs;
  const isSeldom = ({ options }: Collected) => options.everyMs >= SELDOM_MS;
  const due = () => [...loops].filter((loop) => !isSeldom(loop) && isDue(loop));
  async function turn(): Promise<void> {
    await Promise.all(due().map(take));
  }
  return {
    every(options, work): Loop {
      // The first turn is due at once.
      const loop: Collected = { options, turns: createTurns(options, work), turnedMs: Number.NEGATIVE_INFINITY };
      loops.add(loop);
      const stop = async () => {
        loops.delete(loop);
        await loop.turns.over();
      };
      return { now: () => take(loop), stop, [Symbol.asyncDispose]: stop };
    },
    keep(work) {
      const over = () => void kept.delete(work);
      kept.add(work);
      work.then(over, over);
    },
    turn,
    async turnAll(claim) {
      await turn();
      // One by one: each may take long, and the next invocation goes on with what this one did not come to.
      for (const loop of [...loops].filter(isSeldom)) {
        const { name, everyMs } = loop.options;
        if (isDue(loop) && (await claim(name, everyMs))) await take(loop);
      }
    },
    async flush() {
      await Promise.all([...loops].filter(({ options }) => options.flushes).map(take));
    },
    async idle() {
      for (;;) {
        const running = [...loops].flatMap(({ turns }) => turns.running ?? []);
        if (running.length + kept.size === 0) return;
        await Promise.allSettled([...running, ...kept]);
      }
    },
  };
}
