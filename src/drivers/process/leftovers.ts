// What could not be removed of sandboxes that have ended, such as a folder on a host without file descriptors: kept in mind for
// another try. A runner that starts sweeps what the one before it has forgotten.
import { basename } from 'node:path';
import type { Leftover } from '../driver.ts';

export interface Leftovers {
  /**
   * Removes the sandbox with this folder, and all that belongs to it, now or at a later try. Never rejects.
   * @param first what is tried now, where less is to be done than to find out whether anything of it lives
   */
  remove(folder: string, first?: () => Promise<void>): Promise<void>;
  /** Before a sandbox with this folder starts: rejects when what is left of one with its id still cannot be removed. */
  clear(folder: string): Promise<void>;
  /** Tries again what could not be removed; resolves with what still cannot. */
  retry(): Promise<Leftover[]>;
}

/** @param removeSandbox kills what is alive of it, and removes it; rejects when something is left */
export function createLeftovers(removeSandbox: (folder: string) => Promise<void>): Leftovers {
  const left = new Map<string, Leftover>();

  async function remove(folder: string, first = () => removeSandbox(folder)): Promise<void> {
    try {
      await first();
      left.delete(folder);
    } catch (error) {
      left.set(folder, { id: basename(folder), problem: (error as Error).message });
    }
  }

  return {
    remove,
    async clear(folder) {
      if (!left.has(folder)) return;
      await removeSandbox(folder);
      left.delete(folder);
    },
    async retry() {
      // One by one: there may be many, and the host is short of something.
      for (const folder of [...left.keys()]) await remove(folder);
      return [...left.values()];
    },
  };
}
