// A rate with room for bursts: tokens come in steadily, and what is not used is kept up to a bound. Pure functions
// for the server's rate limits, which keep many buckets, and one with its own state for the runner's bounds.

/** So many tokens come in within so many milliseconds; at most `burst` are kept. */
export interface Rate {
  tokens: number;
  perMs: number;
  burst: number;
}

export interface Bucket {
  tokens: number;
  /** Milliseconds, on any clock that only goes forward. */
  atMs: number;
}

export interface Take {
  taken: boolean;
  bucket: Bucket;
  /** Whole tokens that are left. */
  remaining: number;
  /** Seconds until a token is there again; 0 when one is. */
  retryAfterSeconds: number;
  /** Seconds until the bucket is full. */
  resetSeconds: number;
}

/** Takes a token if there is one. A bucket that is undefined is a full one. */
export function takeToken(bucket: Bucket | undefined, rate: Rate, nowMs: number): Take {
  const available = tokensAt(bucket, rate, nowMs);
  const taken = available >= 1;
  const tokens = taken ? available - 1 : available;
  const secondsFor = (wanted: number) => Math.ceil(((wanted - tokens) * rate.perMs) / rate.tokens / 1000);
  return {
    taken,
    bucket: { tokens, atMs: nowMs },
    remaining: Math.floor(tokens),
    retryAfterSeconds: tokens >= 1 ? 0 : Math.max(1, secondsFor(1)),
    resetSeconds: Math.max(0, secondsFor(rate.burst)),
  };
}

/** Whether nothing is lost by forgetting the bucket. */
export function isFull(bucket: Bucket, rate: Rate, nowMs: number): boolean {
  return tokensAt(bucket, rate, nowMs) >= rate.burst;
}

function tokensAt(bucket: Bucket | undefined, { tokens, perMs, burst }: Rate, nowMs: number): number {
  if (!bucket) return burst;
  return Math.min(burst, bucket.tokens + (Math.max(0, nowMs - bucket.atMs) * tokens) / perMs);
}

export interface TokenBucket {
  /** Takes the tokens if they are there. */
  take(count: number): boolean;
  /** Takes the tokens, into debt if need be. @returns milliseconds until the debt is paid; 0 when there is none */
  charge(count: number): number;
}

/** Starts full. @param now milliseconds that only ever grow */
export function createTokenBucket(perSecond: number, burst: number, now = () => performance.now()): TokenBucket {
  const rate = { tokens: perSecond, perMs: 1000, burst };
  let bucket: Bucket = { tokens: burst, atMs: now() };

  function fill(): void {
    const atMs = now();
    bucket = { tokens: tokensAt(bucket, rate, atMs), atMs };
  }

  return {
    take(count) {
      fill();
      if (bucket.tokens < count) return false;
      bucket.tokens -= count;
      return true;
    },
    charge(count) {
      fill();
      bucket.tokens -= count;
      return bucket.tokens >= 0 ? 0 : Math.ceil((-bucket.tokens / perSecond) * 1000);
    },
  };
}
