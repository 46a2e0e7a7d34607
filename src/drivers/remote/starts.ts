// Starts that a kill may cross: who kills a sandbox that is being made finds nothing yet, and what is made
// meanwhile is not to stay. Used by drivers whose
// sandboxes are elsewhere.
import { SeedError } from '../../protocol/errors.ts';
import type { Exit, SandboxId } from '../driver.ts';

export interface Starts {
  /** @throws SeedError sandbox_failed when it was killed meanwhile, leaving nothing; what `start` throws */
  run(id: SandboxId, start: () => Promise<unknown>): Promise<void>;
  /** Resolves when a start that is under way is over, too. */
  kill(id: SandboxId): Promise<Exit>;
}

export function createStarts(kill: (id: SandboxId) => Promise<Exit>): Starts {
  const underWay = new Map<SandboxId, { killed: boolean; settled: Promise<void> }>();
  return {
    async run(id, start) {
      const { promise: settled, resolve } = Promise.withResolvers<void>();
      const state = { killed: false, settled };
      underWay.set(id, state);
      try {
        await start();
        if (!state.killed) return;
        await kill(id);
        throw new SeedError('sandbox_failed', `The sandbox ${id} was killed while it started.`);
      } finally {
        underWay.delete(id);
        resolve();
      }
    },
    async kill(id) {
      const state = underWay.get(id);
      if (state) {
        state.killed = true;
        await kill(id);
        await state.settled;
      }
      return kill(id);
    },
  };
}
