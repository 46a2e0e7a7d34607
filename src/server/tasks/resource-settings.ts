// Defaults and maxima of what a task's sandbox may have, from the environment; docs/running.md describes each.
import { integerSetting } from '../../lib/settings.ts';
import { SeedError } from '../../protocol/errors.ts';
import { LIMITS } from '../../protocol/limits.ts';
import type { Resources } from '../../protocol/resources.ts';
import type { ResourcePolicy } from './resources.ts';

const { resources: bounds } = LIMITS;

/** Per resource: its setting, the default and the maximum when nothing is set, and the bounds of both. */
const PRESETS = {
  vcpus: { name: 'VCPUS', preset: 2, maximum: 4, min: bounds.vcpusMin, max: bounds.vcpusMax },
  memoryMb: {
    name: 'MEMORY_MB',
    preset: 1024,
    maximum: 4096,
    min: bounds.memoryMbMin,
    max: bounds.memoryMbMax,
  },
  diskMb: { name: 'DISK_MB', preset: 512, maximum: 2048, min: bounds.diskMbMin, max: bounds.diskMbMax },
  processes: {
    name: 'PROCESSES',
    preset: 256,
    maximum: 1024,
    min: bounds.processesMin,
    max: bounds.processesMax,
  },
} as const satisfies Record<keyof Resources, object>;

/** SEED_TASK_<NAME> and SEED_TASK_MAX_<NAME>. @throws SeedError invalid_settings */
export function resourceSettings(): ResourcePolicy {
  const defaults = {} as Resources;
  const maxima = {} as Resources;
  for (const [key, { name, preset, maximum, min, max }] of Object.entries(PRESETS)) {
    const resource = key as keyof Resources;
    maxima[resource] = integerSetting(`SEED_TASK_MAX_${name}`, maximum, min, max);
    defaults[resource] = integerSetting(`SEED_TASK_${name}`, Math.min(preset, maxima[resource]), min, max);
    if (defaults[resource] <= maxima[resource]) continue;
    throw new SeedError(
      'invalid_settings',
      `SEED_TASK_${name} is ${defaults[resource]}, more than SEED_TASK_MAX_${name}, which is ${maxima[resource]}`,
    );
  }
  return { defaults, maxima };
}
