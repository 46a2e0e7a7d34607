// What the objects of sandboxes are called in the cluster, and their labels. Used by all of this driver.
import { createHash, randomUUID } from 'node:crypto';
import { SeedError } from '../../protocol/errors.ts';
import type { SandboxId } from '../driver.ts';

export const LABELS = {
  /** The sandbox's id: pods of nobody but Seed have it. */
  sandbox: 'seed.dev/sandbox',
  /** The runner whose sandbox it is. */
  runner: 'seed.dev/runner',
  /** The installation: several in one namespace leave each other alone. */
  installation: 'seed.dev/installation',
  /** A pod that probes answer to; it is no sandbox. */
  probe: 'seed.dev/probe',
} as const;

export const ANNOTATIONS = {
  /** The moment at which it is to be dead, for people. */
  deadline: 'seed.dev/deadline',
  /** Made up anew by each start: whose pod it is when the answer to its creation was lost. */
  start: 'seed.dev/start',
} as const;

/** The ids of what probes start begin so. */
const PROBE = 'probe-';

export const newProbeId = (): SandboxId => `${PROBE}${randomUUID()}`;

/** One that a runner tries the cluster with before any server knows of that runner. It ends by its deadline. */
export const isProbe = (id: SandboxId): boolean => id.startsWith(PROBE);

/** The one container of a sandbox's pod. */
export const CONTAINER = 'guest';

/** As a label's value may be. */
const SANDBOX_ID = /^[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$/;
const READABLE_CHARACTERS = 24;
const HASH_CHARACTERS = 10;

/**
 * The name of the sandbox's pod, always the same: whoever has written the id down finds the pod by it.
 * @throws SeedError sandbox_failed for what is no id
 */
export function podName(id: SandboxId): string {
  if (!SANDBOX_ID.test(id)) throw new SeedError('sandbox_failed', `Not a sandbox id: ${id}`);
  const readable = id
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, READABLE_CHARACTERS)
    .replace(/-+$/, '');
  return `seed-${readable}-${createHash('sha256').update(id).digest('hex').slice(0, HASH_CHARACTERS)}`;
}

/** Whether it can be one: what else is asked for is not known. */
export const isSandboxId = (id: string): boolean => SANDBOX_ID.test(id);

/** Of the object that is made for a sandbox. */
export const sandboxLabels = (installation: string, id: SandboxId, owner: string) => ({
  [LABELS.sandbox]: id,
  [LABELS.runner]: owner,
  [LABELS.installation]: installation,
  'app.kubernetes.io/managed-by': 'seed',
});

/** The label selector of this installation's sandboxes, of one runner or of all. */
export function sandboxesOf(installation: string, owner?: string): string {
  const runner = owner === undefined ? '' : `,${LABELS.runner}=${owner}`;
  return `${LABELS.sandbox},${LABELS.installation}=${installation}${runner}`;
}
