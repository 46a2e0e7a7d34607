// What the cluster's tests share: its settings for a driver in this process, and eyes in the cluster that do not go
// by the driver. Used by the files of this folder.
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { inject } from 'vitest';
import { exec } from '../../src/lib/exec.ts';
import type { Remote } from '../conformance/suite-parts.ts';
import { labelOf } from './cluster.ts';
import type { ClusterOfRun } from './global-setup.ts';
import { killContainer } from './node.ts';

export interface InCluster extends ClusterOfRun {
  namespace: string;
  /** Within the namespace. */
  kubectl(...args: string[]): Promise<string>;
  /** The environment of a process that has the driver here. */
  env: Record<string, string>;
  remote: Remote;
}

interface Wish {
  image: 'sandbox' | 'echo';
  runtimeClass: string;
  more?: Record<string, string>;
}

/** A namespace of the caller's own; null where there is no cluster. Also this process's own environment is set. */
export async function inCluster({ image, runtimeClass, more = {} }: Wish): Promise<InCluster | null> {
  const cluster = inject('cluster');
  if ('broken' in cluster) throw new Error(cluster.broken);
  if ('why' in cluster) return null;
  const { base, kubeconfig, run, images } = cluster;
  const namespace = `${run}-${randomUUID().slice(0, 8)}`;
  const kubectl = (...args: string[]) =>
    exec(join(base, 'bin/hyper'), ['kubectl', '--kubeconfig', kubeconfig, '-n', namespace, ...args], {
      timeoutMs: 60_000,
    });
  const owner = `seed-${randomUUID().slice(0, 8)}`;
  await kubectl('create', 'namespace', namespace);
  await kubectl('label', 'namespace', namespace, labelOf(run));
  await kubectl('create', 'configmap', owner);
  const env = {
    KUBECONFIG: kubeconfig,
    SEED_DRIVER: 'kubernetes',
    SEED_KUBERNETES_NAMESPACE: namespace,
    SEED_KUBERNETES_IMAGE: images[image],
    SEED_KUBERNETES_RUNTIME_CLASS: runtimeClass,
    SEED_KUBERNETES_OWNER: owner,
    // The machine has two processors, and a sandbox may use as many: several are to have room.
    SEED_KUBERNETES_CPU_OVERCOMMIT: '8',
    ...more,
  };
  Object.assign(process.env, env);
  const pods = async (id: string, ...columns: string[]) => {
    const selector = `seed.dev/sandbox=${id},seed.dev/installation=${owner}`;
    const custom = `custom-columns=${columns.join(',')}`;
    const text = await kubectl('get', 'pods', '-l', selector, '--no-headers', '-o', custom);
    return text.split('\n').filter(Boolean);
  };
  const remote: Remote = {
    left: (id) => pods(id, 'N:.metadata.name'),
    async running(id) {
      return (await pods(id, 'N:.metadata.name', 'P:.status.phase')).filter((line) =>
        /(Running|Pending)\s*$/.test(line),
      );
    },
    async killProcesses(id) {
      const [container = ''] = await pods(id, 'C:.status.containerStatuses[0].containerID');
      await killContainer(base, container);
    },
  };
  return { ...cluster, namespace, kubectl, env, remote };
}
