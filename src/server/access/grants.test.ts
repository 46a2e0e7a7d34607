import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DEFAULT_LIFETIME_MS, earlier, keyExpiry } from './grants.ts';

const NOW = new Date('2026-03-25T10:00:00Z');
const fromNow = (ms: number) => new Date(NOW.getTime() + ms);
const span = fc.constantFrom('1m', '45m', '12h', '30d', '8w', '3650d', 'never');
const latest = fc.option(fc.integer({ min: 1, max: 200 * 86_400_000 }).map(fromNow));

describe('keyExpiry', () => {
  it('never passes what the key may not outlive, and never lies in the past', () => {
    fc.assert(
      fc.property(fc.option(span, { nil: undefined }), latest, (expiresIn, bound) => {
        let expiry: Date | null;
        try {
          expiry = keyExpiry({ expiresIn }, NOW, bound);
        } catch (error) {
          expect(error).toMatchObject({ code: 'not_allowed' });
          expect(bound).not.toBeNull();
          expect(expiresIn).toBeDefined();
          return;
        }
        if (expiry !== null) expect(expiry > NOW).toBe(true);
        if (bound !== null) expect(expiry !== null && expiry <= bound).toBe(true);
        if (expiry === null) expect(expiresIn).toBe('never');
      }),
    );
  });

  it('is 90 days unless something else is asked for', () => {
    expect(keyExpiry({}, NOW, null)).toEqual(fromNow(DEFAULT_LIFETIME_MS));
    expect(keyExpiry({}, NOW, fromNow(5))).toEqual(fromNow(5));
    expect(keyExpiry({}, NOW, null, null)).toBeNull();
    expect(keyExpiry({ expiresIn: '12h' }, NOW, null)).toEqual(fromNow(12 * 3_600_000));
    expect(keyExpiry({ expiresAt: '2026-03-26T12:00:00+02:00' }, NOW, null)).toEqual(fromNow(86_400_000));
  });

  it.each([
    [{ expiresIn: '0m' }, 'invalid_input'],
    [{ expiresAt: '2026-03-25T09:59:59Z' }, 'invalid_input'],
    [{ expiresIn: '1d', expiresAt: '2027-01-01T00:00:00Z' }, 'invalid_input'],
  ])('refuses %j', (wanted, code) => {
    expect(() => keyExpiry(wanted, NOW, null)).toThrow(expect.objectContaining({ code }));
  });
});

it('earlier takes null for the end of time', () => {
  expect(earlier(null, null)).toBeNull();
  expect(earlier(NOW, null)).toEqual(NOW);
  expect(earlier(null, NOW)).toEqual(NOW);
  expect(earlier(fromNow(1), NOW)).toEqual(NOW);
});
