// Keeps calls of models within budgets and limits: reserves what a call may take before it is made, and settles it
// with what it took. The gateway asks it for every call.
import type { Store } from '../../db/store.ts';
import type { Loop } from '../../lib/every.ts';
import type { Logger } from '../../lib/log.ts';
import type { Prices } from '../../lib/money.ts';
import { SeedError } from '../../protocol/errors.ts';
import { unpricedModel } from './bounds.ts';
import type { ModelCall } from './call-usage.ts';
import { chargeLapsedCalls, recordModelCall } from './model-calls.ts';
import type { AskForRaise } from './raise.ts';
import { type PlannedCall, releaseReservation, renewReservations, tryReserve } from './reservations.ts';

const CARE_EVERY_MS = 5_000;
/** A look at what is left even without a notification: a killed server's calls end without one. */
const LOOK_AGAIN_MS = 1_000;

/** How long it is tried to record a call, on a clock that only goes forward. */
const SETTLE_WITHIN_MS = 600_000;

/** Tells how much has come of a call's answer so far. */
interface Meter {
  readonly outputTokens: number;
}

export interface SpendingOptions {
  store: Store;
  prices: Prices;
  log: Logger;
  /** Missing: nobody is asked, and a task that has used up its budget ends. */
  askForRaise?: AskForRaise;
}

/** The call waits for a larger budget, and can be made again when people have decided. */
export class RaiseAsked extends SeedError {
  readonly approvalId: string;

  constructor(why: string, approvalId: string) {
    super('budget_exceeded', why, { hint: 'People are asked for more. Call again when they have decided.' });
    this.approvalId = approvalId;
  }
}

const ASKS_NOBODY: AskForRaise = async () => null;

/**
 * Owns the reservations of this server's calls: keeps them alive until they are settled, tells what the calls have
 * taken so far in case the server is killed, and settles those that another server left behind.
 */
export class Spending implements AsyncDisposable {
  readonly #options: SpendingOptions;
  readonly #held = new Map<string, Meter>();
  /** Calls that have ended and could not be recorded yet, by their reservations. */
  readonly #unsettled = new Map<string, { taskId: string; call: ModelCall; giveUpAt: number }>();
  /** For each task with calls that wait to be reserved: resolves when the last of them is through. */
  readonly #queues = new Map<string, Promise<void>>();
  readonly #loop: Loop;

  constructor(options: SpendingOptions) {
    this.#options = options;
    const { log, store } = options;
    this.#loop = store.loops.every({ everyMs: CARE_EVERY_MS, name: 'look after reservations', log }, () =>
      this.#care(),
    );
  }

  /** Its own first: no live call of this server is taken for lost. */
  async #care(): Promise<void> {
    const held = [...this.#held].map(([id, { outputTokens }]) => ({ id, outputTokens }));
    await renewReservations(this.#options.store, held);
    await this.#settleLate();
    await chargeLapsedCalls(this.#options.store, this.#options.prices);
  }

  /**
   * Resolves when the call may be made, and with what to settle it by. Waits for calls in flight that may take
   * what is left; the calls of one task queue, so that none is overtaken for ever.
   * @param meter tells from then on what the call has taken
   * @throws SeedError budget_exceeded, unpriced_model, key_revoked, or unavailable when the signal aborts
   */
  async reserve(taskId: string, call: PlannedCall, signal: AbortSignal, meter: Meter): Promise<string> {
    const { promise: through, resolve: letNext } = Promise.withResolvers<void>();
    const before = this.#queues.get(taskId);
    this.#queues.set(taskId, through);
    try {
      await before;
      const reservation = await this.#reserveNext(taskId, call, signal);
      this.#held.set(reservation, meter);
      return reservation;
    } finally {
      letNext();
      if (this.#queues.get(taskId) === through) this.#queues.delete(taskId);
    }
  }

  async #reserveNext(taskId: string, planned: PlannedCall, signal: AbortSignal): Promise<string> {
    const { store, askForRaise = ASKS_NOBODY } = this.#options;
    for (;;) {
      if (signal.aborted) throw cancelled();
      let outcome = await tryReserve(store, taskId, planned, askForRaise);
      if (outcome.kind === 'wait') {
        using endings = store.signals.subscribe(outcome.topic);
        // Once more after subscribing, so that no ending is missed.
        outcome = await tryReserve(store, taskId, planned, askForRaise);
        if (outcome.kind === 'wait') await endings.next(LOOK_AGAIN_MS, signal);
      }
      switch (outcome.kind) {
        case 'go':
          if (!signal.aborted) return outcome.reservation;
          await releaseReservation(store.db, outcome.reservation);
          throw cancelled();
        case 'unpriced':
          throw unpricedModel(planned.model, outcome.bound);
        case 'asked':
          throw new RaiseAsked(outcome.why, outcome.approvalId);
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
   * Records the call with what it took, in place of what was reserved for it. What it throws is no end: it is
   * tried again for ten minutes, and then, or when the server stops before, the reservation lapses into a charge.
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
    await this.#loop.stop();
    await this.#settleLate();
  }
}

function cancelled(): SeedError {
  return new SeedError('unavailable', 'the call was cancelled before it was made');
}
