// Keeps calls of models within budgets and limits: reserves what a call may take before it is made, and settles it with
// what it took. The gateway asks it for every call.
import type { Prices } from '../../core/cost.ts';
import type { ModelCall } from '../../core/model-call.ts';
import type { Logger } from '../../lib/log.ts';
import { SeedError } from '../../protocol/errors.ts';
import { recordModelCall } from '../../store/model-calls.ts';
import { renewReservations } from '../../store/reservations.ts';
import { tryReserve } from '../../store/reserve.ts';
import type { Store } from '../../store/store.ts';
import type { ChatRequest } from '../llm/chat-request.ts';
import { estimateCall } from './estimate.ts';

const RENEW_EVERY_MS = 5_000;
/** A look at what is left even without a notification: a killed server's calls end without one. */
const LOOK_AGAIN_MS = 1_000;

/** Owns the reservations of this server's calls and keeps them alive until they are settled. */
export class Spending implements AsyncDisposable {
  readonly #store: Store;
  readonly #prices: Prices;
  readonly #log: Logger;
  readonly #held = new Set<string>();
  readonly #timer: NodeJS.Timeout;
  #renewing: Promise<void> = Promise.resolve();

  constructor(store: Store, prices: Prices, log: Logger) {
    this.#store = store;
    this.#prices = prices;
    this.#log = log;
    this.#timer = setInterval(() => {
      this.#renewing = renewReservations(store, [...this.#held]).catch((error) =>
        this.#log.error({ err: error }, 'reservations could not be renewed'),
      );
    }, RENEW_EVERY_MS);
  }

  /**
   * Resolves when the call may be made, and with what to settle it by: null when nothing bounds it. Waits for calls under
   * way that may take what is left.
   * @throws SeedError budget_exceeded, key_revoked, or unavailable when the signal aborts
   */
  async reserve(taskId: string, request: ChatRequest, signal: AbortSignal): Promise<string | null> {
    const atMost = estimateCall(request, this.#prices);
    let ended = await tryReserve(this.#store, taskId, atMost);
    while (ended.kind === 'wait') {
      using endings = this.#store.signals.subscribe(ended.topic);
      // Once more after subscribing, so that no ending is missed.
      ended = await tryReserve(this.#store, taskId, atMost);
      if (ended.kind !== 'wait') break;
      await endings.next(LOOK_AGAIN_MS, signal);
      if (signal.aborted) throw new SeedError('unavailable', 'the call was cancelled before it was made');
    }
    switch (ended.kind) {
      case 'go':
        if (ended.reservation !== null) this.#held.add(ended.reservation);
        return ended.reservation;
      case 'refused':
        throw new SeedError('budget_exceeded', ended.why, {
          hint: 'The task ends now, with what it has. Start it again with a larger budget, or when the key may spend again.',
        });
      case 'ended':
        throw new SeedError('key_revoked', 'the task has ended, or the key that started it is not active');
    }
  }

  /** Records the call with what it took, in place of what was reserved for it. */
  async settle(taskId: string, call: ModelCall, reservation: string | null): Promise<void> {
    try {
      await recordModelCall(this.#store, taskId, call, reservation);
    } finally {
      // What could not be recorded lapses.
      if (reservation !== null) this.#held.delete(reservation);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    await this.#renewing;
  }
}
