import { expect, test } from 'vitest';
import { classifyExit, type Evidence } from './exit.ts';

const ended: Evidence = { report: undefined, killed: false, deadlinePassed: false, diagnostics: '' };

test.each<[string, Partial<Evidence>, string]>([
  ['the guest ended well', { report: 'exited 0' }, 'exited'],
  [
    'the guest ended well in the moment of its deadline',
    { report: 'exited 3', deadlinePassed: true },
    'exited',
  ],
  ['the guest was killed by a signal', { report: 'exited 137' }, 'lost'],
  ['the machine says that its memory was full', { report: 'out_of_memory' }, 'out_of_memory'],
  [
    'the kernel had no memory',
    { diagnostics: 'Kernel panic - not syncing: Out of memory: x' },
    'out_of_memory',
  ],
  ['kill() was called', { killed: true }, 'killed'],
  ['kill() was called after the deadline', { killed: true, deadlinePassed: true }, 'killed'],
  ['the supervisor ended it', { deadlinePassed: true }, 'deadline'],
  ['someone else ended it', {}, 'lost'],
  ['the machine says something else', { report: 'exited well' }, 'lost'],
])('%s', (_, evidence, reason) => {
  expect(classifyExit({ ...ended, ...evidence }).reason).toBe(reason);
});

test('what was lost says why', () => {
  expect(classifyExit({ ...ended, diagnostics: 'no such file' })).toHaveProperty('detail', 'no such file');
  expect(classifyExit({ ...ended, report: 'exited 139' })).toHaveProperty(
    'detail',
    'The guest ended with 139.',
  );
});
