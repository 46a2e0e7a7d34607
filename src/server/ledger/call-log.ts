// Counts the calls of commands that no ledger has: written together once a second, and those of a second that differ in nothing
// that counts as one row.

import type { Store } from '../../db/store.ts';
import type { Logger } from '../../lib/log.ts';
import { insertCalls, type NewCall } from './calls.ts';

const WRITE_EVERY_MS = 1_000;
/** So many rows are not kept waiting until the second is over. */
const WRITTEN_AT_ONCE = 1_000;
/** Rows that may wait to be written; calls that would need more are left out, and the log says how many. */
const WAITING_MOST = 50_000;

/** Owns the calls that wait; they are written when the server stops. */
export class CallLog implements AsyncDisposable {
  readonly #store: Store;
  readonly #log: Logger;
  readonly #onLost: (calls: number) => void;
  readonly #timer: NodeJS.Timeout;
  #waiting = new Map<string, NewCall>();
  #leftOut = 0;
  #writing: Promise<void> = Promise.resolve();

  /** @param onLost told how many calls could not be written */
  constructor(store: Store, log: Logger, onLost: (calls: number) => void) {
    this.#store = store;
    this.#log = log;
    this.#onLost = onLost;
    this.#timer = setInterval(() => void this.writeWaiting(), WRITE_EVERY_MS);
  }

  /** @param call kept as it is, and counted up */
  count(call: NewCall): void {
    const kind = kindOf(call);
    const alike = this.#waiting.get(kind);
    if (alike) {
      alike.times += 1;
      alike.at = call.at;
      return;
    }
    if (this.#waiting.size < WAITING_MOST) this.#waiting.set(kind, call);
    else this.#leftOut += 1;
    if (this.#waiting.size === WRITTEN_AT_ONCE) void this.writeWaiting();
  }

  writeWaiting(): Promise<void> {
    this.#writing = this.#writing.then(() => {
      const calls = [...this.#waiting.values()];
      this.#waiting = new Map();
      const leftOut = this.#leftOut;
      this.#leftOut = 0;
      if (leftOut > 0) {
        this.#log.error({ calls: leftOut }, 'calls were not recorded: too many');
        this.#onLost(leftOut);
      }
      return this.#write(calls);
    });
    return this.#writing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    await this.writeWaiting();
  }

  async #write(calls: NewCall[]): Promise<void> {
    try {
      for (let from = 0; from < calls.length; from += WRITTEN_AT_ONCE) {
        await insertCalls(this.#store.db, calls.slice(from, from + WRITTEN_AT_ONCE));
      }
    } catch (error) {
      const [first] = calls;
      const lost = calls.reduce((sum, { times }) => sum + times, 0);
      this.#log.error({ err: error, calls: lost, first }, 'calls could not be recorded');
      this.#onLost(lost);
    }
  }
}

/** All that a report tells calls apart by; the rest follows from the key and the command. */
function kindOf({ keyId, command, status, code, durationMs, at }: NewCall): string {
  const second = Math.floor(at.getTime() / 1_000);
  return `${keyId} ${command} ${status} ${code} ${durationMs} ${second}`;
}
