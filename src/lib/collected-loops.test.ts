import { expect, it } from 'vitest';
import { collectLoops } from './collected-loops.ts';

const HOUR_MS = 3_600_000;

function collected() {
  let nowMs = 1_000_000;
  const loops = collectLoops(() => nowMs);
  return {
    loops,
    pass: (ms: number) => {
      nowMs += ms;
    },
  };
}

it('takes the turns that are due, and no timer takes any', async () => {
  const { loops, pass } = collected();
  let turns = 0;
  loops.every({ everyMs: 1_000, name: 'count', log: null }, () => {
    turns += 1;
  });
  await loops.turn();
  await loops.turn();
  expect(turns).toBe(1);
  pass(999);
  await loops.turn();
  expect(turns).toBe(1);
  pass(1);
  await loops.turn();
  expect(turns).toBe(2);
});

it('takes a turn when the clock was set back, too', async () => {
  const { loops, pass } = collected();
  let turns = 0;
  loops.every({ everyMs: 1_000, name: 'count', log: null }, () => {
    turns += 1;
  });
  await loops.turn();
  pass(-HOUR_MS);
  await loops.turn();
  expect(turns).toBe(2);
});

it('leaves what is done seldom to the one that gets its turn', async () => {
  const { loops } = collected();
  const done: string[] = [];
  loops.every({ everyMs: HOUR_MS, name: 'prune', log: null }, () => void done.push('prune'));
  loops.every({ everyMs: HOUR_MS, name: 'forget', log: null }, () => void done.push('forget'));
  await loops.turn();
  expect(done).toEqual([]);
  await loops.turnAll(async (name) => name === 'forget');
  expect(done).toEqual(['forget']);
  await loops.turnAll(async () => true);
  expect(done).toEqual(['forget', 'prune']);
});

it('writes what waits in memory with each answer, due or not', async () => {
  const { loops } = collected();
  let written = 0;
  loops.every({ everyMs: 1_000, flushes: true, name: 'write', log: null }, () => {
    written += 1;
  });
  await loops.flush();
  await loops.flush();
  expect(written).toBe(2);
});

it('is idle when turns and what was kept are over, also what these began', async () => {
  const { loops } = collected();
  const first = Promise.withResolvers<void>();
  const second = Promise.withResolvers<void>();
  loops.keep(first.promise.then(() => loops.keep(second.promise)));
  let idle = false;
  const over = loops.idle().then(() => {
    idle = true;
  });
  first.resolve();
  await new Promise(setImmediate);
  expect(idle).toBe(false);
  second.reject(new Error('that it failed matters to nobody here'));
  await over;
  expect(idle).toBe(true);
});
