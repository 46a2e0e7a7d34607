// What every process of Seed has in common: how it fails to start and how it stops.
import { SeedError } from '../protocol/errors.ts';
import type { Logger } from './log.ts';

/**
 * Runs a process's main; what it throws is said to the person in words, and the process exits with 1. Until it has called
 * stopOnSignal, it ends at once with the parent that holds the IPC channel.
 */
export async function exitOnFailure(main: () => Promise<void>): Promise<void> {
  process.once('disconnect', exitWithParent);
  try {
    await main();
  } catch (error) {
    process.stderr.write(describeFailure(error));
    process.exit(1);
  }
}

export function describeFailure(error: unknown): string {
  if (error instanceof SeedError) return `seed: ${error.message}\n${error.hint ? `  ${error.hint}\n` : ''}`;
  return `seed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`;
}

const exitWithParent = () => process.exit(1);

const SIGNAL_CODES: Record<string, number> = { SIGINT: 130, SIGTERM: 143 };

/** Stops once on SIGINT, SIGTERM, or when the parent lets go of the IPC channel or is gone; a second signal ends at once. */
export function stopOnSignal(log: Logger, stop: () => Promise<void>): void {
  let stopping = false;
  const begin = (reason: string) => {
    if (stopping) {
      if (reason in SIGNAL_CODES) process.exit(SIGNAL_CODES[reason]);
      return;
    }
    stopping = true;
    log.info({ reason }, 'stopping');
    stop().then(
      () => process.exit(0),
      (error) => {
        log.error({ err: error }, 'could not stop cleanly');
        process.exit(1);
      },
    );
  };
  process.on('SIGINT', () => begin('SIGINT'));
  process.on('SIGTERM', () => begin('SIGTERM'));
  process.off('disconnect', exitWithParent);
  process.on('disconnect', () => begin('the parent let go'));
}
