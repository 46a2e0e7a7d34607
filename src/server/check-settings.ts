// What a start would say of the environment's settings, without a start. For `seed upgrade --check`.
import { env, replaceEnvironment, wholeEnvironment } from '../lib/env.ts';
import { SeedError } from '../protocol/errors.ts';
import { readServerSettings } from './settings.ts';

/** Null: nothing. A runner token is made by `npm start` itself, so that none need be there. */
export function problemOfSettings(): { message: string; hint: string | null } | null {
  const before = Object.fromEntries(
    Object.entries(wholeEnvironment()).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
  try {
    if (env('SEED_RUNNER_TOKEN') === undefined)
      replaceEnvironment({ ...before, SEED_RUNNER_TOKEN: '0'.repeat(32) });
    readServerSettings();
    return null;
  } catch (error) {
    if (error instanceof SeedError) return { message: error.message, hint: error.hint };
    throw error;
  } finally {
    replaceEnvironment(before);
  }
}
