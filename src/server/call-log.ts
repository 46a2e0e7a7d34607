// Writes the calls of commands. Those of a task are its ledger and are written before they are answered; the others,
// which are only counted, together once a second.
import type { Logger } from '../lib/log.ts';
import { insertCalls, type NewCall } from '../store/calls.ts';
import type { Store } from '../store/store.ts';

const WRITE_EVERY_MS = 1_000;
/** So many are not kept waiting until the second is over. */
const WRITTEN_AT_ONCE = 1_000;
/** Calls that may wait to be written; more than that are left out, and the log says how many. */
const WAITING_MOST = 50_000;

/** Owns the calls that wait; they are written when the server stops. */
export class CallLog implements AsyncDisposable {
  readonly #store: Store;
  readonly #log: Logger;
  readonly #onLost: (calls: number) => void;
  readonly #timer: NodeJS.Timeout;
  #waiting: NewCall[] = [];
  #leftOut = 0;
  #writing: Promise<void> = Promise.resolve();

  /** @param onLost told how many calls could not be written */
  constructor(store: Store, log: Logger, onLost: (calls: number) => void) {
    this.#store = store;
    this.#log = log;
    this.#onLost = onLost;
    this.#timer = setInterval(() => void this.writeWaiting(), WRITE_EVERY_MS);
  }

  /** Resolves when the call may be answered. Never rejects: what cannot be written goes to the log. */
  async record(call: NewCall): Promise<void> {
    if (call.taskId !== null) return this.#write([call]);
    if (this.#waiting.length < WAITING_MOST) this.#waiting.push(call);
    else this.#leftOut += 1;
    if (this.#waiting.length === WRITTEN_AT_ONCE) void this.writeWaiting();
  }

  writeWaiting(): Promise<void> {
    this.#writing = this.#writing.then(() => {
      const calls = this.#waiting;
      this.#waiting = [];
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
      this.#log.error({ err: error, calls: calls.length, first }, 'calls could not be recorded');
      this.#onLost(calls.length);
    }
  }
}
