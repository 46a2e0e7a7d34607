// What is changed of a sandbox's pod while it runs: its deadline, which its node sees to, and whose it is. Used by
// both modes.
import { dateOfMoment } from '../../lib/clock.ts';
import { SeedError } from '../../protocol/errors.ts';
import type { KubeClient } from './client.ts';
import { ANNOTATIONS, LABELS } from './names.ts';
import type { Pod } from './pod.ts';
import { secondsUntil } from './pod-spec.ts';
import type { Followed } from './sandboxes.ts';
import type { ServerClock } from './server-clock.ts';

type Sandbox = Pick<Followed, 'id' | 'name' | 'uid' | 'pod' | 'createdAt'>;

export interface PodChanges {
  /** @throws SeedError sandbox_failed when it has ended */
  patch(
    sandbox: Pick<Sandbox, 'id' | 'name' | 'uid'>,
    changes: { metadata?: object; spec?: object },
  ): Promise<void>;
  /** It is killed by its node at the moment, if not earlier: can only be lowered. */
  tighten(sandbox: Sandbox, deadline: number): Promise<void>;
  /** `activeDeadlineSeconds` for the moment: it counts from when its node took the pod, never too late. */
  secondsTo(sandbox: Pick<Sandbox, 'pod' | 'createdAt'>, deadline: number): number;
  adopt(sandbox: Sandbox, owner: string): Promise<void>;
}

export function createPodChanges(client: KubeClient, clock: ServerClock): PodChanges {
  const changes: PodChanges = {
    async patch({ id, name, uid }, { metadata, spec }) {
      try {
        // A pod that was deleted meanwhile has ended; one of its name is another.
        const body = { ...(spec && { spec }), metadata: { ...metadata, uid } };
        await client.patch(`pods/${name}`, body, 'merge');
      } catch (error) {
        const { code } = error as SeedError;
        if (code === 'not_found' || code === 'conflict') {
          throw new SeedError('sandbox_failed', `The sandbox ${id} has ended.`, { cause: error });
        }
        throw error;
      }
    },
    secondsTo({ pod, createdAt }, deadline) {
      const byCluster = clock.earliest(pod.status?.startTime ?? '');
      const from = Math.max(createdAt ?? -Infinity, byCluster ?? -Infinity);
      return Number.isFinite(from) ? secondsUntil(deadline - from) : secondsSince(pod, deadline);
    },
    async tighten(sandbox, deadline) {
      const seconds = changes.secondsTo(sandbox, deadline);
      const before = sandbox.pod.spec.activeDeadlineSeconds;
      if (before !== undefined && before <= seconds) return;
      const annotations = { [ANNOTATIONS.deadline]: dateOfMoment(deadline).toISOString() };
      await changes.patch(sandbox, { metadata: { annotations }, spec: { activeDeadlineSeconds: seconds } });
      sandbox.pod.spec.activeDeadlineSeconds = seconds;
    },
    adopt: (sandbox, owner) => changes.patch(sandbox, { metadata: { labels: { [LABELS.runner]: owner } } }),
  };
  return changes;
}

/** By this machine's clock, where nothing of the cluster's is known. */
function secondsSince(pod: Pod, deadline: number): number {
  const started = Date.parse(pod.status?.startTime ?? new Date().toISOString());
  return secondsUntil(dateOfMoment(deadline).getTime() - started);
}
