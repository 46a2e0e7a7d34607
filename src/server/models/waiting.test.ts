import { describe, expect, it } from 'vitest';
import { CALL_LIMITS } from './call-signal.ts';
import { llmUnavailable, UpstreamFailure } from './upstream-failure.ts';
import { createWaiting, type TimeLeft, wouldWait } from './waiting.ts';

const limits = CALL_LIMITS;
const ALL_DAY = { callMs: 1e9, taskMs: 1e9 };
const answered = (upstreamStatus: number, retryAfterSeconds?: number) =>
  llmUnavailable(`answered ${upstreamStatus}`, {
    upstreamStatus,
    ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
  });
const loading = (retryAfterSeconds?: number) =>
  llmUnavailable('answered 503: Loading model', {
    upstreamStatus: 503,
    isLoading: true,
    ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
  });

/** The pauses of a call that always fails so, until there is none. */
function pauses(
  failure: unknown,
  {
    patient = true,
    isAnswered = false,
    ...left
  }: { patient?: boolean; isAnswered?: boolean } & Partial<TimeLeft> = {},
): number[] {
  const waiting = createWaiting({ limits, patient });
  const granted: number[] = [];
  for (;;) {
    const pauseMs = waiting.pauseAfter(failure, { ...ALL_DAY, ...left, isAnswered });
    if (pauseMs === null) return granted;
    granted.push(pauseMs);
    expect(granted.length).toBeLessThan(200);
  }
}

describe('a call waits', () => {
  it('as long as the upstream says, so many times', () => {
    expect(pauses(answered(429, 34))).toEqual([34_000, 34_000, 34_000, 34_000, 34_000]);
    expect(pauses(answered(503, 0))).toEqual([500, 500, 500, 500, 500]);
    expect(pauses(answered(200, 7), { isAnswered: true })).toHaveLength(5);
  });

  it('a moment and once, when it says nothing or cannot be reached', () => {
    expect(pauses(answered(500))).toEqual([500]);
    expect(pauses(llmUnavailable('could not be reached'))).toEqual([500]);
  });

  it('while it loads: soon at first, for minutes in all', () => {
    const granted = pauses(loading());
    expect(granted.slice(0, 5)).toEqual([1_000, 2_000, 4_000, 5_000, 5_000]);
    const sum = granted.reduce((one, other) => one + other, 0);
    expect(sum).toBeGreaterThan(290_000);
    expect(sum).toBeLessThanOrEqual(limits.loadingMs);
  });

  it('while it loads no longer at a time than a little, whatever it estimates', () => {
    expect(pauses(loading(600)).slice(0, 4)).toEqual([5_000, 10_000, 20_000, 25_000]);
  });

  it('only a little, and once, while other models can be asked', () => {
    expect(pauses(answered(429, 5), { patient: false })).toEqual([5_000]);
    expect(pauses(answered(429, 6), { patient: false })).toEqual([]);
    expect(pauses(answered(500), { patient: false })).toEqual([500]);
    expect(pauses(loading(), { patient: false })).toEqual([]);
  });
});

describe('a call does not wait', () => {
  it.each<[string, unknown]>([
    ['after a refusal for good', llmUnavailable('answered 401', { code: 'llm_refused', upstreamStatus: 401 })],
    ['when it is too long', new UpstreamFailure('too long', { code: 'context_too_long', upstreamStatus: 500 })],
    ['after a 429 without a time', answered(429)],
    [
      'for its own turn in the queue',
      llmUnavailable('has 200 waiting', { blames: 'limits', retryAfterSeconds: 1 }),
    ],
    ['after something else', new Error('x')],
  ])('%s', (_, failure) => {
    expect(pauses(failure)).toEqual([]);
  });

  it('for an answer that broke off: it may have been served', () => {
    expect(pauses(llmUnavailable('broke the connection'), { isAnswered: true })).toEqual([]);
  });

  it('longer than the call or the task has left', () => {
    expect(pauses(answered(429, 34), { callMs: 34_000 })).toEqual([]);
    expect(pauses(answered(429, 34), { taskMs: 35_000 })).toEqual([]);
    expect(pauses(answered(429, 34), { taskMs: 36_000 })).toHaveLength(5);
    expect(pauses(loading(), { taskMs: 2_500 })).toEqual([]);
  });
});

it('would wait only for what is to come', () => {
  expect(wouldWait(answered(429, 34), limits, ALL_DAY)).toBe(true);
  expect(wouldWait(loading(), limits, ALL_DAY)).toBe(true);
  expect(wouldWait(answered(500), limits, ALL_DAY)).toBe(false);
  expect(wouldWait(answered(429, 34), limits, { callMs: 1e9, taskMs: 10_000 })).toBe(false);
});
