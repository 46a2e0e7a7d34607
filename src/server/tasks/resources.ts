// What a task's sandbox may have on this server: the operator's defaults and maxima, from the environment (docs/running.md describes
// each), and what a caller is given of what it wants. Called by the settings and where a task is accepted.
import { integerSetting } from '../../lib/settings.ts';
import { SeedError } from '../../protocol/errors.ts';
import type { ReceivedFile } from '../../protocol/file.ts';
import { LIMITS } from '../../protocol/limits.ts';
import type { Resources, WantedResources } from '../../protocol/resources.ts';

export interface ResourcePolicy {
  defaults: Resources;
  maxima: Resources;
}

/** @throws SeedError invalid_input, naming the first that is beyond its maximum */
export function grantResources({ defaults, maxima }: ResourcePolicy, wanted: WantedResources): Resources {
  const granted = { ...defaults };
  for (const name of Object.keys(defaults) as (keyof Resources)[]) {
    const value = wanted[name];
    if (value === undefined) continue;
    if (value > maxima[name]) {
      throw new SeedError('invalid_input', `resources.${name} is at most ${maxima[name]}, not ${value}`, {
        hint: 'Ask for less, or have the operator raise the maximum: docs/running.md names the setting.',
      });
    }
    granted[name] = value;
  }
  return granted;
}

const MIB = 1024 * 1024;

/** Files that fill a sandbox's disk would leave its agent nothing. @throws SeedError invalid_input */
export function refuseWithoutRoom(files: readonly ReceivedFile[], { diskMb }: Resources): void {
  const bytes = files.reduce((sum, { content }) => sum + content.size, 0);
  if (bytes <= (diskMb * MIB) / 2) return;
  throw new SeedError(
    'invalid_input',
    `the files take more than half of the sandbox's disk of ${diskMb} MiB`,
    { hint: 'Ask for more with resources.diskMb.' },
  );
}

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
