import { expect, it } from 'vitest';
import { newPending, PENDING_MS, readPending, writePending } from './pending.ts';

const now = new Date('2026-03-01T12:00:00Z');
const later = (ms: number) => new Date(now.getTime() + ms);

it('keeps the newest three, or as many of long addresses as a browser takes in one cookie', () => {
  const some = Array.from({ length: 5 }, () => newPending('/tasks?q=orders', now));
  expect(readPending(writePending(some), now)).toEqual(some.slice(2));
  const long = Array.from({ length: 3 }, () => newPending(`/${'a'.repeat(2_499)}`, now));
  const cookie = writePending(long);
  expect(readPending(cookie, now)).toEqual(long.slice(2));
  expect(cookie.length).toBeLessThan(4_000);
});

it.each(['//elsewhere.example', undefined, 7, `/${'a'.repeat(2_500)}`])(
  'comes back to the first page for %j',
  (to) => {
    expect(newPending(to, now).to).toBe('/');
  },
);

it('makes each of them anew', () => {
  const made = Array.from({ length: 20 }, () => newPending('/', now));
  const secrets = made.flatMap(({ state, nonce, verifier }) => [state, nonce, verifier]);
  expect(new Set(secrets).size).toBe(60);
});

it('forgets what is too old, and what is from a time to come', () => {
  const cookie = writePending([newPending('/', now)]);
  expect(readPending(cookie, later(PENDING_MS))).toHaveLength(1);
  expect(readPending(cookie, later(PENDING_MS + 1))).toEqual([]);
  expect(readPending(cookie, later(-PENDING_MS - 1))).toEqual([]);
});

it.each([
  ['nothing', undefined],
  ['an empty one', ''],
  ['no JSON', 'bm8'],
  ['another JSON', Buffer.from('{"state":"a"}').toString('base64url')],
  ['another page', writePending([{ ...newPending('/', now), to: '//elsewhere.example' }])],
  ['a short secret', writePending([{ ...newPending('/', now), state: 'a' }])],
  ['too many', Buffer.from(JSON.stringify(Array(4).fill(newPending('/', now)))).toString('base64url')],
])('reads %s as none', (_, cookie) => {
  expect(readPending(cookie, now)).toEqual([]);
});
