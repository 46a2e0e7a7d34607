import { afterEach, expect, test, vi } from 'vitest';
import { sandboxDeadline } from './deadline.ts';

afterEach(() => vi.useRealTimers());

test("a deadline is a span, whatever becomes of the machine's clock", () => {
  const death = sandboxDeadline(0, '/nowhere', performance.now() + 60_000);
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 3_600_000 });
  expect(death.passed()).toBe(false);
  const past = sandboxDeadline(0, '/nowhere', performance.now() - 1);
  vi.setSystemTime(0);
  expect(past.passed()).toBe(true);
});
