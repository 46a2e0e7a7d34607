import { expect, test } from 'vitest';
import { exec } from './exec.ts';

test('gives standard output', async () => {
  expect(await exec('printf', ['%s', 'a b'])).toBe('a b');
  expect(await exec('sh', ['-c', 'echo $HOME,$ONE'], { env: { ONE: '1', PATH: '/usr/bin:/bin' } })).toBe(',1\n');
});

test('a failure tells what was run, the code and the end of standard error', async () => {
  const failing = exec('sh', ['-c', 'echo too bad >&2; exit 3'], { hint: 'Do this.' });
  await expect(failing).rejects.toMatchObject({
    code: 'setup_failed',
    message: 'sh ended with code 3: too bad',
    hint: 'Do this.',
  });
});

test('a missing program and one that takes too long fail', async () => {
  await expect(exec('no-such-program', [])).rejects.toThrow(/no-such-program cannot be run/);
  await expect(exec('sleep', ['60'], { timeoutMs: 50 })).rejects.toThrow('sleep was killed by SIGKILL');
});
