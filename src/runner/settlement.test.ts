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
  const settlement = settlementOf('lease', { why: 'result', result }, null);
  for (const [text, limit] of [
    [settlement?.stdout, LIMITS.stdoutBytes],
    [settlement?.stderr, LIMITS.stderrBytes],
  ] as const) {
    expect(Buffer.byteLength(text ?? '')).toBeLessThanOrEqual(limit);
    expect(Buffer.byteLength(text ?? '')).toBeGreaterThan(limit - 10);
  }
});

test('an error counts although the exit code is 0', () => {
  const error = { code: 'agent_failed' as const, message: 'it fell' };
  expect(settlementOf('lease', { why: 'result', result: { ...result, error } }, null)?.outcome).toBe(
    'failed',
  );
});

test('what the server has decided itself is not settled', () => {
  expect(settlementOf('lease', { why: 'stopped' }, null)).toBeNull();
  expect(settlementOf('lease', { why: 'lease_lost' }, null)).toBeNull();
});
