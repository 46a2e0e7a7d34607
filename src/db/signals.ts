// Wake-ups between servers: a hint that something changed, never the change itself. Who waits subscribes first,
// looks at the database, and then waits: what changes in between is not missed. Opened by store.ts, with the way
// by which other servers are told and heard.
import { ENDS_SEQUENCE, endedTask, type Messenger, sequenceOf, type Topic } from './topics.ts';

/** What could not be told yet is kept until it can be: more than this is not. */
const UNTOLD_MOST = 100_000;

export interface Subscription extends Disposable {
  /**
   * Resolves when the topic was notified since the last `next` (or since `subscribe`), after `timeoutMs`, or when
   * `abort` fires; never rejects. One `next` at a time.
   */
  next(timeoutMs: number, abort?: AbortSignal): Promise<void>;
}

export class Signals {
  readonly #messenger: Messenger;
  readonly #wakes = new Map<string, Set<() => void>>();
  readonly #endings = new Set<(taskId: string | null) => void>();
  /** Topics to be told to the other servers, and to this one's subscribers before. */
  readonly #untold = new Set<Topic>();
  #telling: Promise<void> | undefined;
  #subscriptions = 0;

  constructor(messenger: Messenger) {
    this.#messenger = messenger;
  }

  /** Throws when the database cannot be reached; afterwards a lost connection only delays wake-ups. */
  async open(): Promise<void> {
    await this.#messenger.open({
      topic: (topic) => this.#wake(topic),
      oneOf: (sequences) => this.#wakeOneOf(sequences),
      missed: () => this.#wakeAll(),
      ready: () => this.#tellSoon(),
    });
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
    this.#count(1);
    let disposed = false;
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
        if (!disposed) this.#count(-1);
        disposed = true;
      },
    };
  }

  /** Resolves when what was told by now has got out, or could not. */
  async told(): Promise<void> {
    await new Promise(setImmediate);
    await this.#telling;
  }

  /** Wakes everyone, so that nobody waits for a notification that cannot come. */
  async close(): Promise<void> {
    await this.told();
    this.#wakeAll();
    await this.#messenger.close();
  }

  #count(more: 1 | -1): void {
    this.#subscriptions += more;
    if (this.#subscriptions === Number(more === 1)) this.#messenger.waited(more === 1);
  }

  #tellSoon(): void {
    if (this.#telling !== undefined) return;
    this.#telling = this.#tellAll().finally(() => {
      this.#telling = undefined;
    });
  }

  /** What fails is told when the messenger is ready again. */
  async #tellAll(): Promise<void> {
    while (this.#messenger.isReady() && this.#untold.size > 0) {
      const topics = [...this.#untold];
      this.#untold.clear();
      await this.#messenger.tell(topics).catch(() => {
        for (const topic of topics) this.#untold.add(topic);
      });
    }
  }

  #wake(topic: string): void {
    for (const wake of this.#wakes.get(topic) ?? []) wake();
    const taskId = endedTask(topic);
    if (taskId !== null) for (const hear of this.#endings) hear(taskId);
  }

  /** Who waits for any topic of theirs, and for each end of a task if it is among them. */
  #wakeOneOf(sequences: ReadonlySet<string>): void {
    for (const [topic, wakes] of this.#wakes) {
      if (sequences.has(sequenceOf(topic))) for (const wake of wakes) wake();
    }
    if (sequences.has(ENDS_SEQUENCE)) for (const hear of this.#endings) hear(null);
  }

  #wakeAll(): void {
    for (const wakes of this.#wakes.values()) for (const wake of wakes) wake();
    for (const hear of this.#endings) hear(null);
  }
}
