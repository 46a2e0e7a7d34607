// Mode `agent-sandbox`: sandboxes are claims on a SandboxWarmPool of kubernetes-sigs/agent-sandbox, whose
// controller keeps pods ready. What a pod's status says, how it is reached and what it used is as in mode `pods`.
// Used by driver.ts.
import { contentHash } from '../../lib/content-hash.ts';
import { SeedError } from '../../protocol/errors.ts';
import type { Driver, Limits, Probe, SandboxId } from '../driver.ts';
import { createStarts } from '../remote/starts.ts';
import { poolsPath, type SandboxTemplate, type SandboxWarmPool, templatesPath } from './claim.ts';
import { sizesOf, templateProblems } from './claim-template.ts';
import { createClaims } from './claims.ts';
import type { ExecStream } from './exec-stream.ts';
import { BRIDGE } from './listening-guest.ts';
import { CONTAINER, isProbe, sandboxesOf } from './names.ts';
import { orNull } from './places.ts';
import type { Pod } from './pod.ts';
import { createPodChanges } from './pod-changes.ts';
import { exitOf } from './pod-status.ts';
import { createPodWatch } from './pod-watch.ts';
import type { PodsDriverParts } from './pods-driver.ts';
import { probeCluster } from './probe.ts';
import { createPodSandboxes, type Followed } from './sandboxes.ts';
import { createServerClock } from './server-clock.ts';

export interface ClaimsDriverParts extends PodsDriverParts {
  warmPool: string;
}

export function createClaimsDriver({ client, traits, owner, reach, said, warmPool }: ClaimsDriverParts): Driver {
  const clock = createServerClock();
  const changes = createPodChanges(client, clock);
  const claims = createClaims({ client, clock, changes, traits, warmPool });
  const watch = createPodWatch(client, sandboxesOf(traits.installation));
  const sandboxes = createPodSandboxes(client, watch, claims);

  async function running(id: SandboxId): Promise<Followed> {
    const found = await sandboxes.find(id);
    if ('uid' in found && exitOf(found.pod) === null) return found;
    throw new SeedError('sandbox_failed', `The sandbox ${id} has ended.`);
  }

  /** A claim whose pod is gone would be given another one, for nobody. */
  function endWithPod({ id, ended }: Followed): void {
    void ended.then(() => claims.discard(id)).catch(() => undefined);
  }

  async function open(id: SandboxId, limits: Limits): Promise<Followed> {
    const sandbox = sandboxes.follow(id, await claims.open(id, owner, limits));
    endWithPod(sandbox);
    return sandbox;
  }

  /** Another pod of that name may be there by now: the one that was reached has to be ours. */
  async function exec({ id, name, uid }: Followed, command: string[], signal?: AbortSignal): Promise<ExecStream> {
    const stream = await client.exec(name, { container: CONTAINER, command, ...(signal && { signal }) });
    // The death of a sandbox breaks its stream; `ended` tells of it, and nobody else has to listen.
    stream.on('error', () => undefined);
    try {
      const pod = await orNull(client.get<Pod>(`pods/${name}`));
      if (pod?.metadata.uid === uid) return stream;
      throw new SeedError('sandbox_failed', `The sandbox ${id} has ended.`);
    } catch (error) {
      stream.destroy();
      throw error;
    }
  }

  async function kill(id: SandboxId) {
    const exit = await sandboxes.kill(id);
    // It had no pod yet, or another one.
    await claims.discard(id).catch(() => undefined);
    return exit;
  }

  async function probe(): Promise<Probe> {
    const template = await fitTemplate().catch(({ message, hint }: SeedError) =>
      [message, hint].filter(Boolean).join('\n'),
    );
    if (typeof template === 'string') return { usable: false, isolation: said ?? 'container', why: template };
    const programs = new Map<SandboxId, ExecStream>();
    return probeCluster({
      ...{ client, traits, said },
      // The guest is there, and waits: what the probe wants runs beside it.
      async start(command, id, limits) {
        const sandbox = await open(id, { ...limits, ...sizesOf(template) });
        programs.set(id, await exec(sandbox, [...command]));
        return sandbox;
      },
      async kill(id) {
        programs.get(id)?.destroy();
        return kill(id);
      },
    });
  }

  /** The pool's template; why it cannot be used in words. @throws SeedError */
  async function fitTemplate(): Promise<SandboxTemplate | string> {
    const { namespace } = client;
    const pool = await orNull(client.get<SandboxWarmPool>(`${poolsPath(namespace)}/${warmPool}`));
    if (pool === null) return `There is no SandboxWarmPool "${warmPool}" in ${namespace}.`;
    const { name } = pool.spec.sandboxTemplateRef;
    const template = await orNull(client.get<SandboxTemplate>(`${templatesPath(namespace)}/${name}`));
    if (template === null) return `There is no SandboxTemplate "${name}", as the pool ${warmPool} says.`;
    const problems = templateProblems(template, traits);
    if (problems.length === 0) return template;
    return `The SandboxTemplate ${name} is not fit for sandboxes: ${problems.join('; ')}. docs/kubernetes.md has one.`;
  }

  const starts = createStarts(kill);

  const notPausable = async () => {
    throw new SeedError('not_supported', 'A pod cannot be paused.');
  };

  return {
    name: 'kubernetes',
    can: { link: 'stream', pause: false, reconnect: true, handover: true, longestLifeMs: null },
    reach,
    version: async () => traits.image,
    probe,
    async freeze() {
      const { image, command } = traits;
      const id = contentHash(image, command.join('\0'), warmPool);
      return { id, driver: 'kubernetes', dir: '', image: { id: image, rootfs: '', command } };
    },
    start: (_snapshot, limits, id) => starts.run(id, () => open(id, limits)),
    async connect(id) {
      const sandbox = await running(id);
      try {
        return await exec(sandbox, [...BRIDGE]);
      } catch (error) {
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
    guard: async (id) => void (await running(id)),
    async tighten(id, deadline) {
      const sandbox = await running(id);
      await changes.tighten(sandbox, deadline);
      await claims.endAfter(id, deadline);
    },
    pause: notPausable,
    resume: notPausable,
    kill: starts.kill,
    async sweep(of) {
      const ids = (await claims.list(of)).map(({ id }) => id);
      await Promise.all(ids.map(kill));
      return ids;
    },
    async adopt(id, by) {
      const sandbox = await running(id);
      await claims.adopt(id, by);
      await changes.adopt(sandbox, by);
      endWithPod(sandbox);
    },
    all: async () => (await claims.list()).filter(({ id }) => !isProbe(id)),
    clean: () => sandboxes.clean(),
  };
}
