import { pino } from 'pino';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { endOrphans, type Orphans } from './orphans.ts';

const ME = 'me';
let sandboxes: { id: string; owner: string }[];
let spared: string[];
let asked: string[][];
let killed: string[];
let orphans: Orphans;
const passes = (ms: number) => vi.advanceTimersByTimeAsync(ms);

beforeEach(async () => {
  vi.useFakeTimers();
  [sandboxes, spared, asked, killed] = [[{ id: 'one', owner: 'dead' }], [], [], []];
  const driver = {
    all: async () => sandboxes,
    async kill(id: string) {
      killed.push(id);
      sandboxes = sandboxes.filter((sandbox) => sandbox.id !== id);
      return { reason: 'killed' } as const;
    },
  };
  const client = {
    async spare(_runner: string, _reach: string, all: readonly { id: string; owner: string }[]) {
      asked.push(all.map(({ id, owner }) => `${id} of ${owner}`));
      return all.flatMap(({ id, owner }) => (owner === ME || spared.includes(id) ? [id] : []));
    },
  };
  orphans = endOrphans({ driver, reach: 'here', runnerId: ME, client, log: pino({ level: 'silent' }) });
  await passes(0);
});
afterEach(async () => {
  await orphans.stop();
  vi.useRealTimers();
});

test('kills what is nobody’s at the second look, half a minute later', async () => {
  expect(asked).toEqual([['one of dead']]);
  await passes(29_000);
  expect(killed).toEqual([]);
  await passes(2_000);
  expect(killed).toEqual(['one']);
});

test('spares what somebody has between two looks, and counts them anew', async () => {
  spared = ['one'];
  await passes(30_000);
  spared = [];
  await passes(30_000);
  expect(killed).toEqual([]);
  await passes(30_000);
  expect(killed).toEqual(['one']);
});

test('of what its own runner has left only a task counts, and at once', async () => {
  sandboxes = [
    { id: 'kept', owner: ME },
    { id: 'left', owner: ME },
    { id: 'taken', owner: ME },
  ];
  spared = ['taken'];
  asked = [];
  orphans.leave('taken');
  orphans.leave('left');
  await passes(0);
  expect(asked[0]).toEqual(['kept of me', 'left of ', 'taken of ']);
  expect(killed).toEqual(['left']);
});
