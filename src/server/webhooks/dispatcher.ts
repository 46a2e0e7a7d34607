// Delivers events: makes deliveries of them, attempts those that are due side by side and records what came of it.
// Every server runs one; what a killed one had in flight another takes over.
import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import type { Store } from '../../db/store.ts';
import { type Logger, logFailure } from '../../lib/log.ts';
import { type AttemptParts, attemptDelivery, type FinishedAttempt } from './attempt.ts';
import { type ClaimedDelivery, claimDeliveries, releaseClaims } from './claims.ts';
import { fanOutEvents } from './fan-out.ts';
import { recordAttempts } from './outcomes.ts';

export interface DispatcherOptions extends Omit<AttemptParts, 'clock'> {
  store: Store;
  log: Logger;
  /** How long a server may keep a delivery before another takes it over: longer than an attempt takes. */
  claimMs?: number;
}

/** In flight at most on one server: each has its event in memory. */
const TOTAL = 1_000;
const PER_ACCOUNT = 200;
const PER_LANE = 20;
const CLAIM_MS = 30_000;
/** How often it looks for retries that have become due. */
const LOOK_EVERY_MS = 500;
const RECORDED_AT_ONCE = 200;
/** What ends within so long is written together. */
const RECORD_AFTER_MS = 3;
/** What attempts in flight are given to end when the server stops. */
const STOP_PATIENCE_MS = 4_000;

export class Dispatcher implements AsyncDisposable {
  readonly #options: DispatcherOptions;
  readonly #inFlight = new InFlight();
  readonly #givenUp = new AbortController();
  #finished: FinishedAttempt[] = [];
  #recording: Promise<void> | null = null;
  #pause = new AbortController();
  #stopping = false;
  #running: Promise<void> = Promise.resolve();

  constructor(options: DispatcherOptions) {
    this.#options = options;
  }

  /** Works until it is disposed of. */
  start(): this {
    this.#running = this.#run();
    return this;
  }

  /** One round: starts every attempt that is due and has a slot. Returns what there was to do. */
  async turn(): Promise<{ events: number; attempts: number }> {
    const { store, claimMs = CLAIM_MS } = this.#options;
    const news = await lookForNews(store);
    const events = news.events ? await fanOutEvents(store) : 0;
    if (events === 0 && !news.due) return { events, attempts: 0 };
    const limit = TOTAL - this.#inFlight.size;
    if (limit <= 0) return { events, attempts: 0 };
    const slots = { limit, perLane: PER_LANE, perAccount: PER_ACCOUNT, inFlight: this.#inFlight };
    const claimed = await claimDeliveries(store, { ...slots, claimMs });
    for (const delivery of claimed) void this.#attempt(delivery);
    return { events, attempts: claimed.length };
  }

  /** All that is due now, to its end, for a process that does not go on by itself. */
  async deliverDue(): Promise<void> {
    for (let found = true; found; ) {
      const { events, attempts } = await this.turn();
      await this.idle();
      found = events + attempts > 0;
    }
  }

  /** Resolves when nothing is in flight here. */
  idle(): Promise<void> {
    return this.#inFlight.none();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping = true;
    this.#pause.abort();
    await this.#running;
    const late = setTimeout(() => this.#givenUp.abort(), STOP_PATIENCE_MS);
    await this.idle();
    clearTimeout(late);
  }

  async #run(): Promise<void> {
    const { store, log } = this.#options;
    using wakes = store.signals.subscribe('webhooks');
    while (!this.#stopping) {
      this.#pause = new AbortController();
      const { events, attempts } = await this.turn().catch((error) => {
        logFailure(log, error, 'could not look for webhooks to deliver');
        return { events: 0, attempts: 0 };
      });
      // Attempts that found no slot are looked at again when one is free.
      if (events + attempts === 0 && !this.#stopping) await wakes.next(LOOK_EVERY_MS, this.#pause.signal);
    }
  }

  async #attempt(delivery: ClaimedDelivery): Promise<void> {
    this.#inFlight.add(delivery);
    const { store, log } = this.#options;
    try {
      const parts = { ...this.#options, clock: store.clock };
      this.#finished.push(await attemptDelivery(delivery, parts, this.#givenUp.signal));
      this.#recording ??= this.#record();
    } catch (error) {
      logFailure(log, error, 'could not attempt to deliver a webhook', { deliveryId: delivery.id });
      this.#inFlight.remove(delivery);
    }
  }

  /** Writes what has ended, and what ends meanwhile, in as few transactions as the database's speed asks for. */
  async #record(): Promise<void> {
    const { store, log } = this.#options;
    while (this.#finished.length > 0) {
      await sleep(RECORD_AFTER_MS);
      const batch = this.#finished.splice(0, RECORDED_AT_ONCE);
      await this.#write(store, batch).catch((error) =>
        // They are attempted again when their claims have lapsed.
        logFailure(log, error, 'could not record attempts to deliver webhooks'),
      );
      for (const { delivery } of batch) this.#inFlight.remove(delivery);
      this.#pause.abort(); // Their slots are free for what waits.
    }
    this.#recording = null;
  }

  /** An attempt that the stopping server gave up says nothing about its receiver. */
  async #write(store: Store, batch: readonly FinishedAttempt[]): Promise<void> {
    if (!this.#givenUp.signal.aborted) return recordAttempts(store, batch);
    const answered = batch.filter(({ status }) => status !== null);
    const givenUp = batch.filter(({ status }) => status === null).map(({ delivery }) => delivery);
    if (answered.length > 0) await recordAttempts(store, answered);
    await releaseClaims(store, givenUp);
  }
}

/** Asked at every turn, and mostly in vain: so for both at once, and of two indexes alone. */
async function lookForNews({ db, clock }: Store): Promise<{ events: boolean; due: boolean }> {
  const { rows } = await sql<{ events: boolean; due: boolean }>`
    select exists (select from webhook_events where position is null) as events,
      exists (select from webhook_accounts where due_at <= ${clock.now()}) as due`.execute(db);
  return rows[0] ?? { events: false, due: false };
}

/** The deliveries in flight on this server, counted by lane and by account. */
class InFlight {
  readonly lanes = new Map<string, number>();
  readonly accounts = new Map<string, number>();
  size = 0;
  #waiting: (() => void)[] = [];

  add({ lane, accountId }: ClaimedDelivery): void {
    this.size += 1;
    count(this.lanes, lane, 1);
    count(this.accounts, accountId, 1);
  }

  remove({ lane, accountId }: ClaimedDelivery): void {
    this.size -= 1;
    count(this.lanes, lane, -1);
    count(this.accounts, accountId, -1);
    if (this.size === 0) for (const resolve of this.#waiting.splice(0)) resolve();
  }

  /** Resolves when there are none. */
  none(): Promise<void> {
    return this.size === 0 ? Promise.resolve() : new Promise((resolve) => this.#waiting.push(resolve));
  }
}

function count(counts: Map<string, number>, name: string, by: 1 | -1): void {
  const next = (counts.get(name) ?? 0) + by;
  if (next > 0) counts.set(name, next);
  else counts.delete(name);
}
