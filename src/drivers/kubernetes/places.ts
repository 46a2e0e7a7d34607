// Where a sandbox's pod is found and how it is asked to go: what the driver's modes differ in. Mode `pods` here,
// where each pod has its sandbox's name. Used by sandboxes.ts.
import { SeedError } from '../../protocol/errors.ts';
import type { SandboxId } from '../driver.ts';
import type { KubeClient } from './client.ts';
import { LABELS, podName } from './names.ts';
import type { Pod } from './pod.ts';

/** A pod, and no other of its name. */
export interface Placed {
  readonly id: SandboxId;
  readonly name: string;
  readonly uid: string;
}

export interface PodPlaces {
  /** Null where there is none, or it is another's. @throws SeedError unreachable and what else the API says */
  find(id: SandboxId): Promise<Pod | null>;
  /** Resolves when it is accepted. @throws SeedError not_found or conflict when it is gone */
  remove(sandbox: Placed, graceSeconds: number): Promise<void>;
}

export function podsByName(client: KubeClient): PodPlaces {
  return {
    async find(id) {
      const pod = await orNull(client.get<Pod>(`pods/${podName(id)}`));
      return pod?.metadata.labels?.[LABELS.sandbox] === id ? pod : null;
    },
    remove: ({ name, uid }, graceSeconds) => client.delete(`pods/${name}`, { uid, graceSeconds }),
  };
}

/** Null where there is no such object. */
export async function orNull<T>(reading: Promise<T>): Promise<T | null> {
  try {
    return await reading;
  } catch (error) {
    if (error instanceof SeedError && error.code === 'not_found') return null;
    throw error;
  }
}
