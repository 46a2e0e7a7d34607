// The exit codes of the CLI; docs and scripts rely on them. Used by everything that ends a command.
import type { SeedError } from '../protocol/errors.ts';

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
  if (!isSeedError(error)) return EXIT.error;
  if (error.code === 'usage') return EXIT.usage;
  return error.status === 401 || error.status === 403 ? EXIT.denied : EXIT.error;
}

/** By its shape: what bin/seed loads by address has the class once more, and `instanceof` does not know it. */
export function isSeedError(error: unknown): error is SeedError {
  return error instanceof Error && 'code' in error && 'hint' in error;
}
