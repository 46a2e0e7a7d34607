import { expect, test } from 'vitest';
import { LIMITS } from '../protocol/limits.ts';
import { settlementOf } from './settlement.ts';

const result = {
  stdout: 'x'.repeat(LIMITS.stdoutBytes * 2),
  stderr: 'y'.repeat(LIMITS.stderrBytes * 2),
  exitCode: 0,
  error: null,
};

test('what the guest should have cut is cut', () => {
  const settlement = settlementOf('lease', { why: 'result', result });
  expect(Buffer.byteLength(settlement?.stdout ?? '')).toBe(LIMITS.stdoutBytes);
  expect(Buffer.byteLength(settlement?.stderr ?? '')).toBe(LIMITS.stderrBytes);
});

test('an error counts although the exit code is 0', () => {
  const error = { code: 'agent_failed' as const, message: 'it fell' };
  expect(settlementOf('lease', { why: 'result', result: { ...result, error } })?.outcome).toBe('failed');
});

test('what the server has decided itself is not settled', () => {
  expect(settlementOf('lease', { why: 'stopped' })).toBeNull();
  expect(settlementOf('lease', { why: 'lease_lost' })).toBeNull();
});
