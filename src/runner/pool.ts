// The warm pool: sandboxes that were restored ahead and wait for a task, without any identity. Refilled in the
// background, one at a time and never while a task is starting; owned by the runner from start to stop.
import { isDeepStrictEqual } from 'node:util';
import type { Driver, Limits, Snapshot } from '../drivers/driver.ts';
import type { Logger } from '../lib/log.ts';
import type { PoolSettings } from '../lib/pool-settings.ts';
import { LIMITS } from '../protocol/limits.ts';
import type { PoolState } from '../protocol/runner.ts';
import { type Backoff, createBackoff, pause } from './patience.ts';
import { startWaiting, type WaitingSandbox } from './waiting-sandbox.ts';

export interface PoolOptions extends PoolSettings {
  driver: Driver;
  snapshot: Snapshot;
  /** What waiting sandboxes get until tasks are seen to want something else: one with other limits gets none. */
  limits: Bounds;
  log: Logger;
  backoff?: Backoff;
}

type Bounds = Omit<Limits, 'deadline'>;

export interface Pool {
  /** A waiting sandbox that is the task's from now on; undefined when there is none with these limits. */
  take(limits: Bounds): WaitingSandbox | undefined;
  /** No sandbox is started until the returned function is called, or a while has passed. */
  holdRefill(): () => void;
  state(): PoolState;
  /** Kills what waits and resolves when nothing of it is left. */
  stop(): Promise<void>;
}

/** A task that is starting holds the pool back no longer than this: under a constant load it must fill up, too. */
const HOLD_MS = 2_000;
/** A sandbox that dies sooner than this counts as a failure. */
const SHORT_LIFE_MS = 30_000;
/** Assumed until one was measured. */
const FIRST_GUESS_BYTES = 64 * 1024 * 1024;
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 60_000;
/** After so many tasks in a row with the same other limits, which the operator may have set, it has those. */
const OTHERS_IN_A_ROW = 3;

export function createPool(options: PoolOptions): Pool {
  const { driver, snapshot, size, memoryBytes, maxAgeMs, log } = options;
  let { limits } = options;
  /** What the last tasks wanted in its place, and how many of them. */
  let wantedInstead: { limits: Bounds; tasks: number } | null = null;
  const backoff = options.backoff ?? createBackoff(Math.random, FIRST_PAUSE_MS, LONGEST_PAUSE_MS);
  const stopping = new AbortController();
  const waiting = new Set<WaitingSandbox>();
  const ending = new Set<Promise<void>>();
  const holds = new Set<symbol>();
  let nextBytes = FIRST_GUESS_BYTES;
  /** After a failure: when to try again. */
  let notBefore = 0;
  let wake = Promise.withResolvers<void>();
  const changed = () => {
    wake.resolve();
    wake = Promise.withResolvers();
  };
  const takenBytes = () => [...waiting].reduce((sum, entry) => sum + entry.memoryBytes, 0);
  const wantsMore = () => waiting.size < size && holds.size === 0 && takenBytes() + nextBytes <= memoryBytes;

  const failed = () => {
    notBefore = performance.now() + backoff.next();
  };

  function end(entry: WaitingSandbox): void {
    if (!waiting.delete(entry)) return;
    const over = driver
      .kill(entry.id)
      .catch((error) => log.error({ err: error }, 'a waiting sandbox could not be killed'))
      .then(() => void ending.delete(over));
    ending.add(over);
    changed();
  }

  function add(entry: WaitingSandbox): void {
    const since = performance.now();
    nextBytes = entry.memoryBytes;
    waiting.add(entry);
    const tooOld = setTimeout(() => end(entry), maxAgeMs).unref();
    void driver.ended(entry.id).then((exit) => {
      clearTimeout(tooOld);
      if (!waiting.delete(entry)) return;
      log.warn({ sandbox: entry.id, exit }, 'a waiting sandbox ended');
      if (performance.now() - since < SHORT_LIFE_MS) failed();
      changed();
    });
  }

  async function fill(): Promise<void> {
    while (!stopping.signal.aborted) {
      const pauseMs = notBefore - performance.now();
      if (pauseMs > 0) {
        await pause(pauseMs, stopping.signal);
        continue;
      }
      if (!wantsMore()) {
        await wake.promise;
        continue;
      }
      try {
        const deadline = performance.now() + maxAgeMs + LIMITS.timeoutMaxMs;
        const bounds = limits;
        const entry = await startWaiting(driver, snapshot, { ...bounds, deadline });
        add(entry);
        if (stopping.signal.aborted || bounds !== limits) end(entry);
      } catch (error) {
        log.warn({ problem: (error as Error).message }, 'no sandbox could be started ahead');
        failed();
      }
    }
  }

  /** A task came that no waiting sandbox is fit for. */
  function missed(wanted: Bounds): void {
    const again = wantedInstead !== null && isDeepStrictEqual(wanted, wantedInstead.limits);
    wantedInstead = { limits: wanted, tasks: again ? (wantedInstead?.tasks ?? 0) + 1 : 1 };
    if (wantedInstead.tasks < OTHERS_IN_A_ROW) return;
    log.info({ limits: wanted }, 'sandboxes wait with the limits that the last tasks had');
    limits = wanted;
    wantedInstead = null;
    for (const entry of waiting) end(entry);
  }

  const filling = size > 0 ? fill() : Promise.resolve();

  return {
    take(wanted) {
      const { diskBytes, vcpus, processes } = wanted;
      const bounds = { diskBytes, memoryBytes: wanted.memoryBytes, vcpus, processes };
      if (!isDeepStrictEqual(bounds, limits)) return void missed(bounds);
      wantedInstead = null;
      // The oldest: those that are younger have longer until they are too old.
      const [entry] = waiting;
      if (entry === undefined) return undefined;
      waiting.delete(entry);
      backoff.reset();
      changed();
      return entry;
    },
    holdRefill() {
      const hold = Symbol();
      const release = () => {
        clearTimeout(late);
        if (holds.delete(hold)) changed();
      };
      const late = setTimeout(release, HOLD_MS).unref();
      holds.add(hold);
      return release;
    },
    state() {
      const memory = { memoryBytes: takenBytes(), memoryLimitBytes: memoryBytes };
      return { size, ready: waiting.size, ...memory, maxAgeMs };
    },
    async stop() {
      stopping.abort();
      changed();
      for (const entry of waiting) end(entry);
      await filling;
      await Promise.all(ending);
    },
  };
}
