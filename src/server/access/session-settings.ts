// How long people stay signed in, from the environment; docs/running.md describes each.
import { integerSetting } from '../../lib/settings.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

export interface SessionSettings {
  /** From signing in to the end, whatever happens. */
  lifeMs: number;
  /** Without a request. */
  idleMs: number;
}

/** @throws SeedError invalid_settings */
export function sessionSettings(): SessionSettings {
  return {
    lifeMs: integerSetting('SEED_SESSION_HOURS', 12, 1, 168) * HOUR_MS,
    idleMs: integerSetting('SEED_SESSION_IDLE_MINUTES', 120, 5, 1_440) * MINUTE_MS,
  };
}
