// The runner: takes tasks from the server while it has free slots, keeps telling the server that it lives, and ends what it
// is told to end. Used by main.ts and the tests.
import { randomUUID } from 'node:crypto';
import { Agent } from 'undici';
import type { Driver, Limits, Sandbox, Snapshot } from '../drivers/driver.ts';
import type { Logger } from '../lib/log.ts';
import type { PoolSettings } from '../lib/pool-settings.ts';
import { SeedError } from '../protocol/errors.ts';
import type { RunnerState } from '../protocol/runner.ts';
import { createBackoff, pause, within } from './backoff.ts';
import { removeLeftovers } from './leftovers.ts';
import { POOLED_LIMITS } from './limits.ts';
import { createPool, type Pool } from './pool/pool.ts';
import { createServerClient, type TakenLease } from './server-client.ts';
import { startTaskRun, type TaskRun } from './task-run.ts';

/** What a stopped runner leaves its tasks to end by themselves. */
const GRACE_MS = 10_000;
/** And then for killing and settling them. */
const SETTLE_MS = 5_000;
/** Between long polls that were answered at once. */
const BREATH_MS = 100;

export interface RunnerOptions {
  serverUrl: string;
  runnerToken: string;
  /** How sandboxes are made here; null when no driver is usable: the runner then takes nothing and says why. */
  sandboxes: { driver: Driver; snapshot: Snapshot } | null;
  probes: RunnerState['probes'];
  slots: number;
  /** Missing: no sandbox is started ahead. */
  pool?: PoolSettings;
  /** The host, as people know it. */
  name: string;
  log: Logger;
  graceMs?: number;
}

export interface Runner {
  /** Sweeps what an earlier runner left behind, then works until stop(). Resolves when it has begun. */
  start(): Promise<void>;
  /** Takes nothing new, gives running tasks their grace, then ends them as interrupted. Resolves when all is settled. */
  stop(): Promise<void>;
}

export function createRunner(options: RunnerOptions): Runner {
  const { serverUrl, runnerToken, sandboxes, probes, name, log, graceMs = GRACE_MS } = options;
  const slots = sandboxes === null ? 0 : options.slots;
  const id = randomUUID();
  const dispatcher = new Agent({ connections: null, keepAliveTimeout: 30_000 });
  const client = createServerClient(serverUrl, runnerToken, dispatcher);
  const runs = new Map<string, TaskRun>();
  const stopping = new AbortController();
  const stopped = new AbortController();
  const giveUp = new AbortController();
  let pool: Pool | null = null;
  let slotFreed = Promise.withResolvers<void>();
  let loops: Promise<unknown> = Promise.resolve();

  function state(): RunnerState {
    const probe = probes.find(({ driver }) => driver === sandboxes?.driver.name);
    return {
      id,
      name,
      slots,
      freeSlots: Math.max(0, slots - runs.size),
      driver: sandboxes?.driver.name ?? null,
      isolation: probe?.isolation ?? null,
      probes,
      pool: pool?.state() ?? null,
      snapshot: sandboxes && { id: sandboxes.snapshot.id, imageId: sandboxes.snapshot.image.id },
    };
  }

  async function startSandbox(limits: Limits, sandboxId: string): Promise<Sandbox> {
    if (sandboxes === null) throw new SeedError('no_usable_driver', 'this runner has no driver');
    const waiting = pool?.take(limits);
    if (waiting === undefined) return sandboxes.driver.start(sandboxes.snapshot, limits, sandboxId);
    log.info({ taskId: sandboxId, sandbox: waiting.sandbox.id }, 'bound a waiting sandbox');
    waiting.bind(limits.deadline);
    return waiting.sandbox;
  }

  function wakeLeaseLoop(): void {
    slotFreed.resolve();
    slotFreed = Promise.withResolvers();
  }

  function begin(lease: TakenLease): void {
    log.info({ taskId: lease.taskId, deadline: lease.deadline }, 'leased');
    const onWorking = pool?.holdRefill() ?? (() => undefined);
    const parts = { startSandbox, onWorking, client, serverUrl, dispatcher, log, giveUp: giveUp.signal };
    const run = startTaskRun(lease, parts);
    runs.set(lease.taskId, run);
    void run.done.then(() => {
      onWorking();
      runs.delete(lease.taskId);
      wakeLeaseLoop();
    });
  }

  async function takeTask(): Promise<boolean> {
    if (slots > 0 && runs.size >= slots) {
      await slotFreed.promise;
      return true;
    }
    const lease = await client.lease(state(), stopping.signal);
    if (lease !== null) begin(lease);
    return lease !== null;
  }

  async function beat(): Promise<boolean> {
    const held = [...runs.values()].filter((run) => run.isHeld()).map(({ taskId }) => taskId);
    for (const taskId of await client.heartbeat(state(), held, stopped.signal))
      runs.get(taskId)?.end('stopped');
    return false;
  }

  return {
    async start() {
      const swept = (await sandboxes?.driver.sweep()) ?? [];
      if (swept.length > 0) log.warn({ sandboxes: swept }, 'swept what an earlier runner left');
      if (sandboxes !== null && options.pool !== undefined)
        pool = createPool({ ...sandboxes, ...options.pool, limits: POOLED_LIMITS, log });
      loops = Promise.all([
        repeat('lease', takeTask, stopping.signal, log),
        repeat('heartbeat', beat, stopped.signal, log),
        sandboxes && removeLeftovers(sandboxes.driver, stopped.signal, log),
      ]);
    },
    async stop() {
      stopping.abort();
      wakeLeaseLoop();
      const drained = pool?.stop();
      const allDone = () => Promise.all([...runs.values()].map(({ done }) => done));
      await within(graceMs, allDone());
      for (const run of runs.values()) run.end('interrupted');
      setTimeout(() => giveUp.abort(), SETTLE_MS).unref();
      await Promise.all([allDone(), drained]);
      stopped.abort();
      await loops;
      await dispatcher.destroy();
    },
  };
}

/**
 * Runs the step over and over until the signal; a step that fails is tried again later, forever.
 * @param step answers whether the next one may follow at once
 */
async function repeat(
  name: string,
  step: () => Promise<boolean>,
  signal: AbortSignal,
  log: Logger,
): Promise<void> {
  const backoff = createBackoff();
  let failing = false;
  while (!signal.aborted) {
    const startedAt = performance.now();
    try {
      const atOnce = await step();
      if (failing) log.info({ loop: name }, 'the server answers again');
      failing = false;
      backoff.reset();
      if (!atOnce && performance.now() - startedAt < BREATH_MS) await pause(BREATH_MS, signal);
    } catch (error) {
      if (signal.aborted) return;
      if (!failing) {
        log.warn(
          { loop: name, problem: (error as Error).message },
          'the server does not answer; trying again',
        );
      }
      failing = true;
      await pause(backoff.next(), signal);
    }
  }
}
