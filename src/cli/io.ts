// Everything the CLI touches outside itself, as one interface, so that it runs in tests without a process.
// The real one is in system-io.ts.
import type { Clock } from '../lib/clock.ts';
import type { Request } from './request.ts';

export interface Output {
  readonly isTerminal: boolean;
  /** Width of the terminal in characters; 80 when it is not known. */
  readonly columns: number;
  write(content: string | Uint8Array): void;
}

export interface Input {
  readonly isTerminal: boolean;
  /** All of it as text. Rejects with SeedError `usage` past `limitBytes`. */
  readAll(limitBytes: number): Promise<string>;
  /** What comes, as it comes. */
  chunks(): AsyncIterable<Uint8Array>;
  /** One line typed on a terminal; null when the person gave up. */
  readLine(): Promise<string | null>;
  /** One line typed on a terminal without echo; null when the person gave up (Ctrl-C, Ctrl-D). */
  readSecret(): Promise<string | null>;
}

export interface Io {
  readonly stdin: Input;
  readonly stdout: Output;
  readonly stderr: Output;
  readonly clock: Clock;
  /** An environment variable; undefined when unset or empty. */
  env(name: string): string | undefined;
  readonly request: Request;
  wait(ms: number): Promise<void>;
  /** Calls `handler` at the next Ctrl-C instead of ending the process. Returns how to withdraw it. */
  onInterrupt(handler: () => void): () => void;
}
