import { expect, test } from 'vitest';
import { publicReason } from './public-reason.ts';

const CRASH = `node:events:505
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
  ["a program's crash", CRASH, "Error: ENOSPC: no space left on device, open '…'"],
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
