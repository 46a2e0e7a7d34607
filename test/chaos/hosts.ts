// A host that has a wrong clock, or nothing left: no room on the disk, no file descriptors.
import { exec } from '../../src/lib/exec.ts';
import { fakeClockLibrary } from './fake-clock.ts';
import { type Fault, there } from './fault.ts';
import { fillDisk } from './small-disk.ts';
import type { Stack } from './stack.ts';
import { seconds } from './wait.ts';

const LENGTH_SECONDS = 15;
/** Fewer than any process of Seed has open: it can open none besides. */
const NO_DESCRIPTORS = 8;

export const HOSTS: Fault[] = [
  clock('clock-ahead', 'an hour ahead', 3600),
  clock('clock-behind', 'an hour behind', -3600),
  {
    name: 'disk-full',
    what: `the disk of the database is full for ${LENGTH_SECONDS} s`,
    stack: 'disk',
    cannot: async () => (process.getuid?.() === 0 ? null : 'only root may mount a small disk'),
    happen: async ({ smallDisk }, signal) => {
      const free = await fillDisk(there(smallDisk));
      try {
        await seconds(LENGTH_SECONDS, signal);
      } finally {
        await free();
      }
    },
  },
  descriptors('server', ({ servers }) => there(servers[0]).pid()),
  descriptors('runner', ({ runners }) => there(runners[0]).pid()),
];

function clock(name: string, how: string, offsetSeconds: number): Fault {
  return {
    name,
    what: `the clock of one of two servers is ${how} for ${LENGTH_SECONDS} s`,
    stack: 'two',
    cannot: async () =>
      (await fakeClockLibrary()) === null ? 'libfaketime is not installed (apt install libfaketime)' : null,
    happen: async (stack, signal) => {
      const its = there(stack.clock);
      await its.set(offsetSeconds);
      try {
        await seconds(LENGTH_SECONDS, signal);
      } finally {
        await its.set(0);
      }
    },
  };
}

function descriptors(name: string, pidOf: (stack: Stack) => Promise<number>): Fault {
  return {
    name: `${name}-descriptors`,
    what: `the ${name} can open no file for ${LENGTH_SECONDS} s`,
    stack: 'one',
    happen: async (stack, signal) => {
      const pid = String(await pidOf(stack));
      const limit = (await exec('prlimit', ['--pid', pid, '--nofile', '--output=SOFT', '--noheadings'])).trim();
      await exec('prlimit', ['--pid', pid, `--nofile=${NO_DESCRIPTORS}:`]);
      try {
        await seconds(LENGTH_SECONDS, signal);
      } finally {
        await exec('prlimit', ['--pid', pid, `--nofile=${limit}:`]);
      }
    },
  };
}
