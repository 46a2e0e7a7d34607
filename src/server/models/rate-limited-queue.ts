// Who may ask the upstream now, when its account has limits: calls beyond them wait, the tasks by turns.
import { setTimeout as sleep } from 'node:timers/promises';
import { SeedError } from '../../protocol/errors.ts';
import { LIMITS } from '../../protocol/limits.ts';
import type { AccountLimits } from './account-limits.ts';
import type { NoRoom } from './accounts.ts';
import { FairQueue } from './fair-queue.ts';
import { llmUnavailable, type UpstreamFailure } from './upstream-failure.ts';

/** Ends the turn and lets the next one in. Safe to call twice. */
export type EndTurn = () => void;

export interface TurnsOptions {
  limits: AccountLimits;
  /** Counts a request against the limits that all servers share; null: it may be made. */
  count(): Promise<NoRoom | null>;
  maxWaiting?: number;
  maxWaitMs?: number;
  sleep?(ms: number): Promise<unknown>;
}

interface Waiting {
  admit(end: EndTurn): void;
  refuse(why: unknown): void;
}

/** Another server may take the room first; asking it at once again would be no use. */
const SHORTEST_SLEEP_MS = 20;
const HINT =
  'All tasks share these limits. The operator can raise them to what the account has (SEED_LLM_REQUESTS_PER_MINUTE, SEED_LLM_REQUESTS_PER_DAY, SEED_LLM_CONCURRENT_CALLS), or add a model to SEED_LLM_MODEL.';

/** Owns the calls that wait in this server. */
export class Turns {
  readonly #queue = new FairQueue<Waiting>();
  readonly #options: Required<TurnsOptions>;
  #open = 0;
  #serving = false;

  constructor(options: TurnsOptions) {
    const { llmWaitingCalls: maxWaiting, llmWaitMs: maxWaitMs } = LIMITS;
    const sleepUnnoticed = (ms: number) => sleep(ms, undefined, { ref: false });
    this.#options = { maxWaiting, maxWaitMs, sleep: sleepUnnoticed, ...options };
  }

  /**
   * Resolves when a request may be made for this task, once; whoever made it ends the turn.
   * @param signal aborts the waiting, with its reason
   * @throws llm_unavailable when too many wait, the waiting takes too long or the day has no room left
   */
  async take(taskId: string, signal: AbortSignal): Promise<EndTurn> {
    signal.throwIfAborted();
    const { maxWaiting, maxWaitMs } = this.#options;
    if (this.#queue.size >= maxWaiting) throw this.#full();
    const { promise, resolve: admit, reject: refuse } = Promise.withResolvers<EndTurn>();
    const waiting: Waiting = { admit, refuse };
    const leave = (why: unknown) => {
      this.#queue.remove(taskId, waiting);
      refuse(why);
    };
    const onGone = () => leave(signal.reason);
    const late = setTimeout(() => leave(this.#late()), maxWaitMs);
    signal.addEventListener('abort', onGone, { once: true });
    this.#queue.push(taskId, waiting);
    void this.#serve();
    try {
      return await promise;
    } finally {
      clearTimeout(late);
      signal.removeEventListener('abort', onGone);
    }
  }

  async #serve(): Promise<void> {
    if (this.#serving) return;
    this.#serving = true;
    try {
      while (
        this.#queue.size > 0 &&
        this.#open < (this.#options.limits.concurrent ?? Number.POSITIVE_INFINITY)
      ) {
        const noRoom = await this.#options.count();
        if (noRoom === null) this.#admitNext();
        else if (noRoom.waitMs > this.#options.maxWaitMs) this.#refuseAll(this.#usedUp(noRoom));
        else await this.#options.sleep(Math.max(SHORTEST_SLEEP_MS, noRoom.waitMs));
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
  #admitNext(): void {
    const next = this.#queue.shift();
    if (!next) return;
    this.#open += 1;
    let ended = false;
    next.admit(() => {
      if (ended) return;
      ended = true;
      this.#open -= 1;
      void this.#serve();
    });
  }

  #refuseAll(why: SeedError): void {
    for (let next = this.#queue.shift(); next; next = this.#queue.shift()) next.refuse(why);
  }

  #full(): UpstreamFailure {
    const { perMinute } = this.#options.limits;
    const seconds = perMinute === null ? 10 : Math.ceil((this.#queue.size / perMinute) * 60);
    const what = `has ${this.#queue.size} calls waiting for ${this.#limitsInWords()}`;
    return noTurn(what, seconds);
  }

  #late(): UpstreamFailure {
    const waited = `${this.#options.maxWaitMs / 1000} s`;
    const what = `had no turn for this call within ${waited}: all tasks share ${this.#limitsInWords()}`;
    return noTurn(what, 60);
  }

  #usedUp({ span, waitMs }: NoRoom): UpstreamFailure {
    const { perMinute, perDay } = this.#options.limits;
    const until = span === 'day' ? 'again after 00:00 UTC' : `again in ${Math.ceil(waitMs / 1000)} s`;
    const what = `has no request left of its ${span === 'day' ? perDay : perMinute} a ${span}: ${until}`;
    return noTurn(what, Math.ceil(waitMs / 1000));
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

function noTurn(what: string, retryAfterSeconds: number): UpstreamFailure {
  return llmUnavailable(what, { hint: HINT, retryAfterSeconds, blames: 'limits' });
}
