// What every process of Seed has in common: how it fails to start and how it stops.
import { SeedError } from '../protocol/errors.ts';
import type { Logger } from './log.ts';

/**
 * Runs a process's main; what it throws is said in words, and the process exits with 1. Until it has called
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
/** What a process that is to start afresh has left for stopping. */
const STOP_WITHIN_MS = 30_000;

/** Stops once on SIGINT, SIGTERM, or when the parent closes the IPC channel; a second signal ends at once. */
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

/**
 * Logs what nobody foresaw. After a rejected promise that nobody waits for the process goes on. An uncaught
 * exception may have left anything half done: it stops as on a signal, and its keeper starts it afresh.
 */
export function logSurprises(log: Logger, stop: () => Promise<void>): void {
  let isStopping = false;
  process.on('unhandledRejection', (reason) => {
    log.error({ err: reason }, 'a promise was rejected, and nobody waits for it: a bug in Seed, please report it');
  });
  process.on('uncaughtException', (error) => {
    log.fatal({ err: error }, 'an exception that nobody caught: a bug in Seed, please report it; stopping');
    if (isStopping) return;
    isStopping = true;
    setTimeout(() => process.exit(1), STOP_WITHIN_MS).unref();
    const end = () => process.exit(1);
    stop().then(end, end);
  });
}
