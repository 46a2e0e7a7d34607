// The runners and what runs on them, for the operator.
import type { SandboxService } from '../../command/context.ts';
import { SEEN_WITHIN_MS } from '../../protocol/runner.ts';
import type { ServerParts } from '../parts.ts';
import { tasksOfRunners } from '../tasks/tasks.ts';
import { liveRunners } from './runners.ts';

export function sandboxService({ store }: ServerParts): SandboxService {
  return {
    list: async () => {
      const runners = await liveRunners(store, SEEN_WITHIN_MS);
      const running = await tasksOfRunners(
        store.db,
        runners.map(({ id }) => id),
      );
      const items = runners.map(({ pool, snapshot, lastSeen, ...state }) => ({
        ...state,
        pool: pool ?? null,
        snapshot: snapshot ?? null,
        lastSeen: lastSeen.toISOString(),
        sandboxes: running
          .filter(({ runnerId }) => runnerId === state.id)
          .map(({ runnerId: _, ...sandbox }) => sandbox),
      }));
      return { items, nextCursor: null };
    },
  };
}
