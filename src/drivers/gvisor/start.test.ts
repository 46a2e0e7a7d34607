import { expect, test } from 'vitest';
import type { Exit } from '../driver.ts';
import { classifyExit } from '../process/exit.ts';
import { guestCode, type RunscEnd } from './start.ts';

interface Evidence extends RunscEnd {
  killed: boolean;
  deadlinePassed: boolean;
  verdict: Exit | null;
  memoryFull: boolean;
  log: string;
}

const ended: Evidence = {
  code: 0,
  killed: false,
  deadlinePassed: false,
  started: true,
  verdict: null,
  memoryFull: false,
  said: '',
  log: '',
};

const exitOf = (evidence: Evidence) => classifyExit('The supervisor', { ...evidence, guest: guestCode(evidence) });

test.each<[string, Partial<Evidence>, string]>([
  ['the guest ended well', {}, 'exited'],
  ['the guest ended with a code', { code: 1 }, 'exited'],
  ['the guest ended well in the moment of its deadline', { deadlinePassed: true }, 'exited'],
  ['timeout killed runsc at the deadline', { code: 137, deadlinePassed: true }, 'deadline'],
  ['the supervisor was killed at the deadline', { code: null, deadlinePassed: true }, 'deadline'],
  ['it had no memory left', { code: 137, verdict: { reason: 'out_of_memory' } }, 'out_of_memory'],
  ['its kernel died with all memory in use', { code: 137, memoryFull: true }, 'out_of_memory'],
  ['it was killed with all memory in use', { code: null, killed: true, memoryFull: true }, 'killed'],
  ['a process of it had no memory, and it went on', { verdict: { reason: 'out_of_memory' } }, 'exited'],
  ['kill() was called', { code: 1, killed: true }, 'killed'],
  ['kill() was called after the deadline', { code: 137, killed: true, deadlinePassed: true }, 'killed'],
  ['runsc could not restore', { code: 128, said: 'no such file' }, 'lost'],
  ['runsc could not restore and it took until the deadline', { code: 128, deadlinePassed: true }, 'lost'],
  ['something was killed from outside', { code: 137 }, 'lost'],
  ['the supervisor was killed from outside', { code: null }, 'lost'],
  ['its first process was killed from outside', { code: 1, said: 'unshare: sigprocmask failed' }, 'lost'],
  [
    'its first process was killed at its deadline',
    { code: 1, said: 'unshare: sigprocmask failed', deadlinePassed: true },
    'deadline',
  ],
  ['the namespaces could not be made', { code: 1, started: false }, 'lost'],
])('%s', (_, evidence, reason) => {
  expect(exitOf({ ...ended, ...evidence }).reason).toBe(reason);
});

test('what was lost says why', () => {
  const exit = exitOf({ ...ended, code: 128, log: 'restoring', said: 'cannot open pages.img' });
  expect(exit).toEqual({ reason: 'lost', detail: 'restoring\ncannot open pages.img' });
  expect(exitOf({ ...ended, code: null })).toHaveProperty('detail', 'The supervisor ended with a signal.');
});

test('a guest that failed has said why', () => {
  const said = 'Error: no such module';
  expect(exitOf({ ...ended, code: 1, said, log: 'runsc has started' })).toEqual({
    reason: 'exited',
    code: 1,
    detail: said,
  });
  expect(exitOf({ ...ended, code: 0, said: 'a warning' })).toEqual({ reason: 'exited', code: 0 });
});
