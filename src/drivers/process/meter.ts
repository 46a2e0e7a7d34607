// Measures one sandbox and remembers the most that was seen. A host that does not let it be measured, because it has no file
// descriptor left or its /proc cannot be read, costs the sandbox its figures, and nobody anything else.
import type { Usage } from '../driver.ts';
import { type Figures, largerUsage } from './usage.ts';

/** A kill waits no longer for the last look. */
const LOOK_WITHIN_MS = 250;

export interface Meter {
  /** Looks, and waits for at most LOOK_WITHIN_MS. Never rejects. */
  look(): Promise<void>;
  /** Looks first, unless the sandbox has ended: of that nothing more can be seen. Never rejects. */
  usage(): Promise<Usage>;
  /** The sandbox has ended. */
  end(): void;
}

/** @param measure what it uses now, or has used in all: nothing when it is gone; rejects when that cannot be told */
export function createMeter(measure: () => Promise<Figures>): Meter {
  let used: Usage = { cpuSeconds: 0, peakMemoryBytes: 0, problem: 'it ended before it was measured' };
  let ended = false;

  async function measureNow(): Promise<void> {
    try {
      const now = await measure();
      const isThere = now.cpuSeconds > 0 || now.peakMemoryBytes > 0;
      used = { ...largerUsage(used, now), problem: isThere ? null : used.problem };
    } catch (error) {
      used = { ...used, problem: (error as Error).message };
    }
  }

  async function look(): Promise<void> {
    if (ended) return;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(() => {
        used = { ...used, problem: `the host did not tell within ${LOOK_WITHIN_MS} ms` };
        resolve();
      }, LOOK_WITHIN_MS);
    });
    await Promise.race([measureNow(), late]);
    clearTimeout(timer);
  }

  return {
    look,
    async usage() {
      await look();
      return used;
    },
    end() {
      ended = true;
    },
  };
}
