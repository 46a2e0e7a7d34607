// Does faults to Seeds, one after the other, and tells what came of each. Called by scripts/chaos.ts and the
// tests.
import { type Fault, STACKS } from './fault.ts';
import { FUNCTIONS } from './functions.ts';
import { HOSTS } from './hosts.ts';
import { KILLS } from './kills.ts';
import { NETWORKS } from './networks.ts';
import { PAUSES } from './pauses.ts';
import { runFault } from './run-fault.ts';
import type { Stack } from './stack.ts';
import { isBad, problems, type Result } from './verdict.ts';

/** Those of one Seed stand together. */
export const FAULTS: readonly Fault[] = [...KILLS, ...PAUSES, ...NETWORKS, ...HOSTS, ...FUNCTIONS].sort(
  (one, other) => Object.keys(STACKS).indexOf(one.stack) - Object.keys(STACKS).indexOf(other.stack),
);

const REMARKS_SHOWN = 12;

export interface Chaos {
  faults: readonly Fault[];
  /** For each fault. */
  tasks: number;
  signal: AbortSignal;
  /** Progress. */
  say(line: string): void;
}

/**
 * @returns a result for each fault, in their order. @throws what the signal was aborted with, when nothing is left
 * of the Seeds
 */
export async function causeChaos({ faults, tasks, signal, say }: Chaos): Promise<Result[]> {
  const results: Result[] = [];
  let current: OpenSeed | null = null;
  const close = async () => {
    if (current === null) return;
    const open = current;
    current = null;
    results.push(...(await open.close()));
  };
  try {
    for (const [index, fault] of faults.entries()) {
      const skipped = (await fault.cannot?.()) ?? null;
      if (skipped !== null) {
        say(`${fault.name}: skipped, ${skipped}`);
        results.push({ fault, skipped });
        continue;
      }
      if (current !== null && (current.kind !== fault.stack || current.spoilt)) await close();
      say(`[${index + 1}/${faults.length}] ${fault.name}: ${fault.what}`);
      try {
        current ??= await openSeed(fault.stack, signal, say);
        await current.endure(fault, tasks);
      } catch (error) {
        signal.throwIfAborted();
        const broken = withCause(error as Error);
        say(`  broken: ${broken}`);
        results.push({ fault, broken });
        if (current !== null) current.spoilt = true;
      }
    }
  } finally {
    await close();
  }
  return faults.flatMap((fault) => results.filter((result) => result.fault === fault));
}

interface OpenSeed {
  kind: Fault['stack'];
  /** The next fault needs another one: what it is no longer comes of that fault alone. */
  spoilt: boolean;
  endure(fault: Fault, tasks: number): Promise<void>;
  close(): Promise<Result[]>;
}

async function openSeed(
  kind: Fault['stack'],
  signal: AbortSignal,
  say: (line: string) => void,
): Promise<OpenSeed> {
  const stack: Stack = await STACKS[kind](signal);
  const endured: { fault: Fault; settle(): Promise<Result> }[] = [];
  const seed: OpenSeed = {
    kind,
    spoilt: false,
    endure: async (fault, tasks) => {
      await stack.ready(signal);
      const { row, settle } = await runFault(stack, fault, tasks, signal);
      endured.push({ fault, settle: async () => ({ fault, row: await settle() }) });
      seed.spoilt = row.terminal < row.accepted || row.orphans > 0;
      say(
        `  ${problems(fault, { ...row, webhooksMissing: 0, held: 0 }).join('; ') || 'as it must be'} (${row.seconds} s)`,
      );
      for (const remark of row.remarks.slice(0, REMARKS_SHOWN)) say(`    ${remark}`);
    },
    close: async () => {
      let isAsMustBe = false;
      try {
        const results = await Promise.all(endured.map(({ settle }) => settle()));
        isAsMustBe = !seed.spoilt && !results.some(isBad);
        return results;
      } finally {
        await stack.close(!isAsMustBe);
        if (!isAsMustBe && !signal.aborted) say(`  the logs are in ${stack.common.logs}`);
      }
    },
  };
  return seed;
}

function withCause({ message, cause }: Error): string {
  return cause instanceof Error ? `${message} (${cause.message})` : message;
}
