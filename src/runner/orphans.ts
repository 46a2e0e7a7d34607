// Sandboxes that outlive their runners and are nobody's: no living task names them, and their owner was not heard
// of lately. Every runner that reaches them looks every half minute and kills what it has found twice. Owned by
// runner.ts.
import type { Driver } from '../drivers/driver.ts';
import { every, type Loop } from '../lib/every.ts';
import type { Logger } from '../lib/log.ts';
import type { ServerClient } from './server-client.ts';

const LOOK_EVERY_MS = 30_000;
const NOBODY = '';

export interface Orphans extends Pick<Loop, 'stop'> {
  /** This runner does not keep the sandbox any more, though it is alive itself: whether a task does counts. */
  leave(id: string): void;
}

interface OrphansParts {
  driver: Pick<Driver, 'all' | 'kill'>;
  reach: string;
  runnerId: string;
  client: Pick<ServerClient, 'spare'>;
  log: Logger;
  /** Missing: half a minute. */
  everyMs?: number | undefined;
}

export function endOrphans(parts: OrphansParts): Orphans {
  const { driver, reach, runnerId, client, log, everyMs = LOOK_EVERY_MS } = parts;
  const stopping = new AbortController();
  const left = new Set<string>();
  let suspects = new Set<string>();

  async function look(): Promise<void> {
    const all = (await driver.all?.()) ?? [];
    const isLeft = (id: string, owner: string) => owner === runnerId && left.has(id);
    const asked = all.map(({ id, owner }) => ({ id, owner: isLeft(id, owner) ? NOBODY : owner }));
    const spare = new Set(await client.spare(runnerId, reach, asked, stopping.signal));
    const found = all.filter(({ id }) => !spare.has(id));
    for (const { id, owner } of found) {
      // Of one that was this runner's it is known that nobody is about to name it.
      if (!suspects.has(id) && !isLeft(id, owner)) continue;
      log.warn({ sandbox: id }, "a sandbox that is nobody's is killed");
      await driver.kill(id);
      left.delete(id);
    }
    suspects = new Set(found.map(({ id }) => id));
  }

  const name = "look for sandboxes that are nobody's";
  const loop = every({ everyMs, name, log, atOnce: true }, () =>
    look().catch((error) => {
      // A look that the end of the runner breaks off is none.
      if (!stopping.signal.aborted) throw error;
    }),
  );
  return {
    leave(id) {
      left.add(id);
      if (!stopping.signal.aborted) void loop.now();
    },
    stop() {
      stopping.abort();
      return loop.stop();
    },
  };
}
