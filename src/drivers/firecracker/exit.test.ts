import { expect, test } from 'vitest';
import { classifyExit, type Evidence } from './exit.ts';

const ended: Evidence = {
  killed: false,
  lastLine: null,
  code: 0,
  deadlinePassed: false,
  outOfMemory: false,
  console: '',
};

test.each<[string, Partial<Evidence>, string]>([
  ['the guest ended', { lastLine: 'exited 0' }, 'exited'],
  ['the guest ended in the moment of its deadline', { lastLine: 'exited 0', deadlinePassed: true }, 'exited'],
  ['the guest was killed for want of memory', { lastLine: 'out_of_memory', code: 137 }, 'out_of_memory'],
  ['the host killed it for want of memory', { outOfMemory: true, code: 137 }, 'out_of_memory'],
  [
    "the guest's kernel found no memory",
    { console: '[ 9.1] Kernel panic - not syncing: Out of memory: compulsory panic_on_oom is enabled' },
    'out_of_memory',
  ],
  ['timeout killed it at the deadline', { code: 137, deadlinePassed: true }, 'deadline'],
  ['the supervisor was killed at the deadline', { code: null, deadlinePassed: true }, 'deadline'],
  ['kill() was called', { code: 137, killed: true }, 'killed'],
  ['the machine ended without a word', {}, 'lost'],
  ['something in the machine killed the guest', { lastLine: 'exited 137', code: 137 }, 'lost'],
  ['the machine said something else', { lastLine: 'exited soon' }, 'lost'],
  ['something was killed from outside', { code: 137 }, 'lost'],
  ['Firecracker failed and it took until the deadline', { code: 1, deadlinePassed: true }, 'lost'],
])('%s', (_, evidence, reason) => {
  expect(classifyExit({ ...ended, ...evidence }).reason).toBe(reason);
});

test('what was lost says why, in at most 2 KiB', () => {
  expect(classifyExit({ ...ended, code: null })).toEqual({
    reason: 'lost',
    detail: 'Firecracker ended with a signal.',
  });
  const exit = classifyExit({ ...ended, console: `${'x'.repeat(5000)}the end` });
  expect(exit).toHaveProperty('detail', `${'x'.repeat(2041)}the end`);
});
