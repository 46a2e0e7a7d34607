// How often a key may call and how often signing in may fail from an address, counted by this server alone:
// several servers behind one address allow each its share on top. Used by authenticate.ts and session-routes.ts.
// shared-rate-limits.ts counts in the database instead.
import { networkOf } from '../../lib/cidr.ts';
import { type Bucket, isFull, type Rate, type Take, takeToken } from '../../lib/token-bucket.ts';
import { SeedError } from '../../protocol/errors.ts';
import type { Lineage } from '../../protocol/key.ts';
import { LIMITS } from '../../protocol/limits.ts';

export interface RateState extends Take {
  perMinute: number;
}

export interface KeyRates {
  /**
   * Counts for every key of the lineage that has a limit, unless one of them is used up.
   * @returns the state of the tightest; null: no limit
   */
  count(lineage: Lineage): RateState | null | Promise<RateState | null>;
}

export interface SignInRates {
  /**
   * Counts an attempt as failed before it is made, so that many at once are no more than allowed.
   * @returns to be called when it has not failed. @throws SeedError rate_limited
   */
  attempt(address: string | null): (() => void) | Promise<() => void>;
}

/** A minute's worth may come at once, then as they refill. */
export const aMinute = (tokens: number): Rate => ({ tokens, perMs: 60_000, burst: tokens });

interface Counted {
  bucket: Bucket;
  perMinute: number;
}

const SWEEP_EVERY = 1_000;

/** Owns the buckets, which live in memory and are forgotten once they are full. */
export class RateLimits implements KeyRates {
  readonly #buckets = new Map<string, Counted>();
  readonly #nowMs: () => number;
  #untilSweep = SWEEP_EVERY;

  constructor(nowMs: () => number = () => performance.now()) {
    this.#nowMs = nowMs;
  }

  count(lineage: Lineage): RateState | null {
    const nowMs = this.#nowMs();
    this.#sweepNowAndThen(nowMs);
    const states = lineage.flatMap(({ id, requestsPerMinute: perMinute }) =>
      perMinute === null
        ? []
        : [{ id, perMinute, ...takeToken(this.#buckets.get(id)?.bucket, aMinute(perMinute), nowMs) }],
    );
    const tightest = tightestOf(states);
    if (tightest?.taken === false) return tightest;
    for (const { id, bucket, perMinute } of states) this.#buckets.set(id, { bucket, perMinute });
    return tightest;
  }

  get size(): number {
    return this.#buckets.size;
  }

  #sweepNowAndThen(nowMs: number): void {
    this.#untilSweep -= 1;
    if (this.#untilSweep > 0) return;
    this.#untilSweep = Math.max(SWEEP_EVERY, this.#buckets.size);
    for (const [id, { bucket, perMinute }] of this.#buckets)
      if (isFull(bucket, aMinute(perMinute), nowMs)) this.#buckets.delete(id);
  }
}

/** One that refuses, before the one with the least left; null: there is none. */
export function tightestOf<State extends RateState>(states: readonly State[]): State | null {
  const refused = states.find(({ taken }) => !taken);
  return refused ?? states.toSorted((one, other) => one.remaining - other.remaining)[0] ?? null;
}

/** @throws SeedError rate_limited */
export function refuseAttempt({ taken, retryAfterSeconds }: Take): void {
  if (taken) return;
  throw new SeedError('rate_limited', 'signing in has failed too often from this address', {
    hint: `Try again in ${retryAfterSeconds} s.`,
    retryAfterSeconds,
  });
}

/** Where all are counted together that find no place of their own. */
const OTHERS = 'others';
const SWEEP_EVERY_MS = 1_000;

interface SignInLimitOptions {
  perMinute?: number;
  /** Addresses that are counted one by one. */
  addressesMost?: number;
  nowMs?: () => number;
}

/** Owns the buckets, which live in memory and are forgotten once they are full. */
export class SignInLimits implements SignInRates {
  readonly #buckets = new Map<string, Bucket>();
  readonly #perMinute: number;
  readonly #addressesMost: number;
  readonly #nowMs: () => number;
  #sweptAt = Number.NEGATIVE_INFINITY;

  constructor({
    perMinute = LIMITS.signInFailuresPerMinute,
    addressesMost = LIMITS.signInAddresses,
    nowMs = () => performance.now(),
  }: SignInLimitOptions = {}) {
    this.#perMinute = perMinute;
    this.#addressesMost = addressesMost;
    this.#nowMs = nowMs;
  }

  attempt(address: string | null): () => void {
    const who = this.#placeOf(networkOf(address ?? ''));
    const rate = aMinute(this.#perMinute);
    const take = takeToken(this.#buckets.get(who), rate, this.#nowMs());
    refuseAttempt(take);
    this.#buckets.set(who, take.bucket);
    return () => {
      const now = this.#buckets.get(who);
      if (now) this.#buckets.set(who, { ...now, tokens: Math.min(this.#perMinute, now.tokens + 1) });
    };
  }

  get size(): number {
    return this.#buckets.size;
  }

  #placeOf(network: string): string {
    if (this.#buckets.has(network)) return network;
    if (this.#buckets.size >= this.#addressesMost) this.#sweep(this.#nowMs());
    return this.#buckets.size < this.#addressesMost ? network : OTHERS;
  }

  #sweep(nowMs: number): void {
    if (nowMs - this.#sweptAt < SWEEP_EVERY_MS) return;
    this.#sweptAt = nowMs;
    for (const [who, bucket] of this.#buckets)
      if (isFull(bucket, aMinute(this.#perMinute), nowMs)) this.#buckets.delete(who);
  }
}
