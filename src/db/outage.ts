// Says in the log that the database is in trouble, once for all whom it meets, and that it is over.
import type { BaseLogger } from 'pino';
import type { SeedError } from '../protocol/errors.ts';

/** While trouble lasts, a line is written as often as this at most. */
const LINE_EVERY_MS = 10_000;
/** Over is what has met nobody for so long. */
const OVER_AFTER_MS = 2_000;
/** An operator may close a primary for writes, too: then new connections are no better. */
const RENEW_EVERY_MS = 5_000;

export class Outage {
  /** Whether the database's disk was found full; whoever finds room again sets it back. */
  diskFull = false;
  /**
   * Connections that were made before are used no more: one of them leads to a database that takes no writes, as
   * one does that was the primary, and reads there may be of the past.
   */
  trustedFromMs = Number.NEGATIVE_INFINITY;
  readonly #log: BaseLogger;
  readonly #nowMs: () => number;
  #failures = 0;
  #sinceMs = 0;
  #lastMs = 0;
  #lineMs = Number.NEGATIVE_INFINITY;
  #told = false;

  constructor(log: BaseLogger, nowMs = () => performance.now()) {
    this.#log = log;
    this.#nowMs = nowMs;
  }

  /** Notes that somebody was met by it. Returns the failure. */
  met(failure: SeedError): SeedError {
    const nowMs = this.#nowMs();
    if (this.#failures === 0) this.#sinceMs = nowMs;
    this.#failures += 1;
    this.#lastMs = nowMs;
    if (failure.code === 'storage_full') this.diskFull = true;
    if (nowMs - this.#lineMs >= LINE_EVERY_MS) {
      this.#lineMs = nowMs;
      this.#told = true;
      this.#log.error({ code: failure.code, cause: reasonOf(failure), met: this.#failures }, failure.message);
    }
    return failure;
  }

  /** Notes that somebody was refused a write by what was the primary. */
  foundReadOnly(): void {
    const nowMs = this.#nowMs();
    if (nowMs - this.trustedFromMs >= RENEW_EVERY_MS) this.trustedFromMs = nowMs;
  }

  /** Notes that the database did what it was asked. */
  passed(): void {
    if (this.#failures === 0) return;
    const nowMs = this.#nowMs();
    if (nowMs - this.#lastMs < OVER_AFTER_MS) return;
    const seconds = Math.round((this.#lastMs - this.#sinceMs) / 1_000);
    if (this.#told) this.#log.info({ met: this.#failures, seconds }, 'the database answers again');
    this.#failures = 0;
    this.#told = false;
  }
}

function reasonOf({ cause, message }: SeedError): string {
  const { message: said, code } = (cause ?? {}) as { message?: string; code?: string };
  return [code, said || message].filter(Boolean).join(' ');
}
