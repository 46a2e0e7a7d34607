// When keys were last used, written in batches: no request waits, and a killed server loses only the last of them.
import { sql } from 'kysely';
import type { Store } from '../../db/store.ts';
import type { Db } from '../../db/tables.ts';
import type { Loop } from '../../lib/every.ts';
import type { Logger } from '../../lib/log.ts';

const WRITE_EVERY_MS = 30_000;

export class KeyUse implements AsyncDisposable {
  readonly #store: Store;
  readonly #writing: Loop;
  #uses = new Map<string, Date>();

  constructor(store: Store, log: Logger, writeEveryMs: number = WRITE_EVERY_MS) {
    this.#store = store;
    const name = 'write when keys were last used';
    this.#writing = store.loops.every({ everyMs: writeEveryMs, flushes: true, name, log }, () => this.#write());
  }

  note(keyId: string): void {
    this.#uses.set(keyId, this.#store.clock.now());
  }

  /** Writes what was noted since the last time; what cannot be written is kept for the next. */
  write(): Promise<void> {
    return this.#writing.now();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writing.stop();
    await this.write();
  }

  async #write(): Promise<void> {
    const uses = this.#uses;
    this.#uses = new Map();
    try {
      await saveKeyUses(this.#store.db, uses);
    } catch (error) {
      for (const [id, at] of uses) if (!this.#uses.has(id)) this.#uses.set(id, at);
      throw error;
    }
  }
}

/** Keeps the later of what is there and what is given, so that several servers may write. */
export async function saveKeyUses(db: Db, uses: ReadonlyMap<string, Date>): Promise<void> {
  if (uses.size === 0) return;
  const ids = [...uses.keys()];
  const times = [...uses.values()].map((time) => time.toISOString());
  // Locked in the order of their ids, so that two servers never wait for each other.
  await sql`
    with used as (
      select * from unnest(${ids}::uuid[], ${times}::timestamptz[]) as used (id, at)
    ), locked as (
      select keys.id, used.at from keys join used on used.id = keys.id
      order by keys.id for no key update of keys
    )
    update keys set last_used_at = greatest(last_used_at, locked.at) from locked where keys.id = locked.id
  `.execute(db);
}
