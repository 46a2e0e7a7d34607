import { describe, expect, it } from 'vitest';
import { aKey } from '../../../test/fixtures/key.ts';
import { generateKeySecret } from '../../lib/key-secret.ts';
import type { SeedError } from '../../protocol/errors.ts';
import type { Key } from '../../protocol/key.ts';
import { bearerToken } from '../http/request-headers.ts';
import { admit, keyOfSecret } from './authenticate.ts';
import type { KeyCache, PresentedKey } from './presented-key.ts';

/** Keys that must not be looked up. */
function untouchableKeys(): { keys: KeyCache; asked: () => boolean } {
  let asked = false;
  const keys = new Proxy({} as KeyCache, {
    get() {
      asked = true;
      throw new Error('the database was asked');
    },
  });
  return { keys, asked: () => asked };
}

/** As identifyKey does it with the header of a request. */
const identify = async (header: string | undefined, keys: KeyCache) => keyOfSecret(bearerToken(header), keys);

describe('identifying a key', () => {
  it.each([
    [undefined, 'not_authenticated'],
    ['Basic dXNlcjpwYXNz', 'not_authenticated'],
    ['Bearer ', 'not_authenticated'],
    ['Bearer sk_live_short', 'invalid_key'],
    [`Bearer ${generateKeySecret().slice(0, -1)}_`, 'invalid_key'],
    [`Bearer ${generateKeySecret()}x`, 'invalid_key'],
  ])('refuses %s with %s before the database is asked', async (header, code) => {
    const { keys, asked } = untouchableKeys();
    await expect(identify(header, keys)).rejects.toMatchObject({ code, status: 401 });
    expect(asked()).toBe(false);
  });

  it('asks the database about a key whose checksum is right', async () => {
    const { keys, asked } = untouchableKeys();
    await expect(identify(`Bearer ${generateKeySecret()}`, keys)).rejects.toThrow('the database was asked');
    expect(asked()).toBe(true);
  });
});

describe('admit', () => {
  const NOW = new Date('2026-03-25T10:00:00Z');
  const codeOf = (
    presented: Partial<PresentedKey>,
    own: Partial<Key> = {},
    address: string | null = '10.0.0.1',
  ) => {
    const whole: PresentedKey = {
      key: aKey(own),
      lineage: [aKey(own)],
      grantors: [],
      accountId: 'account',
      accountName: 'account',
      accountModels: null,
      operator: false,
      callerStatus: null,
      replacedSecretUntil: null,
      ...presented,
    };
    try {
      return admit(whole, address, NOW) && 'admitted';
    } catch (error) {
      return (error as SeedError).code;
    }
  };

  it('checks status, secret, caller and address in this order', () => {
    const wrong = { replacedSecretUntil: NOW, callerStatus: 'disabled' } as const;
    const elsewhere = { allowedCidrs: ['192.168.0.0/16'] };
    expect(codeOf(wrong, { status: 'revoked', ...elsewhere })).toBe('key_revoked');
    expect(codeOf(wrong, { status: 'disabled', ...elsewhere })).toBe('key_disabled');
    expect(codeOf(wrong, { status: 'expired', ...elsewhere })).toBe('key_expired');
    expect(codeOf(wrong, elsewhere)).toBe('key_rotated');
    expect(codeOf({ callerStatus: 'disabled' }, elsewhere)).toBe('key_disabled');
    expect(codeOf({ callerStatus: 'expired' }, elsewhere)).toBe('key_expired');
    expect(codeOf({ callerStatus: 'active' }, elsewhere)).toBe('address_not_allowed');
    expect(codeOf({ callerStatus: 'active' })).toBe('admitted');
  });

  it('takes a replaced secret until its grace is over', () => {
    expect(codeOf({ replacedSecretUntil: new Date(NOW.getTime() + 1) })).toBe('admitted');
    expect(codeOf({ replacedSecretUntil: NOW })).toBe('key_rotated');
  });

  it('takes a key only from its addresses, and from nowhere unknown', () => {
    const own = { allowedCidrs: ['10.0.0.0/24', '2001:db8::/32'] };
    expect(codeOf({}, own, '10.0.0.255')).toBe('admitted');
    expect(codeOf({}, own, '2001:db8::9')).toBe('admitted');
    expect(codeOf({}, own, '10.0.1.0')).toBe('address_not_allowed');
    expect(codeOf({}, own, null)).toBe('address_not_allowed');
    expect(codeOf({}, {}, null)).toBe('admitted');
  });
});
