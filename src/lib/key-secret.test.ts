import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { generateKeySecret, hashKeySecret, isWellFormedKeySecret, keyPrefix } from './key-secret.ts';

describe('key secrets', () => {
  it('are well formed, distinct and of the documented shape', () => {
    const secrets = Array.from({ length: 500 }, generateKeySecret);
    expect(new Set(secrets).size).toBe(500);
    for (const secret of secrets) {
      expect(secret).toMatch(/^sk_live_[0-9A-Za-z]{36}$/);
      expect(isWellFormedKeySecret(secret)).toBe(true);
    }
  });

  it('carry the CRC32 of what stands before it, in base62', () => {
    const secret = generateKeySecret();
    const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
    const value = [...secret.slice(-6)].reduce((sum, digit) => sum * 62 + digits.indexOf(digit), 0);
    expect(value).toBe(crc32(secret.slice(0, -6)));
  });

  it('are refused when one character is wrong', () => {
    fc.assert(
      fc.property(fc.integer({ min: 8, max: 43 }), fc.constantFrom(...'09AZaz'), (at, character) => {
        const secret = generateKeySecret();
        const changed = secret.slice(0, at) + character + secret.slice(at + 1);
        expect(isWellFormedKeySecret(changed)).toBe(changed === secret);
      }),
    );
  });

  it.each(['', 'sk_live_', 'sk_test_0000', `${generateKeySecret()} `, `${generateKeySecret()}\n`])(
    'are refused when cut or padded: %j',
    (text) => {
      expect(isWellFormedKeySecret(text)).toBe(false);
    },
  );

  it('are stored as a hash and shown as a prefix that do not hold them', () => {
    const secret = generateKeySecret();
    expect(hashKeySecret(secret)).toMatch(/^[0-9a-f]{64}$/);
    expect(secret.startsWith(keyPrefix(secret))).toBe(true);
    expect(keyPrefix(secret)).toHaveLength(12);
  });
});
