// A token bucket: a minute's worth of requests may come at once, then as they refill. Pure.

export interface Bucket {
  tokens: number;
  /** Milliseconds, on any clock that only goes forward. */
  at: number;
}

export interface Take {
  taken: boolean;
  bucket: Bucket;
  /** Whole requests that are left. */
  remaining: number;
  /** Seconds until a request is possible again; 0 when one is. */
  retryAfterSeconds: number;
  /** Seconds until the bucket is full. */
  resetSeconds: number;
}

const MINUTE_MS = 60_000;

/** Takes a token if there is one. A bucket that is undefined is a full one. */
export function take(bucket: Bucket | undefined, perMinute: number, nowMs: number): Take {
  const available = tokensAt(bucket, perMinute, nowMs);
  const taken = available >= 1;
  const tokens = taken ? available - 1 : available;
  const secondsFor = (wanted: number) => Math.ceil(((wanted - tokens) * MINUTE_MS) / perMinute / 1000);
  return {
    taken,
    bucket: { tokens, at: nowMs },
    remaining: Math.floor(tokens),
    retryAfterSeconds: tokens >= 1 ? 0 : Math.max(1, secondsFor(1)),
    resetSeconds: Math.max(0, secondsFor(perMinute)),
  };
}

/** Whether nothing is lost by forgetting the bucket. */
export function isFull(bucket: Bucket, perMinute: number, nowMs: number): boolean {
  return tokensAt(bucket, perMinute, nowMs) >= perMinute;
}

function tokensAt(bucket: Bucket | undefined, perMinute: number, nowMs: number): number {
  if (!bucket) return perMinute;
  const refilled = (Math.max(0, nowMs - bucket.at) * perMinute) / MINUTE_MS;
  return Math.min(perMinute, bucket.tokens + refilled);
}
