import crypto, { randomUUID as imported } from 'node:crypto';
import { beforeAll, expect, test } from 'vitest';
import { drawFromKernel, forgetDrawn } from './kernel-randomness.ts';

const { randomUUID: original } = crypto;
beforeAll(() => drawFromKernel());

test('imported names and the global draw from the kernel, too', () => {
  expect(crypto.randomUUID).not.toBe(original);
  const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
  for (const draw of [crypto.randomUUID, imported, () => globalThis.crypto.randomUUID()]) {
    expect(draw()).toMatch(uuid);
  }
});

test('nothing comes twice, also over the end of what was drawn ahead', () => {
  const drawn = Array.from({ length: 5000 }, () => crypto.randomUUID());
  expect(new Set(drawn).size).toBe(5000);
  const kept = crypto.randomBytes(16);
  const before = kept.toString('hex');
  forgetDrawn();
  for (let count = 0; count < 1000; count += 1) crypto.randomBytes(16);
  expect(kept.toString('hex')).toBe(before);
});

test('fills what it is given, and no more', async () => {
  expect(crypto.randomBytes(100_000).length).toBe(100_000);
  const values = new Uint16Array(8);
  crypto.randomFillSync(values, 4, 4);
  const bytes = new Uint8Array(values.buffer);
  expect([bytes.subarray(0, 4), bytes.subarray(8)].every((part) => part.every((byte) => byte === 0))).toBe(true);
  expect(globalThis.crypto.getRandomValues(new Uint8Array(32)).some((byte) => byte > 0)).toBe(true);
  const filled = await new Promise<Uint8Array>((resolve) =>
    crypto.randomFill(new Uint8Array(32), (_error, buffer) => resolve(buffer)),
  );
  expect(filled.some((byte) => byte > 0)).toBe(true);
});

test('integers and fractions stay in their range and reach all of it', async () => {
  const drawn = Array.from({ length: 2000 }, () => crypto.randomInt(3, 7));
  expect(new Set(drawn)).toEqual(new Set([3, 4, 5, 6]));
  expect(() => crypto.randomInt(0)).toThrow(RangeError);
  expect(await new Promise((resolve) => crypto.randomInt(1, (_error, value) => resolve(value)))).toBe(0);
  const fractions = Array.from({ length: 2000 }, () => Math.random());
  expect(fractions.every((value) => value >= 0 && value < 1)).toBe(true);
  expect(fractions.some((value) => value < 0.1) && fractions.some((value) => value > 0.9)).toBe(true);
});
