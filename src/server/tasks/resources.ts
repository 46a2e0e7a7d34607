// What a task's sandbox may have: the operator's defaults and maxima, from the environment (docs/running.md), and
// what a caller is given of what it wants. Called by the settings and where a task is accepted.
import { integerSetting } from '../../lib/settings.ts';
import { SeedError } from '../../protocol/errors.ts';
import { clashingName } from '../../protocol/file-name.ts';
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
    if (value > maxima[name])
      throw new SeedError('invalid_input', `resources.${name} is at most ${maxima[name]}, not ${value}`, {
        hint: 'Ask for less, or have the operator raise the maximum: docs/running.md names the setting.',
      });
    granted[name] = value;
  }
  return granted;
}

const MIB = 1024 * 1024;

/** Those of a request and those sent before. @throws SeedError invalid_input */
export function refuseTooManyFiles(files: readonly { name: string }[]): void {
  if (files.length > LIMITS.filesPerTask)
    throw new SeedError('invalid_input', `files and uploads: a task takes at most ${LIMITS.filesPerTask} files`);
  const clash = clashingName(files.map(({ name }) => name));
  if (clash === null) return;
  throw new SeedError(
    'invalid_input',
    `files and uploads: the name "${clash}" is there twice, or is also a folder`,
  );
}

/** Files that fill a sandbox's disk would leave its agent nothing. @throws SeedError invalid_input */
export function refuseWithoutRoom(files: readonly { size: number }[], { diskMb }: Resources): void {
  const bytes = files.reduce((sum, { size }) => sum + size, 0);
  if (bytes <= (diskMb * MIB) / 2) return;
  throw new SeedError('invalid_input', `the files take more than half of the sandbox's disk of ${diskMb} MiB`, {
    hint: 'Ask for more with resources.diskMb.',
  });
}

/** What a task gets, and the most that it can get, where the environment says nothing. */
const PRESETS: Record<keyof Resources, { preset: number; maximum: number }> = {
  vcpus: { preset: 2, maximum: 4 },
  memoryMb: { preset: 1024, maximum: 4096 },
  diskMb: { preset: 512, maximum: 2048 },
  processes: { preset: 256, maximum: 1024 },
};

/** Reads SEED_TASK_<NAME> and SEED_TASK_MAX_<NAME>. @throws SeedError invalid_settings */
export function resourceSettings(): ResourcePolicy {
  const defaults = {} as Resources;
  const maxima = {} as Resources;
  for (const resource of Object.keys(PRESETS) as (keyof Resources)[]) {
    const { preset, maximum } = PRESETS[resource];
    const { [`${resource}Min` as const]: min, [`${resource}Max` as const]: max } = LIMITS.resources;
    const name = resource.replace(/[A-Z]/, '_$&').toUpperCase();
    const most = integerSetting(`SEED_TASK_MAX_${name}`, maximum, min, max);
    const usual = integerSetting(`SEED_TASK_${name}`, Math.min(preset, most), min, max);
    if (usual > most)
      throw new SeedError(
        'invalid_settings',
        `SEED_TASK_${name} is ${usual}, more than SEED_TASK_MAX_${name}, which is ${most}`,
      );
    maxima[resource] = most;
    defaults[resource] = usual;
  }
  return { defaults, maxima };
}
