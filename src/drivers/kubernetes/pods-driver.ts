// Mode `pods`: each sandbox is a pod of its own, made by this driver and never used again. Used by driver.ts.

import { contentHash } from '../../lib/content-hash.ts';
import { SeedError } from '../../protocol/errors.ts';
import type { Driver, Isolation, SandboxId, Snapshot } from '../driver.ts';
import { createStarts } from '../remote/starts.ts';
import type { KubeClient } from './client.ts';
import { BRIDGE } from './listening-guest.ts';
import { CONTAINER, isProbe, LABELS, sandboxesOf } from './names.ts';
import { podsByName } from './places.ts';
import type { Pod } from './pod.ts';
import { createPodChanges } from './pod-changes.ts';
import type { PodTraits } from './pod-spec.ts';
import { exitOf } from './pod-status.ts';
import { createPodWatch } from './pod-watch.ts';
import { probeCluster } from './probe.ts';
import { createPodSandboxes, type Followed } from './sandboxes.ts';
import { createServerClock } from './server-clock.ts';
import { startPod } from './start.ts';

/** A start that took longer is told its deadline again: its pod counts from when its node took it. */
const SLOW_START_MS = 1000;

export interface PodsDriverParts {
  client: KubeClient;
  traits: PodTraits;
  /** The runner whose sandboxes it starts. */
  owner: string;
  reach: string;
  /** What the operator says of the RuntimeClass; null: what the probe finds. */
  said: Isolation | null;
}

export function createPodsDriver({ client, traits, owner, reach, said }: PodsDriverParts): Driver {
  const { installation } = traits;
  const clock = createServerClock();
  const changes = createPodChanges(client, clock);
  const sandboxes = createPodSandboxes(
    client,
    createPodWatch(client, sandboxesOf(installation)),
    podsByName(client),
  );
  const starts = createStarts((id) => sandboxes.kill(id));

  /** @throws SeedError sandbox_failed when it has ended */
  async function running(id: SandboxId): Promise<Followed> {
    const found = await sandboxes.find(id);
    if ('uid' in found && exitOf(found.pod) === null) return found;
    throw new SeedError('sandbox_failed', `The sandbox ${id} has ended.`);
  }

  const notPausable = async () => {
    throw new SeedError('not_supported', 'A pod cannot be paused.');
  };

  return {
    name: 'kubernetes',
    can: { link: 'stream', pause: false, reconnect: true, handover: true, longestLifeMs: null },
    reach,
    version: async () => traits.image,
    probe: () =>
      probeCluster({
        ...{ client, traits, said, kill: (id: SandboxId) => sandboxes.kill(id) },
        start: (command, id, limits) =>
          startPod({ client, sandboxes, clock, traits: { ...traits, command }, owner }, id, limits),
      }),
    async freeze(): Promise<Snapshot> {
      const { image, command } = traits;
      const id = contentHash(image, command.join('\0'));
      return { id, driver: 'kubernetes', dir: '', image: { id: image, rootfs: '', command } };
    },
    start: (_snapshot, limits, id) =>
      starts.run(id, async () => {
        const sandbox = await startPod({ client, sandboxes, clock, traits, owner }, id, limits);
        if (performance.now() - (sandbox.createdAt ?? 0) > SLOW_START_MS)
          await changes.tighten(sandbox, limits.deadline);
      }),
    async connect(id) {
      const { name } = await running(id);
      try {
        const stream = await client.exec(name, { container: CONTAINER, command: [...BRIDGE] });
        // The death of a sandbox breaks its stream; `ended` tells of it, and nobody else has to listen.
        return stream.on('error', () => undefined);
      } catch (error) {
        // It may have ended just now: then there is nothing to wait for.
        if ((error as SeedError).code !== 'unreachable') await running(id);
        throw error;
      }
    },
    async status(id) {
      const found = await sandboxes.find(id);
      return 'uid' in found ? (exitOf(found.pod) ?? 'running') : found;
    },
    ended: (id) => sandboxes.ended(id),
    usage: (id) => sandboxes.usage(id),
    // Nothing in a cluster watches a process elsewhere: its own deadline and the sweeps of others end it.
    guard: async (id) => void (await running(id)),
    tighten: async (id, deadline) => changes.tighten(await running(id), deadline),
    pause: notPausable,
    resume: notPausable,
    kill: starts.kill,
    async sweep(of) {
      const pods = await client.list<Pod>('pods', { labelSelector: sandboxesOf(installation, of) });
      const ids = pods.flatMap(({ metadata }) => metadata.labels?.[LABELS.sandbox] ?? []);
      await Promise.all(ids.map((id) => sandboxes.kill(id)));
      return ids;
    },
    adopt: async (id, by) => changes.adopt(await running(id), by),
    async all() {
      const pods = await client.list<Pod>('pods', { labelSelector: sandboxesOf(installation) });
      return pods.flatMap((pod) => {
        const { labels = {} } = pod.metadata;
        const id = labels[LABELS.sandbox];
        if (id === undefined || (isProbe(id) && exitOf(pod) === null)) return [];
        return [{ id, owner: labels[LABELS.runner] ?? '' }];
      });
    },
    clean: () => sandboxes.clean(),
  };
}
