// Hears other servers without a session of Postgres: reads how far the sequences are that whoever tells something
// moves, all in one statement, often while somebody waits here and seldom else. Made by store.ts for signals.ts
// where the only address of the database leads through a pooler that lends sessions by the transaction.
import type { ConnectionPool } from './connection-pool.ts';
import { type Heard, type Messenger, type Moved, SEQUENCES, TELL, type Topic, toTell } from './topics.ts';

interface PollingTimes {
  waitedMs: number;
  /** Null: not at all. */
  elseMs: number | null;
}

/** While somebody waits, the time that a wake-up from another server takes at most; else what caches live with. */
const EVERY: PollingTimes = { waitedMs: 200, elseMs: 5_000 };
/** Of a process that may be frozen whenever nobody waits in it, and catches up when it is woken. */
export const WHILE_WAITED: PollingTimes = { ...EVERY, elseMs: null };
const PATIENCE_MS = 3_000;

const READ = SEQUENCES.map(
  (name) => `select '${name}' as name, last_value + is_called::int as place from ${name}`,
).join(' union all ');

export class Polling implements Messenger {
  readonly #pool: ConnectionPool;
  readonly #every: PollingTimes;
  #heard: Heard | undefined;
  /** Where each sequence was when it was read, or moved here, last. */
  readonly #places = new Map<string, number>();
  #anybody = false;
  #isTurning = false;
  #timer: NodeJS.Timeout | undefined;
  /** One statement at a time: what is told here must not look as if another server had told it. */
  #asking: Promise<unknown> = Promise.resolve();
  #isReady = false;
  #closed = false;

  /** @param pool is asked as often as the times say, and once for all that is told together */
  constructor(pool: ConnectionPool, every = EVERY) {
    this.#pool = pool;
    this.#every = every;
  }

  async open(heard: Heard): Promise<void> {
    this.#heard = heard;
    await this.#look();
    this.#isReady = true;
    heard.ready();
    this.#again();
  }

  isReady(): boolean {
    return this.#isReady && !this.#closed;
  }

  async tell(topics: readonly Topic[]): Promise<void> {
    try {
      const told = await this.#ask(() => this.#pool.query<Moved>(TELL, toTell(topics), PATIENCE_MS));
      for (const { name, place } of told.rows) {
        // Read as it would be by the next look: one further than the last number that was given.
        if (this.#places.get(name) === place) this.#places.set(name, place + 1);
      }
    } catch (error) {
      this.#isReady = false;
      throw error;
    }
  }

  waited(anybody: boolean): void {
    this.#anybody = anybody;
    // Whoever comes now has to be looked for sooner than was meant.
    if (anybody && !this.#isTurning) this.#again();
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#asking;
  }

  #again(): void {
    clearTimeout(this.#timer);
    if (this.#closed) return;
    const { waitedMs, elseMs } = this.#every;
    const ms = this.#anybody ? waitedMs : elseMs;
    if (ms !== null) this.#timer = setTimeout(() => void this.#turn(), ms);
  }

  async #turn(): Promise<void> {
    this.#isTurning = true;
    await this.catchUp();
    this.#isTurning = false;
    this.#again();
  }

  /** What fails is looked at by the next turn. */
  async catchUp(): Promise<void> {
    const moved = await this.#look().catch(() => null);
    if (moved === null) {
      this.#isReady = false;
    } else {
      if (moved.size > 0) this.#heard?.oneOf(moved);
      this.#isReady = true;
      this.#heard?.ready();
    }
  }

  /** @returns the sequences that others have moved since the last look */
  async #look(): Promise<Set<string>> {
    const { rows } = await this.#ask(() => this.#pool.query<Moved>(READ, [], PATIENCE_MS));
    const moved = rows.filter(({ name, place }) => this.#places.get(name) !== place);
    for (const { name, place } of moved) this.#places.set(name, place);
    return new Set(moved.map(({ name }) => name));
  }

  #ask<Result>(ask: () => Promise<Result>): Promise<Result> {
    const asked = this.#asking.then(ask);
    this.#asking = asked.catch(() => undefined);
    return asked;
  }
}
