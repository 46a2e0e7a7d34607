// How often signing in may fail from an address, counted by this server alone.
import { networkOf } from '../../lib/cidr.ts';
import { SeedError } from '../../protocol/errors.ts';
import { LIMITS } from '../../protocol/limits.ts';
import { type Bucket, isFull, take } from './token-bucket.ts';

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
export class SignInLimits {
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

  /**
   * Counts an attempt as failed, before it is made, so that many at once are not more than allowed.
   * @returns to be called when it has not failed
   * @throws SeedError rate_limited
   */
  attempt(address: string | null): () => void {
    const who = this.#placeOf(networkOf(address ?? ''));
    const { taken, bucket, retryAfterSeconds } = take(this.#buckets.get(who), this.#perMinute, this.#nowMs());
    if (!taken) {
      throw new SeedError('rate_limited', 'signing in has failed too often from this address', {
        hint: `Try again in ${retryAfterSeconds} s.`,
        retryAfterSeconds,
      });
    }
    this.#buckets.set(who, bucket);
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
      if (isFull(bucket, this.#perMinute, nowMs)) this.#buckets.delete(who);
  }
}
