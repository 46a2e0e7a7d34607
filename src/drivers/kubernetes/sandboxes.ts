// The sandboxes that this process follows, by id, and those that have ended: what the cluster says of their pods
// is what they are. One that is not followed is looked up by its name. Used by driver.ts.
//
// followed: its pod is there. Its status tells of an end → ended, and the pod is removed. The pod is gone → ended.
// killed: it is to be removed by us: ended when the cluster says that this very pod (its UID) is gone.
import { setTimeout as sleep } from 'node:timers/promises';
import { SeedError } from '../../protocol/errors.ts';
import type { Exit, Leftover, SandboxId, Usage } from '../driver.ts';
import { patient } from '../patience.ts';
import type { KubeClient } from './client.ts';
import { isSandboxId } from './names.ts';
import type { Placed, PodPlaces } from './places.ts';
import type { Pod } from './pod.ts';
import { exitOf, exitOfRemoved, lastAccount } from './pod-status.ts';
import type { PodWatch } from './pod-watch.ts';
import { measurePod } from './usage.ts';

/** So many sandboxes that have ended are remembered. */
const ENDED_MOST = 256;
/** A pod is killed at once (its image's stop signal is SIGKILL); a node that says nothing for so long is away. */
const NODE_WITHIN_MS = 8_000;
const GRACE_SECONDS = 1;
const AGAIN_MS = 500;
/** What was measured longer before the end is not what it used. */
const MEASURED_WITHIN_MS = 10_000;

const UNKNOWN: Exit = { reason: 'lost', detail: 'There is no sandbox with this id.' };
const NEVER_MEASURED: Usage = { cpuSeconds: 0, peakMemoryBytes: 0, problem: 'the sandbox is not known' };

export interface Followed extends Placed {
  /** As it was last seen. */
  pod: Pod;
  /** A moment before its node can have taken it; null where this process did not start it. */
  readonly createdAt: number | null;
  readonly ended: Promise<Exit>;
}

interface Entry extends Followed {
  usage: Usage;
  measuredAt: number | null;
  killed: boolean;
  /** Its node did not confirm the end. */
  forced: boolean;
  /** Resolves with each change. */
  changed: PromiseWithResolvers<void>;
  finish(exit: Exit): void;
}

export interface PodSandboxes {
  /** Follows a pod. @param createdAt the moment before it was created, of one that this process has started */
  follow(id: SandboxId, pod: Pod, createdAt?: number): Followed;
  /** The one with this id, whoever has started it; an exit where it has ended. @throws SeedError unreachable */
  find(id: SandboxId): Promise<Followed | Exit>;
  /** Resolves when the pod has changed. */
  changed(sandbox: Followed): Promise<void>;
  /** Never rejects. */
  ended(id: SandboxId): Promise<Exit>;
  usage(id: SandboxId): Promise<Usage>;
  /** Never rejects. */
  kill(id: SandboxId): Promise<Exit>;
  /** Removes what has ended and could not be removed then. */
  clean(): Promise<Leftover[]>;
}

export function createPodSandboxes(client: KubeClient, pods: PodWatch, places: PodPlaces): PodSandboxes {
  const live = new Map<SandboxId, Entry>();
  const past = new Map<SandboxId, { exit: Exit; usage: Usage }>();
  const leftovers = new Map<string, Placed & { problem: string }>();

  function remember(id: SandboxId, exit: Exit, usage: Usage): void {
    past.delete(id);
    past.set(id, { exit, usage });
    const [oldest] = past.keys();
    if (past.size > ENDED_MOST && oldest !== undefined) past.delete(oldest);
  }

  function follow(id: SandboxId, pod: Pod, createdAt: number | null = null): Entry {
    const known = live.get(id);
    if (known?.uid === pod.metadata.uid) return known;
    const ended = Promise.withResolvers<Exit>();
    const { name, uid } = pod.metadata;
    const entry: Entry = {
      ...{ id, name, uid, pod, createdAt, ended: ended.promise, killed: false, forced: false },
      usage: { ...NEVER_MEASURED, problem: 'it was never measured' },
      measuredAt: null,
      changed: Promise.withResolvers<void>(),
      finish(exit) {
        if (live.get(id) !== entry) return;
        live.delete(id);
        unfollow();
        remember(id, exit, usageAtEnd(entry));
        entry.changed.resolve();
        ended.resolve(exit);
      },
    };
    past.delete(id);
    live.set(id, entry);
    let unfollow = () => {};
    let isRemoving = false;
    const onEnd = (exit: Exit) => {
      // Our own kill shows as an end by a signal before the pod is gone.
      if (isRemoving || (entry.killed && exit.reason === 'lost')) return;
      isRemoving = true;
      void removeEnded(entry).then(() => entry.finish(exit));
    };
    unfollow = pods.follow(pod, {
      see(now) {
        entry.pod = now;
        entry.changed.resolve();
        entry.changed = Promise.withResolvers();
        const exit = exitOf(now);
        if (exit !== null) onEnd(exit);
      },
      gone(last) {
        entry.finish(entry.killed ? killedExit(entry) : exitOfRemoved(last));
      },
    });
    return entry;
  }

  /** Its program has ended: the object is all that is left. */
  async function removeEnded(entry: Entry): Promise<void> {
    try {
      await places.remove(entry, 0);
    } catch (error) {
      if (isGone(error)) return;
      const { id, name, uid } = entry;
      leftovers.set(uid, { id, name, uid, problem: (error as Error).message });
    }
  }

  async function find(id: SandboxId): Promise<Entry | Exit> {
    const known = live.get(id) ?? past.get(id)?.exit;
    if (known !== undefined) return known;
    if (!isSandboxId(id)) return UNKNOWN;
    const pod = await places.find(id);
    return pod === null ? UNKNOWN : follow(id, pod);
  }

  async function measure(entry: Entry): Promise<void> {
    try {
      const amounts = await measurePod(client, entry.name);
      if (amounts === null) entry.usage.problem = 'its container shows no control group';
      else entry.usage = { ...atLeast(entry.usage, amounts), problem: null };
      if (amounts !== null) entry.measuredAt = performance.now();
    } catch (error) {
      entry.usage = { ...entry.usage, problem: (error as Error).message };
    }
  }

  /** Until its own node says that nothing of it is left; a node that is away is not waited for. */
  async function remove(entry: Entry): Promise<void> {
    const silentAt = performance.now() + patient(NODE_WITHIN_MS);
    for (let accepted = false; live.get(entry.id) === entry; ) {
      try {
        entry.forced ||= accepted && performance.now() >= silentAt;
        const graceSeconds = entry.forced ? 0 : GRACE_SECONDS;
        if (!accepted || entry.forced) await places.remove(entry, graceSeconds);
        accepted = true;
        if (entry.forced) await gone(entry);
      } catch (error) {
        if (isGone(error)) entry.finish(killedExit(entry));
        else if ((error as SeedError).code !== 'unreachable') throw error;
      }
      await Promise.race([entry.ended, sleep(AGAIN_MS)]);
    }
  }

  /** Whoever removes by force does not wait for the watch. */
  async function gone({ name, uid }: Entry): Promise<void> {
    const { metadata } = await client.get<Pod>(`pods/${name}`);
    if (metadata.uid !== uid) throw new SeedError('not_found', `the pod ${name} is another one`);
  }

  return {
    follow,
    find,
    changed: (sandbox) => (sandbox as Entry).changed.promise,
    async ended(id) {
      for (;;) {
        const found = await find(id).catch(() => null);
        if (found !== null) return 'uid' in found ? found.ended : found;
        await sleep(AGAIN_MS);
      }
    },
    async usage(id) {
      const entry = await find(id).catch((error: Error) => ({ ...UNKNOWN, problem: error.message }));
      if ('uid' in entry) {
        await measure(entry);
        return past.get(id)?.usage ?? entry.usage;
      }
      const problem = 'problem' in entry ? entry.problem : NEVER_MEASURED.problem;
      return past.get(id)?.usage ?? { ...NEVER_MEASURED, problem };
    },
    async kill(id) {
      for (;;) {
        try {
          const entry = await find(id);
          if (!('uid' in entry)) return entry;
          entry.killed = true;
          await remove(entry);
          return await entry.ended;
        } catch (error) {
          if ((error as SeedError).code !== 'unreachable') {
            return { reason: 'lost', detail: `it cannot be killed: ${(error as Error).message}` };
          }
          await sleep(AGAIN_MS);
        }
      }
    },
    async clean() {
      for (const [uid, leftover] of [...leftovers]) {
        try {
          await places.remove(leftover, 0);
          leftovers.delete(uid);
        } catch (error) {
          if (isGone(error)) leftovers.delete(uid);
          else leftover.problem = (error as Error).message;
        }
      }
      return [...leftovers.values()].map(({ id, problem }) => ({ id, problem }));
    },
  };
}

/** The pod with this UID is not there, or another one is. */
function isGone(error: unknown): boolean {
  return error instanceof SeedError && (error.code === 'not_found' || error.code === 'conflict');
}

function killedExit({ forced, pod }: Entry): Exit {
  if (!forced) return { reason: 'killed' };
  const node = pod.spec.nodeName ?? 'that it was meant for';
  const detail = `its pod was removed, but the node ${node} does not answer: what runs there ends at its deadline`;
  return { reason: 'lost', detail };
}

type Amounts = Pick<Usage, 'cpuSeconds' | 'peakMemoryBytes'>;

const atLeast = (one: Amounts, other: Amounts): Amounts => ({
  cpuSeconds: Math.max(one.cpuSeconds, other.cpuSeconds),
  peakMemoryBytes: Math.max(one.peakMemoryBytes, other.peakMemoryBytes),
});

/** What was measured last, or what the guest has said at its end, whichever is more. */
function usageAtEnd({ usage, measuredAt, pod }: Entry): Usage {
  const account = lastAccount(pod);
  if (account !== null) return { ...atLeast(usage, account), problem: null };
  if (measuredAt === null) return usage;
  const isLate = performance.now() - measuredAt > MEASURED_WITHIN_MS;
  return isLate ? { ...usage, problem: 'it was not measured at its end' } : { ...usage, problem: null };
}
