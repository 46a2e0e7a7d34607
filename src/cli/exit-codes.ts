// The exit codes of the CLI; docs and scripts rely on them. Used by everything that ends a command.
import { SeedError } from '../protocol/errors.ts';

export const EXIT = {
  ok: 0,
  error: 1,
  usage: 2,
  /** Not authenticated (401) or not allowed (403). */
  denied: 4,
  /** The task ended in another status than `completed`. */
  taskNotCompleted: 5,
  interrupted: 130,
} as const;

export function exitCodeOf(error: unknown): number {
  if (!(error instanceof SeedError)) return EXIT.error;
  if (error.code === 'usage') return EXIT.usage;
  return error.status === 401 || error.status === 403 ? EXIT.denied : EXIT.error;
}
