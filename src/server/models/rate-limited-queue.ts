// Who may ask the upstream now, when its account has limits: calls beyond them wait, and tasks are served in turn.
import { setTimeout as sleep } from 'node:timers/promises';
import { type Leave, once } from '../../lib/counted-slots.ts';
import { SeedError } from '../../protocol/errors.ts';
import { LIMITS } from '../../protocol/limits.ts';
import type { AccountLimits, NoRoom } from './account-limits.ts';
import { llmUnavailable, type UpstreamFailure } from './upstream-failure.ts';

export interface QueueOptions {
  limits: AccountLimits;
  /** Counts a request against the limits that all servers share; null: it may be made. */
  count(): Promise<NoRoom | null>;
  /** Takes a slot of those that all processes share; null: none is free. Missing: this process's alone count. */
  takeSlot?(): Promise<Leave | null>;
  maxWaiting?: number;
  maxWaitMs?: number;
  sleep?(ms: number): Promise<unknown>;
}

/** Another server may take the room first; asking it at once again would be no use. */
const SHORTEST_SLEEP_MS = 20;
/** Nobody tells a process that another one has given a slot back. */
const SLOT_POLL_MS = 200;
const OWN_SLOT: Leave = () => undefined;
const HINT =
  'All tasks share these limits. The operator can raise them to what the account has (SEED_LLM_REQUESTS_PER_MINUTE, SEED_LLM_REQUESTS_PER_DAY, SEED_LLM_CONCURRENT_CALLS), or add a model to SEED_LLM_MODEL.';

/** Owns the calls that wait in this server. */
export class RateLimitedQueue {
  readonly #queue = new FairQueue<PromiseWithResolvers<Leave>>();
  readonly #options: Required<QueueOptions>;
  #open = 0;
  #serving = false;

  constructor(options: QueueOptions) {
    const { llmWaitingCalls: maxWaiting, llmWaitMs: maxWaitMs } = LIMITS;
    const sleepUnnoticed = (ms: number) => sleep(ms, undefined, { ref: false });
    this.#options = { maxWaiting, maxWaitMs, sleep: sleepUnnoticed, takeSlot: async () => OWN_SLOT, ...options };
  }

  /**
   * Resolves when a request may be made for this task, once; whoever made it releases the slot.
   * @param signal aborts the waiting, with its reason
   * @throws llm_unavailable when too many wait, the waiting takes too long or the day has no room left
   */
  async enter(taskId: string, signal: AbortSignal): Promise<Leave> {
    signal.throwIfAborted();
    const { maxWaiting, maxWaitMs } = this.#options;
    if (this.#queue.size >= maxWaiting) throw this.#full();
    const waiting = Promise.withResolvers<Leave>();
    const leave = (why: unknown) => {
      this.#queue.remove(taskId, waiting);
      waiting.reject(why);
    };
    const onGone = () => leave(signal.reason);
    const late = setTimeout(() => leave(this.#late()), maxWaitMs);
    signal.addEventListener('abort', onGone, { once: true });
    this.#queue.push(taskId, waiting);
    void this.#serve();
    try {
      return await waiting.promise;
    } finally {
      clearTimeout(late);
      signal.removeEventListener('abort', onGone);
    }
  }

  async #serve(): Promise<void> {
    if (this.#serving) return;
    this.#serving = true;
    try {
      while (this.#queue.size > 0 && this.#open < (this.#options.limits.concurrent ?? Number.POSITIVE_INFINITY)) {
        const leave = await this.#options.takeSlot();
        if (leave === null) {
          await this.#options.sleep(SLOT_POLL_MS);
          continue;
        }
        const noRoom = await this.#options.count().catch((error) => {
          leave();
          throw error;
        });
        if (noRoom === null) this.#admitNext(leave);
        else {
          leave();
          if (noRoom.waitMs > this.#options.maxWaitMs) this.#refuseAll(this.#usedUp(noRoom));
          else await this.#options.sleep(Math.max(SHORTEST_SLEEP_MS, noRoom.waitMs));
        }
      }
    } catch (cause) {
      this.#refuseAll(
        new SeedError('unavailable', 'the limits of the LLM upstream could not be looked up', { cause }),
      );
    } finally {
      this.#serving = false;
    }
  }

  /** Whoever went away while the request was counted leaves it to the next; without one it is lost. */
  #admitNext(leave: Leave): void {
    const next = this.#queue.shift();
    if (!next) {
      leave();
      return;
    }
    this.#open += 1;
    next.resolve(
      once(() => {
        this.#open -= 1;
        leave();
        void this.#serve();
      }),
    );
  }

  #refuseAll(why: SeedError): void {
    for (let next = this.#queue.shift(); next; next = this.#queue.shift()) next.reject(why);
  }

  #full(): UpstreamFailure {
    const { perMinute } = this.#options.limits;
    const seconds = perMinute === null ? 10 : Math.ceil((this.#queue.size / perMinute) * 60);
    return notAdmitted(`has ${this.#queue.size} calls waiting for ${this.#limitsInWords()}`, seconds);
  }

  #late(): UpstreamFailure {
    const waited = `${this.#options.maxWaitMs / 1000} s`;
    const what = `had no turn for this call within ${waited}: all tasks share ${this.#limitsInWords()}`;
    return notAdmitted(what, 60);
  }

  #usedUp({ span, waitMs }: NoRoom): UpstreamFailure {
    const { perMinute, perDay } = this.#options.limits;
    const seconds = Math.ceil(waitMs / 1000);
    const [limit, until] = span === 'day' ? [perDay, 'after 00:00 UTC'] : [perMinute, `in ${seconds} s`];
    return notAdmitted(`has no request left of its ${limit} a ${span}: again ${until}`, seconds);
  }

  #limitsInWords(): string {
    const { perMinute, perDay, concurrent } = this.#options.limits;
    const words = [
      perMinute === null ? [] : `${perMinute} requests a minute`,
      perDay === null ? [] : `${perDay} requests a day`,
      concurrent === null ? [] : `${concurrent} calls at a time`,
    ];
    return words.flat().join(', ');
  }
}

function notAdmitted(what: string, retryAfterSeconds: number): UpstreamFailure {
  return llmUnavailable(what, { hint: HINT, retryAfterSeconds, blames: 'limits' });
}

/** A queue that is fair to its owners: they are served in turn, so that fifty of one never hold up another's. */
export class FairQueue<Item> {
  /** By owner, in the order in which they are served next. No list is empty. */
  readonly #waiting = new Map<string, Item[]>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  push(owner: string, item: Item): void {
    const own = this.#waiting.get(owner);
    if (own) own.push(item);
    else this.#waiting.set(owner, [item]);
    this.#size += 1;
  }

  /** Takes the next item, the owners in turn. */
  shift(): Item | undefined {
    const [first] = this.#waiting;
    if (!first) return undefined;
    const [owner, own] = first;
    const item = own.shift();
    this.#size -= 1;
    // Behind the other owners, if it has more.
    this.#waiting.delete(owner);
    if (own.length > 0) this.#waiting.set(owner, own);
    return item;
  }

  /** Does nothing when the item is not in the queue. */
  remove(owner: string, item: Item): void {
    const own = this.#waiting.get(owner);
    const index = own?.indexOf(item) ?? -1;
    if (!own || index === -1) return;
    own.splice(index, 1);
    this.#size -= 1;
    if (own.length === 0) this.#waiting.delete(owner);
  }
}
