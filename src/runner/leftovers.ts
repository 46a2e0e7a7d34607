// Tries again, now and then, to remove what the host did not let the driver remove at the end of a sandbox.
import type { Driver } from '../drivers/driver.ts';
import type { Logger } from '../lib/log.ts';
import { pause } from './patience.ts';

const EVERY_MS = 10_000;

/** Resolves when the signal aborts, after a last try. Never rejects. */
export async function removeLeftovers(
  driver: Pick<Driver, 'clean'>,
  signal: AbortSignal,
  log: Logger,
  everyMs: number = EVERY_MS,
): Promise<void> {
  if (driver.clean === undefined) return;
  for (let isLast = false; !isLast; ) {
    await pause(everyMs, signal);
    isLast = signal.aborted;
    for (const leftover of await driver.clean())
      log.warn(leftover, 'a sandbox that has ended cannot be removed yet');
  }
}
