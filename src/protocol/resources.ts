// What a task's sandbox may have, and what it was measured to have used.
import { z } from 'zod';
import { LIMITS } from './limits.ts';

/** Unless the server is set otherwise. */
export const DEFAULT_RESOURCES = { vcpus: 2, memoryMb: 1024, diskMb: 512, processes: 256 };

function amount(name: keyof typeof DEFAULT_RESOURCES, description: string) {
  const { [`${name}Min` as const]: min, [`${name}Max` as const]: max } = LIMITS.resources;
  const bounded = z.number().int().min(min, `${name} is at least ${min}`).max(max, `${name} is at most ${max}`);
  return bounded.meta({ examples: [DEFAULT_RESOURCES[name]] }).describe(description);
}

export const Resources = z.object({
  vcpus: amount('vcpus', 'Processors'),
  memoryMb: amount('memoryMb', 'MiB of memory; under gVisor files count, too'),
  diskMb: amount('diskMb', 'MiB of files that it may write'),
  processes: amount('processes', 'Processes at a time'),
});
export type Resources = z.infer<typeof Resources>;

/** What a caller may ask for; the server puts its own defaults in the place of what is missing. */
export const WantedResources = Resources.partial().strict();
export type WantedResources = z.infer<typeof WantedResources>;

const ESTIMATED =
  'The host did not let it be measured: `cpuSeconds` is the most it can be, `wallMs` on every processor';

export const Usage = z.object({
  cpuSeconds: z.number().nonnegative().describe('Processor time of the whole sandbox, its kernel included'),
  peakMemoryBytes: z.number().int().nonnegative(),
  wallMs: z.number().int().nonnegative().describe("From the sandbox's start to its end, without `pausedMs`"),
  pausedMs: z
    .number()
    .int()
    .nonnegative()
    .optional()
    .describe('How long it was off the processor while it waited for people, which costs nothing'),
  estimated: z.literal(true).optional().describe(ESTIMATED),
});
export type Usage = z.infer<typeof Usage>;
