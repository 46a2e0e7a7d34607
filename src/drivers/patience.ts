// How much longer a driver waits for its own programs than on a usual machine, for machines that are emulated and
// take minutes for what others do in seconds. Each driver multiplies its waits by it, and so do its tests.
import { integerSetting } from '../lib/settings.ts';

const MOST = 1_000;

/** The time to wait here for what takes at most `usualMs` elsewhere. @throws SeedError invalid_settings */
export function patient(usualMs: number): number {
  return usualMs * integerSetting('SEED_SANDBOX_PATIENCE', 1, 1, MOST);
}
