// The runner: takes tasks from the server while it has free slots, keeps telling the server that it lives, and
// ends what it is told to end. Used by main.ts and the tests.
import { Agent } from 'undici';
import type { Driver, Limits, Snapshot } from '../drivers/driver.ts';
import { every, type Loop } from '../lib/every.ts';
import type { Logger } from '../lib/log.ts';
import type { PoolSettings } from '../lib/pool-settings.ts';
import { readVersion } from '../lib/version.ts';
import { SeedError } from '../protocol/errors.ts';
import type { RunnerState } from '../protocol/runner.ts';
import { createBackoff, pause, within } from '../relay/patience.ts';
import type { StreamTimes } from './guest-stream.ts';
import { newIdentity, type RunnerIdentity } from './identity.ts';
import { POOLED_LIMITS } from './lease.ts';
import { endOrphans, type Orphans } from './orphans.ts';
import { createPool, type Pool } from './pool.ts';
import { createServerClient, type TakenLease } from './server-client.ts';
import { startTaskRun, type TaskRun } from './task-run.ts';
import { type OpenSandbox, openSandbox, type RunSandbox } from './waiting-sandbox.ts';

/** What a stopped runner has, after its tasks' time, for killing and settling them. */
const SETTLE_MS = 5_000;
/** And for telling the server what it has no more: what is not told in time is found out. */
const LEAVE_MS = 3_000;
const CLEAN_EVERY_MS = 10_000;
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
  /** What a stopped runner leaves its tasks to end by themselves. */
  drainMs: number;
  /** How long a sandbox whose calls all wait for people is left alone before it sleeps; missing: two seconds. */
  quietMs?: number;
  /** How often it looks for sandboxes that are nobody's; missing: as orphans.ts has it. */
  orphansEveryMs?: number;
  /** Missing: as guest-stream.ts has it. */
  stream?: StreamTimes;
  /** Missing: nobody was here before. */
  identity?: RunnerIdentity;
}

export interface Runner {
  /** Whether a driver is usable. */
  makesSandboxes: boolean;
  /** Sweeps what an earlier runner left behind, then works until stop(). Resolves when it has begun. */
  start(): Promise<void>;
  /** Gives back what has not begun, ends what runs, in time or as interrupted. Resolves when all is settled. */
  stop(): Promise<void>;
}

export function createRunner(options: RunnerOptions): Runner {
  const { serverUrl, runnerToken, sandboxes, probes, name, log, drainMs, identity = newIdentity() } = options;
  const slots = sandboxes === null ? 0 : options.slots;
  const { id } = identity;
  const reach = sandboxes?.driver.can.handover ? sandboxes.driver.reach : undefined;
  const former = [...identity.former];
  const version = readVersion();
  const dispatcher = new Agent({ connections: null, keepAliveTimeout: 30_000 });
  const client = createServerClient(serverUrl, runnerToken, dispatcher);
  const runs = new Map<string, TaskRun>();
  const stopping = new AbortController();
  const stopped = new AbortController();
  const giveUp = new AbortController();
  let pool: Pool | null = null;
  let slotFreed = Promise.withResolvers<void>();
  let leasing: Promise<void> = Promise.resolve();
  let beating: Promise<void> = Promise.resolve();
  let cleaning: Loop | null = null;
  let orphans: Orphans | null = null;

  function state(): RunnerState {
    const probe = probes.find(({ driver }) => driver === sandboxes?.driver.name);
    return {
      id,
      name,
      version,
      slots,
      ...(reach !== undefined && { reach }),
      continues: true,
      longestLifeMs: sandboxes?.driver.can.longestLifeMs ?? null,
      freeSlots: stopping.signal.aborted ? 0 : Math.max(0, slots - runs.size),
      driver: sandboxes?.driver.name ?? null,
      isolation: probe?.isolation ?? null,
      probes,
      pool: pool?.state() ?? null,
      snapshot: sandboxes && { id: sandboxes.snapshot.id, imageId: sandboxes.snapshot.image.id },
    };
  }

  async function startSandbox(limits: Limits, sandboxId: string): Promise<OpenSandbox> {
    if (sandboxes === null) throw new SeedError('no_usable_driver', 'this runner has no driver');
    const waiting = pool?.take(limits);
    if (waiting === undefined) return openSandbox(sandboxes, limits, sandboxId);
    log.info({ taskId: sandboxId, sandbox: waiting.id }, 'bound a waiting sandbox');
    try {
      await waiting.bind(limits.deadline);
    } catch (error) {
      // Nobody would take it again.
      await sandboxes.driver.kill(waiting.id);
      throw error;
    }
    return waiting;
  }

  async function adoptSandbox(sandboxId: string): Promise<RunSandbox> {
    if (sandboxes?.driver.adopt === undefined)
      throw new SeedError('not_supported', 'this runner cannot take sandboxes over');
    await sandboxes.driver.adopt(sandboxId, id);
    return { driver: sandboxes.driver, id: sandboxId, stream: null, isReady: false };
  }

  function wakeLeaseLoop(): void {
    slotFreed.resolve();
    slotFreed = Promise.withResolvers();
  }

  const held = () => [...runs.values()].filter((run) => run.isHeld());
  const heldIds = () => held().map(({ taskId }) => taskId);

  async function begin(lease: TakenLease): Promise<void> {
    // Under an earlier lease, which this runner could not keep alive: what is left of it goes first.
    const earlier = runs.get(lease.taskId);
    earlier?.end('lease_lost');
    await earlier?.done;
    log.info({ taskId: lease.taskId, deadline: lease.deadline }, 'leased');
    const onWorking = pool?.holdRefill() ?? (() => undefined);
    const { quietMs, stream } = options;
    const shared = { client, serverUrl, dispatcher, log, giveUp: giveUp.signal };
    const onLeftAlone = (sandboxId: string) => orphans?.leave(sandboxId);
    const parts = { ...shared, startSandbox, adoptSandbox, onLeftAlone, onWorking, quietMs, stream };
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
    await reportFormer();
    const lease = await client.lease(state(), stopping.signal);
    if (lease !== null) await begin(lease);
    return lease !== null;
  }

  /** Before anything new is taken: their tasks have nobody. */
  async function reportFormer(): Promise<void> {
    const [next] = former;
    if (next === undefined) return;
    await client.leave(next, [], stopping.signal);
    former.shift();
    if (former.length === 0) await identity.formerTold();
    else await reportFormer();
  }

  async function leaveOthers(): Promise<void> {
    const refused = ({ message: problem }: Error) =>
      log.warn({ problem }, 'the server was not told what was left');
    await client.leave(id, heldIds(), AbortSignal.timeout(LEAVE_MS)).catch(refused);
  }

  async function beat(): Promise<boolean> {
    const now = held().map((run) => run.held());
    const { stop, taken = [], messages = {} } = await client.heartbeat(state(), now, stopped.signal);
    for (const taskId of stop) runs.get(taskId)?.end(taken.includes(taskId) ? 'lease_lost' : 'stopped');
    for (const [taskId, count] of Object.entries(messages)) runs.get(taskId)?.messages(count);
    return false;
  }

  /** Tries again to remove what the host did not let the driver remove at the end of a sandbox. */
  async function clean(): Promise<void> {
    for (const leftover of (await sandboxes?.driver.clean?.()) ?? [])
      log.warn(leftover, 'a sandbox that has ended cannot be removed yet');
  }

  /** Ends what this runner's data folder or its former processes left behind. */
  async function sweep(): Promise<string[]> {
    const swept: string[] = [];
    // Another runner may go on with them: what nobody does is found later.
    if (reach !== undefined) return swept;
    for (const owner of [...former, id]) swept.push(...((await sandboxes?.driver.sweep(owner)) ?? []));
    return swept;
  }

  return {
    makesSandboxes: sandboxes !== null,
    async start() {
      if (sandboxes?.driver.can.link === 'door')
        throw new SeedError('not_supported', `sandboxes of ${sandboxes.driver.name} have no stream to work with`);
      const swept = await sweep();
      if (swept.length > 0) log.warn({ sandboxes: swept }, 'swept what an earlier runner left');
      if (sandboxes !== null && options.pool !== undefined)
        pool = createPool({ ...sandboxes, ...options.pool, limits: POOLED_LIMITS, log });
      cleaning = every({ everyMs: CLEAN_EVERY_MS, name: 'remove what is left of sandboxes', log }, clean);
      if (sandboxes !== null && reach !== undefined)
        orphans = endOrphans({
          ...{ driver: sandboxes.driver, reach, runnerId: id, client, log },
          everyMs: options.orphansEveryMs,
        });
      leasing = repeat('lease', takeTask, stopping.signal, log);
      beating = repeat('heartbeat', beat, stopped.signal, log);
    },
    async stop() {
      stopping.abort();
      wakeLeaseLoop();
      const drained = pool?.stop();
      await leasing;
      for (const run of runs.values()) {
        run.giveBack();
        run.handOver();
      }
      await leaveOthers();
      log.info({ taskIds: heldIds(), seconds: drainMs / 1000 }, 'tasks that run have time to end');
      const allDone = () => Promise.all([...runs.values()].map(({ done }) => done));
      await within(drainMs, allDone());
      for (const run of runs.values()) run.end('interrupted');
      setTimeout(() => giveUp.abort(), SETTLE_MS).unref();
      await Promise.all([allDone(), drained]);
      stopped.abort();
      await Promise.all([beating, cleaning?.now()]);
      await Promise.all([cleaning?.stop(), orphans?.stop()]);
      await leaveOthers();
      await dispatcher.destroy();
    },
  };
}

/**
 * Runs the step over and over until the signal; a step that fails is tried again later, forever.
 * @param step answers whether the next one may follow at once
 */
async function repeat(name: string, step: () => Promise<boolean>, signal: AbortSignal, log: Logger) {
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
      const problem = (error as Error).message;
      if (!failing) log.warn({ loop: name, problem }, 'the server does not answer; trying again');
      failing = true;
      await pause(backoff.next(), signal);
    }
  }
}
