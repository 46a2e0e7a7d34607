// All that the CLI touches outside itself, as an interface that main.ts fulfils, and tests too; and exit codes.
import type { Clock } from '../lib/clock.ts';
import { SeedError } from '../protocol/errors.ts';
import type { Request } from './request.ts';

export interface Output {
  readonly isTerminal: boolean;
  /** Width of the terminal in characters; 80 when it is not known. */
  readonly columns: number;
  /** Its height in lines; missing: it is not known. */
  readonly rows?: number | undefined;
  write(content: string | Uint8Array): void;
}

export interface Input {
  readonly isTerminal: boolean;
  /** All of it as text. Rejects with SeedError `usage` past `limitBytes`. */
  readAll(limitBytes: number): Promise<string>;
  chunks(): AsyncIterable<Uint8Array>;
  /** One line typed on a terminal; null when the person gave up, or the signal is aborted. */
  readLine(signal?: AbortSignal): Promise<string | null>;
  /**
   * One key pressed on a terminal, without echo; what was typed before it was asked for does not count.
   * Null when the person gave up (Ctrl-C, Ctrl-D), the input ends or the signal is aborted.
   */
  readKey(signal: AbortSignal): Promise<string | null>;
  /**
   * One line typed on a terminal without echo; null when the person gave up (Ctrl-C, Ctrl-D).
   * @param ask is called when nothing that is typed is shown any more
   */
  readSecret(ask: () => void): Promise<string | null>;
}

export interface Io {
  readonly stdin: Input;
  readonly stdout: Output;
  readonly stderr: Output;
  readonly clock: Clock;
  /** An environment variable; undefined when unset or empty. */
  env(name: string): string | undefined;
  /** Those that are set and begin so, by the rest of their names. */
  envAfter(prefix: string): Record<string, string>;
  readonly request: Request;
  wait(ms: number): Promise<void>;
  /** Shows the text in a program until that ends; answers whether there is such a program. Missing: none. */
  showIn?(command: string, text: string): boolean;
  /** Calls `handler` at the next Ctrl-C instead of ending the process. Returns how to withdraw it. */
  onInterrupt(handler: () => void): () => void;
}

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

/** Somebody pressed Ctrl-C while the CLI waited for what goes on without it. */
export class InterruptedError extends Error {
  readonly hint: string;

  constructor(message: string, hint: string) {
    super(message);
    this.name = 'InterruptedError';
    this.hint = hint;
  }
}

export function exitCodeOf(error: unknown): number {
  if (error instanceof InterruptedError) return EXIT.interrupted;
  if (!isSeedError(error)) return EXIT.error;
  if (error.code === 'usage') return EXIT.usage;
  return error.status === 401 || error.status === 403 ? EXIT.denied : EXIT.error;
}

/** By its shape: what bin/seed loads by address has the class once more, and `instanceof` does not know it. */
export function isSeedError(error: unknown): error is SeedError {
  return error instanceof Error && 'code' in error && 'hint' in error;
}

export function usageError(message: string, hint?: string, cause?: unknown): SeedError {
  return new SeedError('usage', message, { ...(hint && { hint }), cause });
}
