// When keys were last used, kept in memory and written in batches: no request waits for a write, and a server that is
// killed loses at most what it has not written yet.

import type { Store } from '../../db/store.ts';
import type { Logger } from '../../lib/log.ts';
import { logFailure } from '../../lib/log-failure.ts';
import { saveKeyUses } from './key-use-rows.ts';

const WRITE_EVERY_MS = 30_000;

export class KeyUse implements AsyncDisposable {
  readonly #store: Store;
  readonly #log: Logger;
  readonly #timer: NodeJS.Timeout;
  #uses = new Map<string, Date>();
  #writing: Promise<void> = Promise.resolve();

  constructor(store: Store, log: Logger, writeEveryMs: number = WRITE_EVERY_MS) {
    this.#store = store;
    this.#log = log;
    this.#timer = setInterval(() => void this.write(), writeEveryMs);
  }

  note(keyId: string): void {
    this.#uses.set(keyId, this.#store.clock.now());
  }

  /** Writes what was noted since the last time; what cannot be written is kept for the next. */
  write(): Promise<void> {
    this.#writing = this.#writing.then(async () => {
      const uses = this.#uses;
      this.#uses = new Map();
      try {
        await saveKeyUses(this.#store.db, uses);
      } catch (error) {
        for (const [id, at] of uses) if (!this.#uses.has(id)) this.#uses.set(id, at);
        logFailure(this.#log, error, 'could not write when keys were last used');
      }
    });
    return this.#writing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    await this.write();
  }
}
