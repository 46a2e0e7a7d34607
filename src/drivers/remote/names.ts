// What sandboxes are called at their vendor, and their labels. Used by all remote drivers.
import { randomUUID } from 'node:crypto';
import { SeedError } from '../../protocol/errors.ts';
import type { SandboxId } from '../driver.ts';

/** Vercel takes five on a sandbox, and lists by one. */
export const LABELS = {
  /** The installation: several in one project leave each other alone. */
  installation: 'seed',
  /** The runner whose sandbox it is. */
  runner: 'seed-runner',
  /** The task that it was made for; missing for one that waits. */
  task: 'seed-task',
  /** The moment at which it is to be dead, in Unix seconds. */
  deadline: 'seed-deadline',
  /** Of one that is reached by a door: the bytes that it may write. */
  disk: 'seed-disk',
  /** Made up anew by each start: whose sandbox it is when the answer to its creation was lost. */
  start: 'seed-start',
} as const;

const PREFIX = 'seed-';
/** The ids of what probes start begin so. */
const PROBE = 'probe-';
const SANDBOX_ID = /^[A-Za-z0-9]([A-Za-z0-9_-]{0,57}[A-Za-z0-9])?$/;

export const isSandboxId = (id: string): boolean => SANDBOX_ID.test(id);
export const isProbe = (id: SandboxId): boolean => id.startsWith(PROBE);
export const newProbeId = (): SandboxId => `${PROBE}${randomUUID()}`;

/** Always the same: whoever has written the id down finds the sandbox by it. @throws SeedError sandbox_failed */
export function sandboxName(id: SandboxId): string {
  if (isSandboxId(id)) return `${PREFIX}${id}`;
  throw new SeedError('sandbox_failed', `Not a sandbox id: ${id}`);
}

/** Null for what is called otherwise than a sandbox of Seed. */
export function idOfName(name: string): SandboxId | null {
  const id = name.startsWith(PREFIX) ? name.slice(PREFIX.length) : '';
  return isSandboxId(id) ? id : null;
}
