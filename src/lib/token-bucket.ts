// A rate with room for bursts: tokens come in steadily, and what is not used is kept up to a bound.

export interface TokenBucket {
  /** Takes the tokens if they are there. */
  take(count: number): boolean;
  /** Takes the tokens, into debt if need be. @returns milliseconds until the debt is paid; 0 when there is none */
  charge(count: number): number;
}

/** Starts full. @param now milliseconds that only ever grow */
export function createTokenBucket(
  perSecond: number,
  burst: number,
  now: () => number = () => performance.now(),
): TokenBucket {
  let tokens = burst;
  let filledAt = now();

  function fill(): void {
    const time = now();
    tokens = Math.min(burst, tokens + ((time - filledAt) / 1000) * perSecond);
    filledAt = time;
  }

  return {
    take(count) {
      fill();
      if (tokens < count) return false;
      tokens -= count;
      return true;
    },
    charge(count) {
      fill();
      tokens -= count;
      return tokens >= 0 ? 0 : Math.ceil((-tokens / perSecond) * 1000);
    },
  };
}
