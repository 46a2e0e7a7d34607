import { expect, test } from 'vitest';
import { LIMITS } from '../protocol/limits.ts';
import { publicReason } from '../relay/outcome.ts';
import { type RunEnd, settlementOf } from './settlement.ts';

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
  expect(settlementOf('lease', { why: 'result', result: { ...result, error } }, null)?.outcome).toBe('failed');
});

test('what the server has decided itself is not settled', () => {
  expect(settlementOf('lease', { why: 'stopped' }, null)).toBeNull();
  expect(settlementOf('lease', { why: 'lease_lost' }, null)).toBeNull();
});

const CRASH = "Error: Cannot find module '/opt/seed/guest.mjs'\n    at node:internal/x:1:2\n\nNode.js v24.21.0";

test.each<[string, RunEnd, string]>([
  [
    'a guest that failed',
    { why: 'exit', exit: { reason: 'exited', code: 1, detail: CRASH } },
    "the sandbox ended before its agent did: its program ended with code 1: Error: Cannot find module '…'",
  ],
  [
    'a guest that failed without a word',
    { why: 'exit', exit: { reason: 'exited', code: 3 } },
    'the sandbox ended before its agent did: its program ended with code 3',
  ],
  [
    'a sandbox that was lost',
    {
      why: 'exit',
      exit: { reason: 'lost', detail: 'restoring\nruntime: open /srv/seed/pages.img: no such file' },
    },
    'the sandbox ended before its agent did: runtime: open …: no such file',
  ],
  [
    'one that did not start',
    {
      why: 'not_started',
      message: 'The sandbox x has no folder: ENOSPC: no space left on device, mkdir /srv/x',
    },
    'the sandbox did not start: The sandbox x has no folder: ENOSPC: no space left on device, mkdir …',
  ],
])('%s says why to everybody, and all of it to the operator alone', (_, end, message) => {
  const settlement = settlementOf('lease', end, null);
  expect(settlement).toMatchObject({ outcome: 'failed', error: { code: 'sandbox_lost', message } });
  const words =
    end.why === 'exit' && 'detail' in end.exit
      ? end.exit.detail
      : end.why === 'not_started'
        ? end.message
        : undefined;
  expect(settlement?.diagnostics).toBe(words);
  expect(JSON.stringify(settlement?.error)).not.toMatch(/\/(srv|opt)/);
});

test('a run that the runner itself broke ends its task', () => {
  expect(settlementOf('lease', { why: 'broken' }, null)).toMatchObject({ error: { code: 'sandbox_lost' } });
});

const STACK = `node:events:505
      throw er; // Unhandled 'error' event
      ^

Error: ENOSPC: no space left on device, open '/workspace/in/a'
    at async open (node:internal/fs/promises:639:25)
    at file:///opt/seed/guest.mjs:1:2 {
  errno: -28,
  code: 'ENOSPC'
}

Node.js v24.21.0`;

test.each([
  ["a program's crash", STACK, "Error: ENOSPC: no space left on device, open '…'"],
  [
    'a host without file descriptors',
    'The sandbox 1 cannot be written down: EMFILE: too many open files, open /srv/seed/gvisor/sandboxes/1/sandbox.json',
    'The sandbox 1 cannot be written down: EMFILE: too many open files, open …',
  ],
  [
    'a program that is gone',
    'timeout: failed to run command \u2018/var/cache/seed/runsc\u2019: No such file or directory',
    'timeout: failed to run command \u2018…: No such file or directory',
  ],
  ['a mark of a folder', 'fatal: runsc --root=/srv/a/b restore', 'fatal: runsc --root=… restore'],
  ['words that are no path', 'panic: and/or 1/2', 'panic: and/or 1/2'],
  ['the last of some words', 'one\ntwo\n', 'two'],
  ['control characters', 'failed \u001b[31mred\u0007', 'failed [31mred'],
  ['nothing', ' \n', ''],
])('%s', (_, words, reason) => expect(publicReason(words)).toBe(reason));

test('it is one short line', () => {
  expect(publicReason(`error ${'x'.repeat(5000)}`)).toHaveLength(200);
});
