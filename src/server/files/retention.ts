// Removes files and artifacts of tasks that ended long ago, and what killed servers left, every hour.

import type { Clock } from '../../lib/clock.ts';
import { type Logger, logFailure } from '../../lib/log.ts';
import type { KeptBlobs } from './kept-blobs.ts';

const EVERY_MS = 3_600_000;
const DAY_MS = 86_400_000;

/** @param days after which they go; null: never */
export function keepFilesFor(
  days: number | null,
  blobs: KeptBlobs,
  clock: Clock,
  log: Logger,
): AsyncDisposable {
  const clean = async () => {
    const before = days === null ? null : new Date(clock.now().getTime() - days * DAY_MS);
    const removed = await blobs.clean(before);
    if (removed.blobs > 0) log.info({ ...removed, days }, 'removed old files and artifacts');
  };
  let cleaning: Promise<void> = Promise.resolve();
  const begin = () => {
    cleaning = clean().catch((error) => logFailure(log, error, 'could not remove old files and artifacts'));
  };
  begin();
  const timer = setInterval(begin, EVERY_MS);
  return {
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      await cleaning;
    },
  };
}
