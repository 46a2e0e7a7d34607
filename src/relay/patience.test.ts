import { expect, test } from 'vitest';
import { SeedError } from '../protocol/errors.ts';
import { createBackoff, isAway, untilBack } from './patience.ts';

const { signal } = new AbortController();
const away = new SeedError('unavailable', 'stopping');

/** Fails with these, one after the other, then answers with how often it was tried. */
function failing(...errors: Error[]) {
  let tries = 0;
  return async () => {
    const error = errors[tries];
    tries += 1;
    if (error) throw error;
    return tries;
  };
}

test.each(['unreachable', 'unavailable', 'storage_full', 'idempotency_in_progress'] as const)(
  '%s is waited out',
  async (code) => {
    const error = new SeedError(code, 'not yet');
    expect(isAway(error)).toBe(true);
    expect(await untilBack(failing(error, error), { signal })).toBe(3);
  },
);

test.each([
  new SeedError('llm_unavailable', 'no credit'),
  new SeedError('internal', 'broken'),
  new Error('a bug'),
])('%s is final', async (error) => {
  await expect(untilBack(failing(error), { signal })).rejects.toBe(error);
});

test('patience has an end, and what was said last is told', async () => {
  const startedAt = performance.now();
  const errors = Array.from({ length: 100 }, (_, index) => new SeedError('unavailable', String(index)));
  const problem = await untilBack(failing(...errors), { signal, patienceMs: 300 }).catch((error) => error);
  expect(errors.indexOf(problem)).toBeGreaterThan(0);
  expect(performance.now() - startedAt).toBeLessThan(1_000);
});

test('a Retry-After is honoured', async () => {
  const startedAt = performance.now();
  const later = new SeedError('unavailable', 'later', { retryAfterSeconds: 0.5 });
  await untilBack(failing(later), { signal });
  expect(performance.now() - startedAt).toBeGreaterThan(450);
});

test('who turns away ends the waiting at once', async () => {
  const gone = new AbortController();
  const waiting = untilBack(failing(away, away, away, away), { signal: gone.signal });
  gone.abort();
  await expect(waiting).rejects.toBe(away);
});

test('waits double up to two seconds, with jitter, and start over after a reset', () => {
  const longest = createBackoff(() => 1);
  expect(Array.from({ length: 7 }, () => longest.next())).toEqual([100, 200, 400, 800, 1600, 2000, 2000]);
  longest.reset();
  expect(longest.next()).toBe(100);
  expect(createBackoff(() => 0).next()).toBe(50);
});
