// Keeps calls of models within budgets and limits: reserves what a call may take before it is made, and settles it with
// what it took. The gateway asks it for every call.
import type { Estimate } from '../../core/budget.ts';
import type { Prices } from '../../core/cost.ts';
import type { ModelCall } from '../../core/model-call.ts';
import type { Logger } from '../../lib/log.ts';
import { logFailure } from '../../lib/log-failure.ts';
import { SeedError } from '../../protocol/errors.ts';
import { recordModelCall } from '../../store/model-calls.ts';
import { releaseReservation, renewReservations } from '../../store/reservations.ts';
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
  /** By task: resolves when the last of its calls in line is through. */
  readonly #lines = new Map<string, Promise<void>>();
  readonly #timer: NodeJS.Timeout;
  #renewing: Promise<void> = Promise.resolve();

  constructor(store: Store, prices: Prices, log: Logger) {
    this.#store = store;
    this.#prices = prices;
    this.#log = log;
    this.#timer = setInterval(() => {
      this.#renewing = renewReservations(store, [...this.#held]).catch((error) =>
        logFailure(this.#log, error, 'reservations could not be renewed'),
      );
    }, RENEW_EVERY_MS);
  }

  /**
   * Resolves when the call may be made, and with what to settle it by: null when nothing bounds it. Waits for calls under
   * way that may take what is left; the calls of one task wait in line, so that none is overtaken for ever.
   * @throws SeedError budget_exceeded, key_revoked, or unavailable when the signal aborts
   */
  async reserve(taskId: string, request: ChatRequest, signal: AbortSignal): Promise<string | null> {
    const { promise: through, resolve: letNext } = Promise.withResolvers<void>();
    const before = this.#lines.get(taskId);
    this.#lines.set(taskId, through);
    try {
      await before;
      return await this.#reserveInTurn(taskId, estimateCall(request, this.#prices), signal);
    } finally {
      letNext();
      if (this.#lines.get(taskId) === through) this.#lines.delete(taskId);
    }
  }

  async #reserveInTurn(taskId: string, atMost: Estimate, signal: AbortSignal): Promise<string | null> {
    for (;;) {
      if (signal.aborted) throw cancelled();
      let outcome = await tryReserve(this.#store, taskId, atMost);
      if (outcome.kind === 'wait') {
        using endings = this.#store.signals.subscribe(outcome.topic);
        // Once more after subscribing, so that no ending is missed.
        outcome = await tryReserve(this.#store, taskId, atMost);
        if (outcome.kind === 'wait') await endings.next(LOOK_AGAIN_MS, signal);
      }
      switch (outcome.kind) {
        case 'go':
          if (!signal.aborted) return this.#hold(outcome.reservation);
          if (outcome.reservation !== null) await releaseReservation(this.#store.db, outcome.reservation);
          throw cancelled();
        case 'refused':
          throw new SeedError('budget_exceeded', outcome.why, {
            hint: 'The task ends now, with what it has. Start it again with a larger budget, or when the key may spend again.',
          });
        case 'ended':
          throw new SeedError('key_revoked', 'the task has ended, or the key that started it is not active');
      }
    }
  }

  #hold(reservation: string | null): string | null {
    if (reservation !== null) this.#held.add(reservation);
    return reservation;
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

function cancelled(): SeedError {
  return new SeedError('unavailable', 'the call was cancelled before it was made');
}
