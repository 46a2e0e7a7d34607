// The cluster's node, which is this machine: what its containerd knows of a pod's container. Used by the files of this
// folder.
import { join } from 'node:path';
import { exec } from '../../src/lib/exec.ts';

/** Its `ctr`, within the kubelet's containers and images. */
export const ctrOf =
  (base: string) =>
  (...args: string[]) =>
    exec('ctr', ['-a', join(base, 'run/containerd/c.sock'), '-n', 'k8s.io', ...args], { timeoutMs: 120_000 });

const PREFIX = 'containerd://';

/** Kills its first process, and so all, without the kubelet. @param container as a pod's status has it */
export async function killContainer(base: string, container: string): Promise<void> {
  await ctrOf(base)('tasks', 'kill', '-s', 'SIGKILL', idOf(container));
}

/** Of all that runs in it. @param container as a pod's status has it */
export async function pidsOf(base: string, container: string): Promise<number[]> {
  const table = await ctrOf(base)('tasks', 'ps', idOf(container));
  return [...table.matchAll(/^(\d+)\s/gm)].map(([, pid]) => Number(pid));
}

function idOf(container: string): string {
  if (!container.startsWith(PREFIX)) throw new Error(`no container of containerd: "${container}"`);
  return container.slice(PREFIX.length).trim();
}
