import { expect, test } from 'vitest';
import { isAtLeast, parseVersion } from './binaries.ts';

test.each([
  ['Firecracker v1.16.1\n\nSupported snapshot data format versions: v9.0.0', '1.16.1'],
  ['Jailer v1.17.0-dev', '1.17.0-dev'],
  ['bash 5.2', undefined],
])('the version in %j', (text, version) => {
  expect(parseVersion(text)).toBe(version);
});

test.each([
  ['1.16.1', true],
  ['1.16.2', true],
  ['1.17.0-dev', true],
  ['2.0.0', true],
  ['1.16.0', false],
  ['1.9.9', false],
  ['0.25.0', false],
  ['', false],
])('%s is at least 1.16.1: %s', (version, isNewEnough) => {
  expect(isAtLeast(version, [1, 16, 1])).toBe(isNewEnough);
});
