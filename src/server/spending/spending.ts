// Keeps calls of models within budgets and limits: reserves what a call may take before it is made, and settles it with
// what it took. The gateway asks it for every call.

import type { Store } from '../../db/store.ts';
import { type Logger, logFailure } from '../../lib/log.ts';
import type { Prices } from '../../lib/money.ts';
import { SeedError } from '../../protocol/errors.ts';
import type { CallMeter } from '../models/call-meter.ts';
import type { ChatRequest } from '../models/chat-request.ts';
import { planCall } from './estimate.ts';
import { chargeLapsedCalls } from './lapsed-calls.ts';
import type { ModelCall } from './model-call.ts';
import { recordModelCall } from './model-calls.ts';
import { type PlannedCall, releaseReservation, renewReservations } from './reservations.ts';
import { tryReserve } from './reserve.ts';
import { unpricedModel } from './unpriced-model.ts';

const CARE_EVERY_MS = 5_000;
/** A look at what is left even without a notification: a killed server's calls end without one. */
const LOOK_AGAIN_MS = 1_000;

/** How long it is tried to record a call, on a clock that only goes forward. */
const SETTLE_WITHIN_MS = 600_000;

interface Unsettled {
  taskId: string;
  call: ModelCall;
  giveUpAt: number;
}

export interface SpendingOptions {
  store: Store;
  prices: Prices;
  /** Whether it is known what a model costs. */
  hasPrice(model: string): boolean;
  log: Logger;
}

/**
 * Owns the reservations of this server's calls: keeps them alive until they are settled, tells what the calls have taken so
 * far in case the server is killed, and settles those that another server left behind.
 */
export class Spending implements AsyncDisposable {
  readonly #options: SpendingOptions;
  readonly #held = new Map<string, Pick<CallMeter, 'outputTokens'>>();
  /** Calls that have ended and could not be recorded yet, by their reservations. */
  readonly #unsettled = new Map<string, Unsettled>();
  /** By task: resolves when the last of its calls in line is through. */
  readonly #lines = new Map<string, Promise<void>>();
  readonly #timer: NodeJS.Timeout;
  #caring: Promise<void> | null = null;

  constructor(options: SpendingOptions) {
    this.#options = options;
    this.#timer = setInterval(() => {
      this.#caring ??= this.#care()
        .catch((error) => logFailure(options.log, error, 'reservations could not be looked after'))
        .finally(() => {
          this.#caring = null;
        });
    }, CARE_EVERY_MS);
  }

  /** Its own first: no live call of this server is taken for lost. */
  async #care(): Promise<void> {
    const held = [...this.#held].map(([id, { outputTokens }]) => ({ id, outputTokens }));
    await renewReservations(this.#options.store, held);
    await this.#settleLate();
    await chargeLapsedCalls(this.#options.store, this.#options.prices);
  }

  /**
   * Resolves when the call may be made, and with what to settle it by. Waits for calls under way that may take what is
   * left; the calls of one task wait in line, so that none is overtaken for ever.
   * @param meter tells from then on what the call has taken
   * @throws SeedError budget_exceeded, unpriced_model, key_revoked, or unavailable when the signal aborts
   */
  async reserve(
    taskId: string,
    request: ChatRequest,
    signal: AbortSignal,
    meter: Pick<CallMeter, 'outputTokens'>,
  ): Promise<string> {
    const { promise: through, resolve: letNext } = Promise.withResolvers<void>();
    const before = this.#lines.get(taskId);
    this.#lines.set(taskId, through);
    try {
      await before;
      const { prices, hasPrice } = this.#options;
      const planned = planCall(request, prices, hasPrice(request.model));
      const reservation = await this.#reserveInTurn(taskId, planned, signal);
      this.#held.set(reservation, meter);
      return reservation;
    } finally {
      letNext();
      if (this.#lines.get(taskId) === through) this.#lines.delete(taskId);
    }
  }

  async #reserveInTurn(taskId: string, planned: PlannedCall, signal: AbortSignal): Promise<string> {
    const { store } = this.#options;
    for (;;) {
      if (signal.aborted) throw cancelled();
      let outcome = await tryReserve(store, taskId, planned);
      if (outcome.kind === 'wait') {
        using endings = store.signals.subscribe(outcome.topic);
        // Once more after subscribing, so that no ending is missed.
        outcome = await tryReserve(store, taskId, planned);
        if (outcome.kind === 'wait') await endings.next(LOOK_AGAIN_MS, signal);
      }
      switch (outcome.kind) {
        case 'go':
          if (!signal.aborted) return outcome.reservation;
          await releaseReservation(store.db, outcome.reservation);
          throw cancelled();
        case 'unpriced':
          throw unpricedModel(planned.model, outcome.bound);
        case 'refused':
          throw new SeedError('budget_exceeded', outcome.why, {
            hint: 'The task ends now, with what it has. Start it again with a larger budget, or when the key may spend again.',
          });
        case 'ended':
          throw new SeedError('key_revoked', 'the task has ended, or the key that started it is not active');
      }
    }
  }

  /**
   * Records the call with what it took, in place of what was reserved for it. What it throws is no end: it is tried again
   * for ten minutes, and then, or when the server stops before, the reservation lapses into a charge.
   */
  async settle(taskId: string, call: ModelCall, reservation: string): Promise<void> {
    this.#unsettled.set(reservation, { taskId, call, giveUpAt: performance.now() + SETTLE_WITHIN_MS });
    await this.#settleOne(taskId, call, reservation);
  }

  async #settleLate(): Promise<void> {
    for (const [reservation, { taskId, call, giveUpAt }] of this.#unsettled) {
      await this.#settleOne(taskId, call, reservation).catch(() => {
        if (performance.now() > giveUpAt) this.#forget(reservation);
      });
    }
  }

  async #settleOne(taskId: string, call: ModelCall, reservation: string): Promise<void> {
    await recordModelCall(this.#options.store, taskId, call, reservation);
    this.#forget(reservation);
  }

  #forget(reservation: string): void {
    this.#unsettled.delete(reservation);
    this.#held.delete(reservation);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    await this.#caring;
    await this.#settleLate();
  }
}

function cancelled(): SeedError {
  return new SeedError('unavailable', 'the call was cancelled before it was made');
}
