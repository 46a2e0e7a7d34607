import { describe, expect, it } from 'vitest';
import { keep, readClosed, readUsage, readWaited } from './keeper.ts';

describe('what the keeper says', () => {
  const ended = (lines: string, said = '') => readWaited(`ended\n${lines}\ncpu 1.5\nmemory 7\nsaid\n${said}`);

  it.each([
    ['code 5\nsignal 0\nlate 0\noom 0', { reason: 'exited', code: 5 }],
    ['code 0\nsignal 9\nlate 1\noom 0', { reason: 'deadline' }],
    ['code 0\nsignal 9\nlate 0\noom 1', { reason: 'out_of_memory' }],
    ['code 0\nsignal 9\nlate 0\noom 0', { reason: 'lost', detail: 'its program was killed by signal 9' }],
  ])('tells an end: %j', (lines, exit) => {
    expect(ended(lines)).toEqual({ exit, account: { cpuSeconds: 1.5, memoryBytes: 7 } });
  });

  it('has the last words of a guest, whichever way it left them, and no more than is kept', () => {
    const words = (said: string) => ended('code 1\nsignal 0', said);
    expect(words('{"said":"no luck"}\n')).toMatchObject({ exit: { detail: 'no luck' } });
    expect(words('Error: thrown\n  at x\ncode 0\n')).toMatchObject({
      exit: { code: 1, detail: 'Error: thrown\n  at x\ncode 0' },
    });
    expect(words(`{"said":${JSON.stringify('x'.repeat(9000))}}`)).toMatchObject({
      exit: { detail: 'x'.repeat(2048) },
    });
  });

  it('is nothing where somebody else speaks', () => {
    expect(readWaited('running\n')).toBe('running');
    expect(readWaited('none\n')).toBe('none');
    expect(readWaited('')).toBeNull();
    expect(readWaited('perl: not found')).toBeNull();
    expect(ended('code -4\nsignal x')).toMatchObject({ exit: { reason: 'exited', code: 1 } });
    expect(readUsage('cpu 2.25\nmemory 1024\n')).toEqual({ cpuSeconds: 2.25, memoryBytes: 1024 });
    expect(readUsage('cpu -1\nmemory 5')).toBeNull();
    expect(readClosed('open 1.1.1.1:443\nopen DNS\nchecked\n')).toEqual(['1.1.1.1:443', 'DNS']);
    expect(readClosed('checked\n')).toEqual([]);
    expect(readClosed('open DNS\n')).toBeNull();
  });
});

it('is told seconds that are never negative', () => {
  expect(keep.until(-5)).toEqual(['/opt/seed/keeper', 'until', '0.000']);
  expect(keep.run(1500, 10.7, 'https://door').slice(0, 5)).toEqual([
    ...['/opt/seed/keeper', 'run', '1.500', '10', 'https://door'],
  ]);
});
