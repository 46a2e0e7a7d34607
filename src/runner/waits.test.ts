import { pino } from 'pino';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createWaits, type Waits } from './waits.ts';
import { createWorkClock } from './work-clock.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const QUIET_MS = 100;

function waitsOf({ pause = true, waitMs = 60_000 } = {}) {
  const told: string[] = [];
  const driver = {
    can: { link: 'stream', pause, reconnect: false, handover: false, longestLifeMs: null } as const,
    pause: async () => void told.push('paused'),
    resume: async () => void told.push('resumed'),
  };
  const onOver = () => void told.push('over');
  const clock = createWorkClock({
    diesAt: performance.now() + 10_000,
    waitMs,
    onOver,
    onWaited: () => waits.wakeUp(),
  });
  const waits: Waits = createWaits({
    sandbox: { driver, id: 'one' },
    clock,
    log: pino({ level: 'silent' }),
    onAsleep: () => void told.push('asleep'),
    onAwake: (stoodMs) => void told.push(`awake after ${stoodMs}`),
    quietMs: QUIET_MS,
  });
  const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);
  return { waits, clock, told, pass };
}

test('it sleeps when all calls wait, and the first decision wakes it before its answer is passed on', async () => {
  const { waits, clock, told, pass } = waitsOf();
  const [first, second] = [waits.call('a'), waits.call('b')];
  await pass(QUIET_MS);
  expect([told, clock.stands(), waits.isAsleep()]).toEqual([['asleep', 'paused'], true, true]);
  await pass(5_000);
  await first.works();
  expect(told.slice(2)).toEqual(['awake after 5000', 'resumed']);
  expect([clock.stands(), waits.pausedMs(), clock.leftMs()]).toEqual([false, 5_000, 9_900]);
  first.end();
  await pass(QUIET_MS);
  expect(told.slice(4)).toEqual(['asleep', 'paused']);
  await second.works();
  expect(told.slice(6)).toEqual(['awake after 0', 'resumed']);
});

test.each([
  ['a call of the model that is open', undefined],
  ['a call that came beside it', QUIET_MS - 1],
])('%s keeps it awake', async (_, afterMs) => {
  const { waits, told, pass } = waitsOf();
  const open = afterMs === undefined ? waits.call() : null;
  waits.call('a');
  if (afterMs !== undefined) await pass(afterMs);
  const call = open ?? waits.call();
  await pass(1_000);
  expect(told).toEqual([]);
  call.end();
  await pass(QUIET_MS);
  expect(told).toEqual(['asleep', 'paused']);
});

test('a call that was on its way when it fell asleep wakes it; a report of its own does not', async () => {
  const { waits, told, pass } = waitsOf();
  waits.call('a');
  await pass(QUIET_MS);
  waits.busy()();
  expect(waits.isAsleep()).toBe(true);
  const late = waits.call();
  await pass(0);
  expect(told.slice(2)).toEqual(['awake after 0', 'resumed']);
  late.end();
  await pass(QUIET_MS);
  expect(waits.isAsleep()).toBe(true);
});

test('it is not put to sleep in the middle of a report', async () => {
  const { waits, told, pass } = waitsOf();
  waits.call('a');
  const over = waits.busy();
  await pass(QUIET_MS * 3);
  expect(told).toEqual([]);
  over();
  await pass(QUIET_MS);
  expect(told).toEqual(['asleep', 'paused']);
});

test('without a pause its polls follow one another, and it sleeps on between them', async () => {
  const { waits, told, pass } = waitsOf({ pause: false });
  const first = waits.call('a');
  await pass(QUIET_MS);
  waits.willPollAgain('a');
  first.end();
  await pass(3_000);
  const second = waits.call('a');
  await pass(3_000);
  expect([told, waits.pausedMs()]).toEqual([['asleep'], 0]);
  await second.works();
  expect(told).toEqual(['asleep', 'awake after 6000']);
});

test('it does not fall asleep between two polls, and wakes when the next one does not come', async () => {
  const { waits, told, pass } = waitsOf();
  const first = waits.call('a');
  waits.willPollAgain('a');
  first.end();
  await pass(QUIET_MS * 20);
  expect(told).toEqual([]);
  waits.call('a');
  await pass(QUIET_MS);
  expect(told).toEqual(['asleep', 'paused']);
  const { waits: other, told: toldOther, pass: passOther } = waitsOf({ pause: false });
  const call = other.call('b');
  await passOther(QUIET_MS);
  other.willPollAgain('b');
  call.end();
  await passOther(10_000);
  expect(toldOther).toEqual(['asleep', 'awake after 10000']);
});

test('what it may wait is used up: it wakes, works on, and sleeps no more', async () => {
  const { waits, clock, told, pass } = waitsOf({ waitMs: 4_000 });
  waits.call('a');
  await pass(QUIET_MS + 4_000);
  expect(told).toEqual(['asleep', 'paused', 'awake after 4000', 'resumed']);
  waits.call('b');
  await pass(5_000);
  expect(told).toHaveLength(4);
  expect(clock.leftMs()).toBe(10_000 - QUIET_MS - 5_000);
});

test('a task that may not wait never sleeps', async () => {
  const { waits, told, pass } = waitsOf({ waitMs: 0 });
  waits.call('a');
  await pass(9_999);
  expect(told).toEqual([]);
});

test('a stream that is cut while it sleeps wakes nobody: its polls come again, and its clock has stood', async () => {
  const { waits, clock, told, pass } = waitsOf();
  const polls = [waits.call('a'), waits.call('b')];
  await pass(QUIET_MS);
  waits.cut();
  for (const poll of polls) poll.end();
  await pass(5_000);
  // Off the processor it could not be reached again.
  expect(told).toEqual(['asleep', 'paused', 'resumed']);
  expect(clock.stands()).toBe(true);
  waits.mended();
  const [first] = [waits.call('a'), waits.call('b')];
  await pass(QUIET_MS);
  expect(told.slice(3)).toEqual(['paused']);
  expect([clock.stands(), clock.leftMs()]).toEqual([true, 9_900]);
  await pass(1_000);
  await first?.works();
  expect(told.slice(4)).toEqual([`awake after ${6_000 + QUIET_MS}`, 'resumed']);
});

test('a decision that comes in the moment after a cut is told at once', async () => {
  const { waits, told, pass } = waitsOf({ pause: false });
  const poll = waits.call('a');
  await pass(QUIET_MS);
  waits.cut();
  poll.end();
  waits.mended();
  await waits.call('a').works();
  expect(told).toEqual(['asleep', 'awake after 0']);
});

test('a stream that is cut while it works does not put it to sleep; what is not asked again is over', async () => {
  const { waits, told, pass } = waitsOf({ pause: false });
  const [work, poll] = [waits.call(), waits.call('a')];
  waits.cut();
  work.end();
  poll.end();
  await pass(3_000);
  expect(told).toEqual([]);
  waits.mended();
  waits.call('a');
  await pass(QUIET_MS);
  expect(told).toEqual([]);
  await pass(QUIET_MS);
  expect(told).toEqual(['asleep']);
});

test('a guest that is not reached again is waited for no longer than a minute', async () => {
  const { waits, clock, told, pass } = waitsOf({ pause: false, waitMs: 600_000 });
  const poll = waits.call('a');
  await pass(QUIET_MS);
  waits.cut();
  poll.end();
  await pass(60_000);
  expect(told).toEqual(['asleep', 'awake after 60000']);
  expect(clock.stands()).toBe(false);
});
