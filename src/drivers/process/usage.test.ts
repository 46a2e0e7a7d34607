import { expect, test } from 'vitest';
import { createMeter } from './usage.ts';

const seen = (cpuSeconds: number) => ({ cpuSeconds, peakMemoryBytes: cpuSeconds * 100 });

test('keeps the most that was seen, also when nothing is there any more', async () => {
  const looks = [seen(1), seen(3), seen(0)];
  const meter = createMeter(async () => looks.shift() ?? seen(0));
  await meter.look();
  expect(await meter.usage()).toEqual({ ...seen(3), problem: null });
  expect(await meter.usage()).toEqual({ ...seen(3), problem: null });
});

test('a look that fails never rejects, is told, and is forgotten by one that succeeds', async () => {
  const looks = [() => Promise.resolve(seen(1)), () => Promise.reject(new Error('EMFILE')), async () => seen(2)];
  const meter = createMeter(() => (looks.shift() ?? (async () => seen(0)))());
  await meter.look();
  expect(await meter.usage()).toEqual({ ...seen(1), problem: 'EMFILE' });
  expect(await meter.usage()).toEqual({ ...seen(2), problem: null });
});

test('what ended before anybody looked was not measured', async () => {
  const meter = createMeter(async () => seen(0));
  expect((await meter.usage()).problem).toBe('it ended before it was measured');
});

test('a host that does not answer holds nobody up', async () => {
  const meter = createMeter(() => new Promise(() => {}));
  const begin = performance.now();
  await meter.look();
  expect(performance.now() - begin).toBeLessThan(2_000);
  meter.end();
  expect((await meter.usage()).problem).toMatch(/did not tell within/);
});
