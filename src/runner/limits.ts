// What a sandbox may use: from a lease for its task, by default for one that waits in the pool.
import type { Limits } from '../drivers/driver.ts';
import { DEFAULT_RESOURCES, type Resources } from '../protocol/resources.ts';
import type { TakenLease } from './server-client.ts';

const MIB = 1024 * 1024;

export function limitsOf({ diesAt, resources }: TakenLease): Limits {
  return { ...bounds(resources), deadline: diesAt };
}

/** A task that asks for something else gets a sandbox of its own. */
export const POOLED_LIMITS: Omit<Limits, 'deadline'> = bounds(DEFAULT_RESOURCES);

function bounds({ vcpus, memoryMb, diskMb, processes }: Resources): Omit<Limits, 'deadline'> {
  return { vcpus, memoryBytes: memoryMb * MIB, diskBytes: diskMb * MIB, processes };
}
