// What a task's sandbox may have, and what it was measured to have used.
import { z } from 'zod';
import { LIMITS } from './limits.ts';

const { resources: bounds } = LIMITS;

/** Unless the server is set otherwise. */
export const DEFAULT_RESOURCES = { vcpus: 2, memoryMb: 1024, diskMb: 512, processes: 256 };

function amount(name: keyof typeof DEFAULT_RESOURCES, min: number, max: number) {
  return z
    .number()
    .int()
    .min(min, `${name} is at least ${min}`)
    .max(max, `${name} is at most ${max}`)
    .meta({ examples: [DEFAULT_RESOURCES[name]] });
}

export const Resources = z.object({
  vcpus: amount('vcpus', bounds.vcpusMin, bounds.vcpusMax).describe('Processors'),
  memoryMb: amount('memoryMb', bounds.memoryMbMin, bounds.memoryMbMax).describe(
    'MiB of memory; under gVisor files count, too',
  ),
  diskMb: amount('diskMb', bounds.diskMbMin, bounds.diskMbMax).describe('MiB of files that it may write'),
  processes: amount('processes', bounds.processesMin, bounds.processesMax).describe('Processes at a time'),
});
export type Resources = z.infer<typeof Resources>;

/** What a caller may ask for; the server puts its own defaults in the place of what is missing. */
export const WantedResources = Resources.partial().strict();
export type WantedResources = z.infer<typeof WantedResources>;

export const Usage = z.object({
  cpuSeconds: z.number().nonnegative().describe('Processor time of the whole sandbox, its kernel included'),
  peakMemoryBytes: z.number().int().nonnegative(),
  wallMs: z.number().int().nonnegative().describe("From the sandbox's start to its end"),
  estimated: z
    .literal(true)
    .optional()
    .describe(
      'The host did not let it be measured: `cpuSeconds` is the most it can be, `wallMs` on every processor',
    ),
});
export type Usage = z.infer<typeof Usage>;
