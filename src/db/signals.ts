// Wake-ups between servers over LISTEN/NOTIFY: a hint that something changed, never the change itself. Who waits
// subscribes first, looks at the database, and then waits: what changes in between is not missed.
import { type Limits, type OwnConnection, openConnection } from './connection.ts';
import type { Outage } from './outage.ts';

export const CHANNEL = 'seed';
const RECONNECT_MIN_MS = 100;
const RECONNECT_MAX_MS = 5_000;
/** How often it asks whether its connection is still heard, and how long it waits: silence alone says nothing. */
const BEAT = { everyMs: 5_000, patienceMs: 3_000 };
const ENDED = 'ended:';
/** What could not be told yet is kept while the connection is made anew: more than this is not. */
const UNTOLD_MOST = 100_000;
const LIMITS: Limits = { statementMs: 5_000, lockMs: 5_000 };

export type Topic =
  | 'queue'
  | 'keys'
  | 'models'
  | 'webhooks'
  | 'approvals'
  | `task:${string}`
  | `ended:${string}`
  | `runner:${string}`
  | `idempotency:${string}`
  | `spend:${string}`
  | `approval:${string}`
  | `webhook-events:${string}`
  | `webhook-test:${string}`;

export interface Subscription extends Disposable {
  /**
   * Resolves when the topic was notified since the last `next` (or since `subscribe`), after `timeoutMs`, or when
   * `abort` fires; never rejects. One `next` at a time.
   */
  next(timeoutMs: number, abort?: AbortSignal): Promise<void>;
}

const TELL = 'select pg_notify($1, topic) from unnest($2::text[]) as topic';

/** Holds one connection from `open` to `close` and makes a new one whenever it breaks. */
export class Signals {
  readonly #databaseUrl: string;
  readonly #outage: Outage;
  readonly #times: typeof BEAT;
  readonly #wakes = new Map<string, Set<() => void>>();
  readonly #endings = new Set<(taskId: string | null) => void>();
  #connection: OwnConnection | undefined;
  #beating: NodeJS.Timeout | undefined;
  #reconnecting: NodeJS.Timeout | undefined;
  #closed = false;
  /** Topics to be told to the other servers, and to this one's subscribers before. */
  readonly #untold = new Set<Topic>();
  #telling: Promise<void> | undefined;

  constructor(databaseUrl: string, outage: Outage, times = BEAT) {
    this.#databaseUrl = databaseUrl;
    this.#outage = outage;
    this.#times = times;
  }

  /** Throws when the database cannot be reached; afterwards a lost connection only delays wake-ups. */
  async open(): Promise<void> {
    const connection = await openConnection(this.#databaseUrl, LIMITS, this.#outage);
    connection.onNotification((topic) => this.#wake(topic));
    connection.onEnd(() => this.#lost(connection));
    try {
      await connection.query(`listen ${CHANNEL}`);
    } catch (error) {
      await connection.end();
      throw error;
    }
    if (this.#closed) return connection.end();
    this.#connection = connection;
    this.#beat(connection);
    this.#tellSoon();
  }

  /**
   * Wakes the topics' subscribers here, and then on other servers: of all that is told at once by one statement,
   * and while that is under way what comes meanwhile waits for the next. Those who wait for what was committed
   * are woken behind whoever committed it.
   */
  tell(topics: ReadonlySet<Topic>): void {
    setImmediate(() => {
      for (const topic of topics) {
        this.#wake(topic);
        if (this.#untold.size < UNTOLD_MOST) this.#untold.add(topic);
      }
      this.#tellSoon();
    });
  }

  /** Calls `wake`, which must not throw, whenever the topic is notified or that may have been missed. */
  watch(topic: Topic, wake: () => void): Disposable {
    const wakes = this.#wakes.get(topic) ?? new Set();
    this.#wakes.set(topic, wakes.add(wake));
    return {
      [Symbol.dispose]: () => {
        wakes.delete(wake);
        if (wakes.size === 0 && this.#wakes.get(topic) === wakes) this.#wakes.delete(topic);
      },
    };
  }

  /**
   * Calls `hear`, which must not throw, with every task that has ended, on whatever server; with null when some
   * may have been missed.
   */
  watchEndings(hear: (taskId: string | null) => void): void {
    this.#endings.add(hear);
  }

  subscribe(topic: Topic): Subscription {
    let notified = false;
    let resolveNext: (() => void) | undefined;
    const watching = this.watch(topic, () => {
      notified = true;
      resolveNext?.();
    });
    return {
      next: async (timeoutMs, abort) => {
        if (!notified && !abort?.aborted) {
          await new Promise<void>((resolve) => {
            const done = () => {
              clearTimeout(timer);
              abort?.removeEventListener('abort', done);
              resolveNext = undefined;
              resolve();
            };
            const timer = setTimeout(done, timeoutMs);
            abort?.addEventListener('abort', done);
            resolveNext = done;
          });
        }
        notified = false;
      },
      [Symbol.dispose]: () => {
        watching[Symbol.dispose]();
        resolveNext?.();
      },
    };
  }

  /** Wakes everyone, so that nobody waits for a notification that cannot come. */
  async close(): Promise<void> {
    // What was told just now still gets out.
    await new Promise(setImmediate);
    await this.#telling;
    this.#closed = true;
    clearTimeout(this.#reconnecting);
    clearTimeout(this.#beating);
    const connection = this.#connection;
    this.#connection = undefined;
    this.#wakeAll();
    await connection?.end();
  }

  #tellSoon(): void {
    if (this.#telling !== undefined) return;
    this.#telling = this.#tellAll().finally(() => {
      this.#telling = undefined;
    });
  }

  /** What fails goes with the connection; the next one begins with it. */
  async #tellAll(): Promise<void> {
    const connection = this.#connection;
    while (connection && this.#connection === connection && this.#untold.size > 0) {
      const topics = [...this.#untold];
      this.#untold.clear();
      try {
        await connection.query(TELL, [CHANNEL, topics]);
      } catch {
        for (const topic of topics) this.#untold.add(topic);
        this.#lost(connection);
      }
    }
  }

  #wake(topic: string): void {
    for (const wake of this.#wakes.get(topic) ?? []) wake();
    if (topic.startsWith(ENDED)) for (const hear of this.#endings) hear(topic.slice(ENDED.length));
  }

  #wakeAll(): void {
    for (const topic of this.#wakes.keys()) this.#wake(topic);
    for (const hear of this.#endings) hear(null);
  }

  /** A connection that does not answer in time is given up, and is then lost. */
  #beat(connection: OwnConnection): void {
    this.#beating = setTimeout(() => {
      connection.query('select 1', [], this.#times.patienceMs).then(
        () => this.#connection === connection && this.#beat(connection),
        () => this.#lost(connection),
      );
    }, this.#times.everyMs);
  }

  #lost(connection: OwnConnection): void {
    if (this.#closed || this.#connection !== connection) return;
    this.#connection = undefined;
    clearTimeout(this.#beating);
    void connection.end();
    this.#reconnect(RECONNECT_MIN_MS);
  }

  #reconnect(delayMs: number): void {
    this.#reconnecting = setTimeout(() => {
      this.open().then(
        // What was notified meanwhile is unknown.
        () => this.#wakeAll(),
        () => this.#reconnect(Math.min(delayMs * 2, RECONNECT_MAX_MS)),
      );
    }, delayMs);
  }
}
