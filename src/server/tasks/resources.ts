// What a task's sandbox may have on this server: what the caller wants, within the server's maxima, and its defaults.
import { SeedError } from '../../protocol/errors.ts';
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
