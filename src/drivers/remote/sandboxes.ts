// The sandboxes of a remote driver, by their names: what their vendor and their keepers say of them is what they
// are. Used by driver.ts.
//
// followed: its guest runs. Its keeper tells of an end → its streams are read to their end, the vendor ends it →
// ended. The vendor has ended it, or does not know it any more → ended. killed: it is to be ended by us: ended
// when the vendor says that nothing of it runs.
import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { momentOfDate } from '../../lib/clock.ts';
import type { SeedError } from '../../protocol/errors.ts';
import type { Exit, Leftover, SandboxId, Usage } from '../driver.ts';
import { patient } from '../patience.ts';
import { askedAgain, mayPass, pauseMs } from './asked-again.ts';
import { type Account, keep, readUsage, readWaited } from './keeper.ts';
import { isSandboxId, LABELS, sandboxName } from './names.ts';
import type { Vendor, VendorSandbox } from './vendor.ts';

/** So many sandboxes that have ended are remembered. */
const ENDED_MOST = 256;
/** Vendors cut streams after five minutes: a wait ends before, by itself. */
const WAIT_MS = 240_000;
const WAIT_AGAIN_MS = 500;
/** A keeper that was started and does not run is started again so often. */
const STARTS_MOST = 3;
/** What is still to be read of a stream whose guest has ended. */
const DRAIN_MS = 5_000;
const GONE_AGAIN_MS = 200;
const USAGE_MS = 8_000;
const DESTROY_AGAIN_MS = 5_000;

const UNKNOWN: Exit = { reason: 'lost', detail: 'There is no sandbox with this id.' };
const NEVER_MEASURED: Usage = { cpuSeconds: 0, peakMemoryBytes: 0, problem: 'the sandbox is not known' };

export interface Followed {
  readonly id: SandboxId;
  readonly sandbox: VendorSandbox;
  readonly ended: Promise<Exit>;
  /** The moment that its keeper was told, by this process's clock. */
  diesAt: number;
}

interface Entry extends Followed {
  sandbox: VendorSandbox;
  usage: Usage;
  killed: boolean;
  /** Open ones, whose last words are to be heard before the sandbox goes. */
  readonly streams: Set<Duplex>;
  readonly over: AbortController;
  ending: Promise<void> | null;
  finish(exit: Exit): void;
}

export interface RemoteSandboxes {
  /** @param restart starts its guest, should its keeper know of none */
  follow(id: SandboxId, sandbox: VendorSandbox, restart?: () => Promise<void>): Followed;
  /** The one with this id, whoever has started it; an exit where it has ended. @throws SeedError unreachable */
  find(id: SandboxId): Promise<Followed | Exit>;
  connect(followed: Followed, command: readonly string[]): Promise<Duplex>;
  relabel(followed: Followed, labels: Record<string, string>): Promise<void>;
  /** Never rejects. */
  ended(id: SandboxId): Promise<Exit>;
  usage(id: SandboxId): Promise<Usage>;
  /** Never rejects. */
  kill(id: SandboxId): Promise<Exit>;
  clean(): Promise<Leftover[]>;
}

export function createRemoteSandboxes(vendor: Vendor): RemoteSandboxes {
  const live = new Map<SandboxId, Entry>();
  const past = new Map<SandboxId, { exit: Exit; usage: Usage }>();
  const leftovers = new Map<string, { id: SandboxId; sandbox: VendorSandbox; problem: string }>();

  function remember(id: SandboxId, exit: Exit, usage: Usage): void {
    past.delete(id);
    past.set(id, { exit, usage });
    const [oldest] = past.keys();
    if (past.size > ENDED_MOST && oldest !== undefined) past.delete(oldest);
  }

  function follow(id: SandboxId, sandbox: VendorSandbox, restart?: () => Promise<void>): Entry {
    const known = live.get(id);
    if (known?.sandbox.vendorId === sandbox.vendorId) return known;
    const ended = Promise.withResolvers<Exit>();
    const entry: Entry = {
      ...{ id, sandbox, ended: ended.promise, killed: false, streams: new Set(), ending: null },
      over: new AbortController(),
      diesAt: deadlineOf(sandbox),
      usage: { ...NEVER_MEASURED, problem: 'it was never measured' },
      finish(exit) {
        if (live.get(id) !== entry) return;
        live.delete(id);
        remember(id, exit, usageAtEnd(entry));
        entry.over.abort();
        ended.resolve(exit);
      },
    };
    past.delete(id);
    live.set(id, entry);
    void watch(entry, restart);
    return entry;
  }

  /** Until its guest has ended, or the vendor has ended it. Never rejects. */
  async function watch(entry: Entry, restart?: () => Promise<void>): Promise<void> {
    const { signal } = entry.over;
    let failures = 0;
    let starts = 0;
    while (!signal.aborted) {
      try {
        const timeoutMs = WAIT_MS + USAGE_MS;
        const { stdout } = await vendor.run(entry.sandbox, keep.wait(WAIT_MS), { timeoutMs, signal });
        const waited = readWaited(stdout);
        failures = 0;
        if (waited === 'none') {
          starts += 1;
          if (starts > STARTS_MOST)
            return await end(entry, { reason: 'lost', detail: 'its guest does not start' });
          await restart?.();
        }
        if (waited === null || waited === 'none') await pause(WAIT_AGAIN_MS, signal);
        else if (waited !== 'running') {
          note(entry, waited.account);
          return await end(entry, waited.exit);
        }
      } catch (error) {
        if (signal.aborted) return;
        failures += 1;
        if (await isOver(entry)) return;
        await pause(pauseMs(error, failures), signal);
      }
    }
  }

  /** Whether the vendor says that it has ended; it is finished then. */
  async function isOver(entry: Entry): Promise<boolean> {
    try {
      const found = await vendor.find(entry.sandbox.name);
      if (found?.vendorId === entry.sandbox.vendorId && found.state !== 'ended') return false;
      if (found?.vendorId === entry.sandbox.vendorId) entry.sandbox = found;
      if (entry.killed || entry.ending !== null) return true;
      const exit = found === null ? exitOfUnknown(entry) : exitOf(entry.sandbox);
      if (found !== null) await forget(entry);
      entry.finish(exit);
      return true;
    } catch {
      return false;
    }
  }

  /** Its guest has ended: the rest of it goes, once what one that ended by itself has said is heard. */
  function end(entry: Entry, exit: Exit): Promise<void> {
    entry.ending ??= (async () => {
      const heard = [...entry.streams].map((stream) => once(stream, 'close').catch(() => undefined));
      if (exit.reason === 'exited')
        await Promise.race([Promise.all(heard), sleep(DRAIN_MS, undefined, { ref: false })]);
      if (entry.killed) return;
      await untilGone(entry, performance.now() + patient(DESTROY_AGAIN_MS)).catch((error: Error) => {
        const { id, sandbox } = entry;
        leftovers.set(sandbox.vendorId, { id, sandbox, problem: error.message });
      });
      entry.finish(exit);
    })();
    return entry.ending;
  }

  /** Until the vendor says that nothing of it runs. @param giveUpAt rejects then with what keeps failing */
  async function untilGone(entry: Entry, giveUpAt = Number.POSITIVE_INFINITY): Promise<void> {
    const { vendorId, name } = entry.sandbox;
    let askedAt = Number.NEGATIVE_INFINITY;
    for (let failures = 0; ; ) {
      try {
        // What was accepted may have been lost with whoever accepted it.
        if (performance.now() - askedAt > DESTROY_AGAIN_MS) {
          await vendor.destroy(entry.sandbox);
          askedAt = performance.now();
        }
        const found = await vendor.find(name);
        if (found?.vendorId !== vendorId) return;
        entry.sandbox = found;
        if (found.state === 'ended') return await forget(entry);
        await sleep(GONE_AGAIN_MS);
      } catch (error) {
        if ((error as SeedError).code === 'not_found') return;
        failures += 1;
        askedAt = Number.NEGATIVE_INFINITY;
        if (!mayPass(error) || performance.now() >= giveUpAt) throw error;
        await sleep(pauseMs(error, failures));
      }
    }
  }

  /** It has ended: the vendor's memory of it is all that is left. */
  async function forget({ id, sandbox }: Entry): Promise<void> {
    try {
      await vendor.forget(sandbox);
    } catch (error) {
      if ((error as SeedError).code === 'not_found') return;
      leftovers.set(sandbox.vendorId, { id, sandbox, problem: (error as Error).message });
    }
  }

  async function find(id: SandboxId): Promise<Entry | Exit> {
    const known = live.get(id) ?? past.get(id)?.exit;
    if (known !== undefined) return known;
    if (!isSandboxId(id)) return UNKNOWN;
    const sandbox = await vendor.find(sandboxName(id));
    if (sandbox === null || sandbox.labels[LABELS.installation] === undefined) return UNKNOWN;
    return sandbox.state === 'ended' ? exitOf(sandbox) : follow(id, sandbox);
  }

  async function measure(entry: Entry): Promise<void> {
    try {
      const { stdout } = await vendor.run(entry.sandbox, keep.usage, { timeoutMs: USAGE_MS });
      const account = readUsage(stdout);
      if (account === null) entry.usage.problem = 'its keeper does not tell';
      else note(entry, account);
    } catch (error) {
      entry.usage = { ...entry.usage, problem: (error as Error).message };
    }
  }

  async function killFound(id: SandboxId): Promise<Exit> {
    const found = await find(id);
    if (!('sandbox' in found)) return past.has(id) ? found : await forgetEnded(id, found);
    found.killed = true;
    await untilGone(found);
    found.finish({ reason: 'killed' });
    return found.ended;
  }

  /** One that the vendor has ended, with nobody of us there, is still known to it. */
  async function forgetEnded(id: SandboxId, exit: Exit): Promise<Exit> {
    if (!isSandboxId(id)) return exit;
    const sandbox = await vendor.find(sandboxName(id));
    if (sandbox?.state === 'ended' && sandbox.labels[LABELS.installation] !== undefined)
      await vendor.forget(sandbox);
    return exit;
  }

  return {
    follow,
    find,
    async connect(followed, command) {
      const entry = followed as Entry;
      // One that has ended meanwhile is not asked again.
      const { signal } = entry.over;
      const stream = await askedAgain(() => vendor.open(entry.sandbox, command), { signal });
      entry.streams.add(stream);
      // The death of a sandbox breaks its stream; `ended` tells of it, and nobody else has to listen.
      return stream.on('error', () => undefined).once('close', () => entry.streams.delete(stream));
    },
    async relabel(followed, labels) {
      const entry = followed as Entry;
      const all = { ...entry.sandbox.labels, ...labels };
      await askedAgain(() => vendor.relabel(entry.sandbox, all));
      entry.sandbox = { ...entry.sandbox, labels: all };
    },
    async ended(id) {
      for (let failures = 1; ; failures += 1) {
        try {
          const found = await find(id);
          return 'sandbox' in found ? await found.ended : found;
        } catch (error) {
          await sleep(pauseMs(error, failures));
        }
      }
    },
    async usage(id) {
      const entry = await find(id).catch((error: Error) => ({ ...UNKNOWN, problem: error.message }));
      if ('sandbox' in entry) await measure(entry);
      const known = past.get(id)?.usage;
      if (known !== undefined) return known;
      if ('sandbox' in entry) return entry.usage;
      return { ...NEVER_MEASURED, problem: 'problem' in entry ? entry.problem : NEVER_MEASURED.problem };
    },
    async kill(id) {
      for (let failures = 1; ; failures += 1) {
        try {
          return await killFound(id);
        } catch (error) {
          if (!mayPass(error)) return lost(`it cannot be killed: ${(error as Error).message}`);
          await sleep(pauseMs(error, failures));
        }
      }
    },
    async clean() {
      for (const [key, leftover] of [...leftovers]) {
        const { id, sandbox } = leftover;
        try {
          const found = await vendor.find(sandbox.name);
          if (found?.vendorId === key && found.state === 'ended') await vendor.forget(found);
          else if (found?.vendorId === key) await vendor.destroy(found);
          if (found?.vendorId !== key || found.state === 'ended') leftovers.delete(key);
        } catch (error) {
          if ((error as SeedError).code === 'not_found') leftovers.delete(key);
          else leftovers.set(key, { id, sandbox, problem: (error as Error).message });
        }
      }
      return [...leftovers.values()].map(({ id, problem }) => ({ id, problem }));
    },
  };
}

const lost = (detail: string): Exit => ({ reason: 'lost', detail });

/** Its label has whole seconds, and is never earlier than what was told. */
function deadlineOf({ labels }: VendorSandbox): number {
  const seconds = Number(labels[LABELS.deadline] ?? Number.NaN);
  return Number.isFinite(seconds) ? momentOfDate(new Date(seconds * 1000)) : Number.POSITIVE_INFINITY;
}

/** Some vendors forget what they have ended, by its limit, too, which lies behind the deadline. */
function exitOfUnknown({ diesAt }: Entry): Exit {
  return performance.now() >= diesAt ? { reason: 'deadline' } : lost('the vendor does not know it any more');
}

/** How one has ended that its vendor has ended. */
function exitOf({ end }: VendorSandbox): Exit {
  return end?.byLimit ? { reason: 'deadline' } : lost(end?.why ?? 'its vendor has ended it');
}

function note(entry: Entry, { cpuSeconds, memoryBytes }: Account): void {
  entry.usage = {
    cpuSeconds: Math.max(entry.usage.cpuSeconds, cpuSeconds),
    peakMemoryBytes: Math.max(entry.usage.peakMemoryBytes, memoryBytes),
    problem: null,
  };
}

/** What its vendor bills, or what was measured last, whichever is more. */
function usageAtEnd({ usage, sandbox }: Entry): Usage {
  if (sandbox.usage === undefined) return usage;
  return { ...usage, cpuSeconds: Math.max(usage.cpuSeconds, sandbox.usage.cpuSeconds), problem: null };
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined);
}
