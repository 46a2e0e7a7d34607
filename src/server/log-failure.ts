// How what is done from time to time tells that it failed.
import type { Logger } from '../lib/log.ts';
import { SeedError } from '../protocol/errors.ts';

/** Trouble of the database is in the log already (store/outage.ts): what fails by it is told for debugging only. */
export function logFailure(log: Logger, error: unknown, what: string, more: object = {}): void {
  const known = error instanceof SeedError && error.logged;
  log[known ? 'debug' : 'error']({ ...more, err: error }, what);
}
