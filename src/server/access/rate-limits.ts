// Requests per minute of keys, counted by this server alone: several servers behind one address allow each its share
// on top. Used by authenticate.ts.
import type { Lineage } from '../../protocol/key.ts';
import { type Bucket, isFull, type Take, take } from './token-bucket.ts';

export interface RateState extends Take {
  perMinute: number;
}

interface Counted {
  bucket: Bucket;
  perMinute: number;
}

const SWEEP_EVERY = 1_000;

/** Owns the buckets, which live in memory and are forgotten once they are full. */
export class RateLimits {
  readonly #buckets = new Map<string, Counted>();
  readonly #nowMs: () => number;
  #untilSweep = SWEEP_EVERY;

  constructor(nowMs: () => number = () => performance.now()) {
    this.#nowMs = nowMs;
  }

  /** Counts a request for every key of the lineage that has a limit, and tells the state of the tightest; null: no limit. */
  count(lineage: Lineage): RateState | null {
    const nowMs = this.#nowMs();
    this.#sweepNowAndThen(nowMs);
    const states = lineage.flatMap(({ id, requestsPerMinute: perMinute }) =>
      perMinute === null ? [] : [{ id, perMinute, ...take(this.#buckets.get(id)?.bucket, perMinute, nowMs) }],
    );
    const refused = states.find(({ taken }) => !taken);
    if (refused) return refused;
    for (const { id, bucket, perMinute } of states) this.#buckets.set(id, { bucket, perMinute });
    return states.sort((one, other) => one.remaining - other.remaining)[0] ?? null;
  }

  get size(): number {
    return this.#buckets.size;
  }

  #sweepNowAndThen(nowMs: number): void {
    this.#untilSweep -= 1;
    if (this.#untilSweep > 0) return;
    this.#untilSweep = Math.max(SWEEP_EVERY, this.#buckets.size);
    for (const [id, { bucket, perMinute }] of this.#buckets)
      if (isFull(bucket, perMinute, nowMs)) this.#buckets.delete(id);
  }
}
