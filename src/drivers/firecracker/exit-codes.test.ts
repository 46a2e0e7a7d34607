import { expect, test } from 'vitest';
import { wordsOfExitCode } from './exit-codes.ts';

test('a code that says more than that it failed is told in words', () => {
  expect(wordsOfExitCode(148)).toMatch(/\(148\): a system call that its seccomp filter does not allow\.$/);
  expect(wordsOfExitCode(149)).toContain('SIGBUS');
  // 137: killed by its supervisor. 1: what went wrong stands on its standard error.
  for (const code of [0, 1, 137, null]) expect(wordsOfExitCode(code)).toBeUndefined();
});
