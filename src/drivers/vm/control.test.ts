import { expect, test } from 'vitest';
import { classifyExit } from '../process/exit.ts';
import { endOfMachine } from './control.ts';

const ended = { report: null, code: 137, killed: false, deadlinePassed: false, said: '', verdict: null };
type Machine = Omit<typeof ended, 'report' | 'code'> & { report: string | null; code: number | null };

const exitOf = ({ report, ...evidence }: Machine) =>
  classifyExit('Firecracker', { ...evidence, ...endOfMachine(report, evidence.said) });

test.each<[string, Partial<Machine>, string]>([
  ['the guest ended well', { report: 'exited 0' }, 'exited'],
  ['the guest ended in the moment of its deadline', { report: 'exited 3', deadlinePassed: true }, 'exited'],
  ['the guest was killed by a signal', { report: 'exited 137' }, 'lost'],
  ['the guest was killed for want of memory', { report: 'out_of_memory' }, 'out_of_memory'],
  ['the kernel had no memory', { said: 'Kernel panic - not syncing: Out of memory: x', code: 0 }, 'out_of_memory'],
  [
    "the guest's kernel found no memory",
    { said: '[ 9.1] Kernel panic - not syncing: Out of memory: compulsory panic_on_oom is enabled', code: 0 },
    'out_of_memory',
  ],
  [
    "the guest's kernel is stuck for want of memory",
    { said: 'Kernel panic - not syncing: System is deadlocked on memory' },
    'out_of_memory',
  ],
  ['kill() was called', { killed: true }, 'killed'],
  ['kill() was called after the deadline', { killed: true, deadlinePassed: true }, 'killed'],
  ['timeout killed it at the deadline', { deadlinePassed: true }, 'deadline'],
  ['the supervisor was killed at the deadline', { code: null, deadlinePassed: true }, 'deadline'],
  ['the machine failed and it took until the deadline', { code: 1, deadlinePassed: true }, 'lost'],
  ['the machine ended without a word', { code: 0 }, 'lost'],
  ['someone else ended it', {}, 'lost'],
  ['the machine says something else', { report: 'exited well' }, 'lost'],
])('%s', (_, evidence, reason) => {
  expect(exitOf({ ...ended, ...evidence }).reason).toBe(reason);
});

test('the host that killed it for want of memory is believed', () => {
  expect(classifyExit('Firecracker', { ...ended, guest: null, memoryFull: true })).toEqual({
    reason: 'out_of_memory',
  });
});

test('what was lost says why, in at most 2 KiB', () => {
  expect(exitOf({ ...ended, code: null })).toEqual({
    reason: 'lost',
    detail: 'Firecracker ended with a signal.',
  });
  expect(exitOf({ ...ended, said: 'no such file' })).toHaveProperty('detail', 'no such file');
  expect(exitOf({ ...ended, report: 'exited 139' })).toHaveProperty('detail', 'The guest ended with 139.');
  const long = exitOf({ ...ended, said: `${'x'.repeat(5000)}the end` });
  expect(long).toHaveProperty('detail', `${'x'.repeat(2041)}the end`);
});
