// Keeps what a look-up found for half a second at most, so that whoever asks again and again does not keep the
// database busy. Whoever has changed what may be kept calls `forget`: what is asked after that is looked up anew.

/** Counted from the question, so that no answer is ever older: a slow look-up is kept all the shorter. */
export const KEPT_MS = 500;

interface TtlCacheOptions<Value> {
  /** Whether the value may be answered without a look: asked when found and whenever it would be answered. */
  holds(value: Value): boolean;
  /** How much is kept at the most, by the weight of each: where nothing is said, how many. */
  most: number;
  weigh?: (value: Value) => number;
  nowMs?: () => number;
}

export interface TtlCache<Value> {
  /** Null when there is none, which is never kept. Rejects with what the look-up rejected with. */
  find(key: string, lookUp: () => Promise<Value | null>): Promise<Value | null>;
  /** All, or what is like this of it; and nothing is kept of what is being looked up. */
  forget(which?: (value: Value) => boolean): void;
}

export function createTtlCache<Value>({
  holds,
  most,
  weigh = () => 1,
  nowMs = () => performance.now(),
}: TtlCacheOptions<Value>): TtlCache<Value> {
  /** The oldest first. */
  const kept = new Map<string, { value: Value; weight: number; untilMs: number }>();
  let weight = 0;
  let generation = 0;

  function keep(key: string, value: Value, untilMs: number): void {
    drop(key);
    const own = weigh(value);
    kept.set(key, { value, weight: own, untilMs });
    weight += own;
    for (const [oldest, { untilMs: over }] of kept) {
      if (weight <= most && over > nowMs()) break;
      drop(oldest);
    }
  }

  function drop(key: string): void {
    weight -= kept.get(key)?.weight ?? 0;
    kept.delete(key);
  }

  return {
    async find(key, lookUp) {
      const askedMs = nowMs();
      const known = kept.get(key);
      if (known && known.untilMs > askedMs && holds(known.value)) return known.value;
      const asked = generation;
      const value = await lookUp();
      // What was forgotten meanwhile may have been read before the change: it answers its question, and no other.
      if (value !== null && asked === generation && holds(value)) keep(key, value, askedMs + KEPT_MS);
      return value;
    },
    forget(which = () => true) {
      generation += 1;
      for (const [key, { value }] of kept) if (which(value)) drop(key);
    },
  };
}
