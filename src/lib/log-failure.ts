// How what is done from time to time tells that it failed.
import type { BaseLogger } from 'pino';
import { SeedError } from '../protocol/errors.ts';

/** What its finder has logged already, such as that the database is away, is told for debugging only. */
export function logFailure(log: BaseLogger, error: unknown, what: string, more: object = {}): void {
  const known = error instanceof SeedError && error.logged;
  log[known ? 'debug' : 'error']({ ...more, err: error }, what);
}
