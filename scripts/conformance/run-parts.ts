// Runs parts one after another against one Seed and tells what came of each. Used by scripts/conformance.ts and by
// the test that runs them quickly.
import type { ConformanceOutcome, ConformancePart, ConformanceSeed } from './part.ts';

export interface PartResult extends ConformanceOutcome {
  name: string;
  /** Why it was not run. */
  skipped: string | null;
}

/** What a part throws is one failure of it, and the others are run all the same. */
export async function runPart(
  part: ConformancePart,
  seed: ConformanceSeed,
  options: { quick: boolean },
): Promise<PartResult> {
  const { name } = part;
  const skipped = await part.why();
  if (skipped !== null) return { name, skipped, passed: 0, failed: 0, notes: [] };
  try {
    return { name, skipped, ...(await part.run(seed, options)) };
  } catch (error) {
    return { name, skipped, passed: 0, failed: 1, notes: [String((error as Error).stack ?? error)] };
  }
}
