// The sandboxes of one driver on this host, by id: those that this process has started, those that have ended,
// and, as far as the host tells, those that another process has started. Each technology's driver.ts has one.
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { SeedError } from '../../protocol/errors.ts';
import type { Driver, Exit, SandboxId, Status, Usage } from '../driver.ts';
import { sandboxDeadline } from './deadline.ts';
import {
  createLeftovers,
  createSandboxFolder,
  type FolderUse,
  type Leftovers,
  type Removal,
  removeSandbox,
  sandboxProcesses,
} from './sandbox-folder.ts';
import type { Supervised } from './supervised.ts';
import { isSupervisor } from './supervisor.ts';
import { createMeter, measureUsage } from './usage.ts';

/** Ids become folder names and command-line arguments. */
const SANDBOX_ID = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/;
/** So many sandboxes that have ended are remembered. */
const ENDED_MOST = 256;
const POLL_MS = 100;
const UNKNOWN: Exit = { reason: 'lost', detail: 'There is no sandbox with this id.' };
const NEVER_MEASURED: Usage = { cpuSeconds: 0, peakMemoryBytes: 0, problem: 'the sandbox is not known' };

/** A sandbox that this process has started. */
export interface Started extends Pick<Supervised, 'exited' | 'usage' | 'guard' | 'tighten' | 'kill'> {
  readonly stream: Duplex;
  /** Takes it off the processor until the function that it answers is called. Missing: waiting costs nothing. */
  pause?(): Promise<() => void>;
}

type OfEach = 'name' | 'can' | 'version' | 'probe' | 'freeze' | 'start';
/** Nothing outlives the runner here that another could reach. */
type OfHandover = 'reach' | 'adopt' | 'all';
type Calls = Required<Omit<Driver, OfEach | OfHandover>>;

export interface Sandboxes {
  /** What every driver of this host's processes answers. */
  readonly calls: Calls;
  /** The sandbox's folder, which may not be there; its parent is. @throws SeedError sandbox_failed */
  folder(id: SandboxId): Promise<string>;
  /** Writes the sandbox down, then starts it. Leaves nothing of it when that fails. */
  start(
    id: SandboxId,
    parts: Pick<FolderUse, 'spec' | 'deadline'>,
    launch: (folder: string, leftovers: Leftovers) => Promise<Started>,
  ): Promise<void>;
}

interface Live {
  sandbox: Started;
  ended: Promise<Exit>;
  resume: (() => void) | null;
}

interface Ended {
  exit: Exit;
  usage: Usage;
}

/** @param parent the folder of their folders, used by no other driver at the same time: sweep() ends them all */
export function createSandboxes(parent: string, more: Pick<Removal, 'removeMore'> = {}): Sandboxes {
  const remove = (folder: string, removal = {}) => removeSandbox(folder, { ...removal, ...more });
  const leftovers = createLeftovers(remove);
  const live = new Map<SandboxId, Live>();
  const past = new Map<SandboxId, Ended>();
  /** Streams that nobody has opened yet, also of sandboxes that have just ended. */
  const streams = new Map<SandboxId, Duplex>();

  async function folder(id: SandboxId): Promise<string> {
    if (!SANDBOX_ID.test(id)) throw new SeedError('sandbox_failed', `Not a sandbox id: ${id}`);
    await mkdir(parent, { recursive: true });
    return join(parent, id);
  }

  function remember(id: SandboxId, ended: Ended): void {
    past.delete(id);
    past.set(id, ended);
    const [oldest] = past.keys();
    if (past.size <= ENDED_MOST || oldest === undefined) return;
    past.delete(oldest);
    streams.delete(oldest);
  }

  function add(id: SandboxId, sandbox: Started): void {
    const entry: Live = { sandbox, resume: null, ended: sandbox.exited.then(end) };
    async function end(exit: Exit): Promise<Exit> {
      const usage = await sandbox.usage();
      if (live.get(id) === entry) live.delete(id);
      remember(id, { exit, usage });
      return exit;
    }
    past.delete(id);
    live.set(id, entry);
    streams.set(id, sandbox.stream);
  }

  /** The supervisor, or what becomes it, of a sandbox that runs although this process has not started it. */
  async function supervisorPid(id: SandboxId): Promise<number | undefined> {
    if (!SANDBOX_ID.test(id)) return undefined;
    const path = join(parent, id);
    return (await sandboxProcesses(path, isSupervisor))[0] ?? (await sandboxProcesses(path))[0];
  }

  async function status(id: SandboxId): Promise<Status> {
    const entry = live.get(id);
    if (entry) return entry.resume ? 'paused' : 'running';
    return past.get(id)?.exit ?? ((await supervisorPid(id)) === undefined ? UNKNOWN : 'running');
  }

  const calls: Calls = {
    status,
    async connect(id) {
      const stream = streams.get(id);
      streams.delete(id);
      if (stream) return stream;
      if (typeof (await status(id)) !== 'string') throw hasEnded(id);
      throw new SeedError('not_supported', `The stream of the sandbox ${id} can be opened only once.`, {
        hint: 'Kill the sandbox: nobody can reach it any more.',
      });
    },
    async ended(id) {
      const entry = live.get(id);
      if (entry) return entry.ended;
      for (;;) {
        const now = await status(id).catch(() => 'running' as const);
        if (typeof now !== 'string') return now;
        await sleep(POLL_MS);
      }
    },
    async usage(id) {
      const entry = live.get(id);
      if (entry) return entry.sandbox.usage();
      const known = past.get(id);
      if (known) return known.usage;
      const pid = await supervisorPid(id).catch(() => undefined);
      return pid === undefined ? NEVER_MEASURED : createMeter(() => measureUsage(pid)).usage();
    },
    async guard(id) {
      const entry = live.get(id);
      if (entry) return entry.sandbox.guard();
      if (typeof (await status(id)) !== 'string') throw hasEnded(id);
      throw new SeedError('not_supported', `Only the process that started the sandbox ${id} can let it wait.`);
    },
    async tighten(id, deadline) {
      const entry = live.get(id);
      if (entry) return entry.sandbox.tighten(deadline);
      const pid = await supervisorPid(id);
      if (pid === undefined) throw hasEnded(id);
      await sandboxDeadline(pid, join(parent, id), Infinity).tighten(deadline);
    },
    async pause(id) {
      const entry = live.get(id);
      if (!entry?.sandbox.pause) {
        throw new SeedError('not_supported', `The sandbox ${id} cannot be taken off the processor.`);
      }
      entry.resume ??= await entry.sandbox.pause();
    },
    async resume(id) {
      const entry = live.get(id);
      entry?.resume?.();
      if (entry) entry.resume = null;
    },
    async kill(id) {
      const entry = live.get(id);
      if (entry) {
        await entry.sandbox.kill();
        return entry.ended;
      }
      const known = past.get(id);
      if (known) return known.exit;
      const pid = await supervisorPid(id).catch(() => null);
      if (pid === undefined) return UNKNOWN;
      const usage = await calls.usage(id);
      await leftovers.remove(join(parent, id));
      remember(id, { exit: { reason: 'killed' }, usage });
      return { reason: 'killed' };
    },
    async sweep() {
      const ids = await readdir(parent).catch(() => []);
      await Promise.all(ids.map((id) => remove(join(parent, id))));
      return ids;
    },
    clean: leftovers.retry,
  };

  return {
    calls,
    folder,
    async start(id, { spec, deadline }, launch) {
      const path = await folder(id);
      await leftovers.clear(path);
      await createSandboxFolder(path, spec, deadline);
      try {
        add(id, await launch(path, leftovers));
      } catch (error) {
        await leftovers.remove(path);
        throw error;
      }
    },
  };
}

function hasEnded(id: SandboxId): SeedError {
  return new SeedError('sandbox_failed', `The sandbox ${id} has ended.`);
}
