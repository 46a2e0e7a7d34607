import { type Duplex, duplexPair } from 'node:stream';
import { pino } from 'pino';
import { afterEach, expect, test, vi } from 'vitest';
import { createPlainDriver } from '../../test/fixtures/plain-driver.ts';
import type { Driver, Exit, Limits } from '../drivers/driver.ts';
import { createPool, type Pool, type PoolOptions } from './pool.ts';

const limits = { diskBytes: 1, memoryBytes: 1, vcpus: 1, processes: 1 };
const image = { id: 'test', rootfs: '', command: [] };
const snapshot = { id: 'test', driver: 'played', dir: '', image };
const MIB = 1024 * 1024;

interface Played {
  id: string;
  limits: Limits;
  said: string;
  exit(exit: Exit): void;
  killed: boolean;
}

let pool: Pool | null = null;
afterEach(() => pool?.stop());

/** A driver whose sandboxes answer "ready" at once, or end at once. */
function playDriver({ broken = false, usedBytes = 50 * MIB } = {}) {
  const played: Played[] = [];
  let starting = 0;
  let startingMost = 0;
  async function start(given: Limits, id: string) {
    startingMost = Math.max(startingMost, ++starting);
    const [stream, guest] = duplexPair();
    const { promise: exited, resolve } = Promise.withResolvers<Exit>();
    const one: Played = { id, limits: given, said: '', exit: resolve, killed: false };
    played.push(one);
    answer(guest, one, () => {
      starting -= 1;
      if (broken) resolve({ reason: 'lost', detail: 'broken' });
      else guest.write('ready\n');
    });
    return {
      stream,
      exited,
      usage: async () => ({ cpuSeconds: 0, peakMemoryBytes: usedBytes, problem: null }),
      async kill() {
        one.killed = true;
        resolve({ reason: 'killed' });
      },
    };
  }
  const driver = createPlainDriver({ name: 'played', snapshot, start });
  return { driver, played, startingMost: () => startingMost };
}

function answer(guest: Duplex, one: Played, onQuestion: () => void): void {
  guest.on('data', (chunk: Buffer) => {
    one.said += chunk;
    if (one.said === 'ready?\n') onQuestion();
  });
}

function open(driver: Driver, more: Partial<PoolOptions> = {}): Pool {
  pool = createPool({
    driver,
    snapshot,
    limits,
    size: 3,
    memoryBytes: 10_000 * MIB,
    maxAgeMs: 60_000,
    log: pino({ level: 'silent' }),
    ...more,
  });
  return pool;
}

test('fills up one at a time with sandboxes that heard nothing but the question', async () => {
  const { driver, played, startingMost } = playDriver();
  const opened = open(driver);
  await vi.waitFor(() => expect(opened.state()).toMatchObject({ ready: 3, memoryBytes: 150 * MIB }));
  expect(startingMost()).toBe(1);
  expect(played.map(({ said }) => said)).toEqual(['ready?\n', 'ready?\n', 'ready?\n']);
  // A bound one may run a longest task after the longest wait.
  expect((played[0]?.limits.deadline ?? 0) - performance.now()).toBeGreaterThan(600_000);
});

test('hands out the oldest, to a task with its limits only, and replaces it', async () => {
  const { driver, played } = playDriver();
  const opened = open(driver, { size: 2 });
  await vi.waitFor(() => expect(opened.state().ready).toBe(2));
  expect(opened.take({ ...limits, vcpus: 2 })).toBeUndefined();
  expect(opened.take(limits)?.id).toBe(played[0]?.id);
  await vi.waitFor(() => expect(opened.state().ready).toBe(2));
  expect(played.length).toBe(3);
});

test('has what the last tasks wanted, once three in a row wanted the same', async () => {
  const { driver, played } = playDriver();
  const opened = open(driver, { size: 2 });
  await vi.waitFor(() => expect(opened.state().ready).toBe(2));
  const other = { ...limits, memoryBytes: 2 };
  const take = (...wanted: (typeof limits)[]) => wanted.map((each) => opened.take(each) !== undefined);
  expect(take(other, other, limits, other, { ...other, vcpus: 3 })).toEqual([false, false, true, false, false]);
  expect(played.filter(({ killed }) => killed)).toEqual([]);
  expect(take(other, other, other)).toEqual([false, false, false]);
  await vi.waitFor(() => expect(opened.state().ready).toBe(2));
  const bound = opened.take(other);
  expect(played.find(({ id }) => id === bound?.id)?.limits.memoryBytes).toBe(2);
  expect(take(limits)).toEqual([false]);
});

test('does not refill while a task is starting', async () => {
  const { driver, played } = playDriver();
  const opened = open(driver, { size: 1 });
  await vi.waitFor(() => expect(opened.state().ready).toBe(1));
  const release = opened.holdRefill();
  opened.take(limits);
  await new Promise((resolve) => setImmediate(resolve));
  expect(played.length).toBe(1);
  release();
  await vi.waitFor(() => expect(opened.state().ready).toBe(1));
});

test('stays below its memory ceiling, as measured', async () => {
  const { driver, played } = playDriver({ usedBytes: 100 * MIB });
  const opened = open(driver, { memoryBytes: 250 * MIB });
  await vi.waitFor(() => expect(opened.state().ready).toBe(2));
  await new Promise((resolve) => setImmediate(resolve));
  expect(played.length).toBe(2);
});

test('a snapshot that is broken is tried again after growing pauses only', async () => {
  const { driver, played } = playDriver({ broken: true });
  const pauses: number[] = [];
  const backoff = {
    next: () => pauses[pauses.push(10 * 2 ** pauses.length) - 1] ?? 0,
    reset: () => undefined,
  };
  const opened = open(driver, { backoff });
  await vi.waitFor(() => expect(pauses.length).toBeGreaterThan(3));
  expect(played.length - pauses.length).toBeLessThanOrEqual(1);
  expect(opened.state().ready).toBe(0);
});

test('replaces what is too old and what ends, and leaves nothing when it stops', async () => {
  const { driver, played } = playDriver();
  const opened = open(driver, { size: 1, maxAgeMs: 200, backoff: { next: () => 1, reset: () => undefined } });
  await vi.waitFor(() => expect(played.length).toBe(2));
  expect(played[0]?.killed).toBe(true);
  await vi.waitFor(() => expect(opened.state().ready).toBe(1));
  played[1]?.exit({ reason: 'lost', detail: 'gone' });
  await vi.waitFor(() => expect(played.length).toBe(3));
  await vi.waitFor(() => expect(opened.state().ready).toBe(1));
  await opened.stop();
  expect(opened.state().ready).toBe(0);
  expect(played.map(({ killed }) => killed)).toEqual([true, false, true]);
});
