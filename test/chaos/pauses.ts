// Processes that stand still for a while, and go on as if nothing had been.
import { type Fault, there } from './fault.ts';
import { backendAtWork, everything } from './kills.ts';
import { allProcessesOf, signalAll, withDescendants } from './processes.ts';
import type { Stack } from './stack.ts';
import { seconds } from './wait.ts';

const LENGTHS_SECONDS = [5, 15, 30];

interface Paused {
  name: string;
  what: string;
  stack: Fault['stack'];
  pids(stack: Stack, signal: AbortSignal): Promise<number[]>;
}

const PAUSED: Paused[] = [
  {
    name: 'server',
    what: 'the server',
    stack: 'one',
    pids: async ({ servers }) => [await there(servers[0]).pid()],
  },
  {
    name: 'runner',
    what: 'the runner',
    stack: 'one',
    pids: async ({ runners }) => [await there(runners[0]).pid()],
  },
  {
    name: 'postgres',
    what: 'Postgres with its backends',
    stack: 'one',
    pids: async ({ postgres }) => withDescendants(await postgres.pid()),
  },
  {
    name: 'backend',
    what: 'one Postgres backend in a transaction',
    stack: 'one',
    pids: async (stack, signal) => [await backendAtWork(stack, signal)],
  },
  {
    name: 'sandbox',
    what: 'a sandbox',
    stack: 'one',
    pids: async (stack) => allProcessesOf(there((await stack.sandboxes())[0])),
  },
  { name: 'all', what: 'all of them together', stack: 'one', pids: everything },
  { name: 'start', what: '`npm start` and all below it', stack: 'start', pids: everything },
];

export const PAUSES: Fault[] = [
  ...PAUSED.flatMap((paused) => LENGTHS_SECONDS.map((length) => pause(paused, length))),
  pause(
    {
      name: 'two-server',
      what: 'one of two servers',
      stack: 'two',
      pids: async ({ servers }) => [await there(servers[0]).pid()],
    },
    30,
  ),
];

function pause({ name, what, stack: kind, pids }: Paused, length: number): Fault {
  return {
    name: `${name}-pause-${length}`,
    what: `SIGSTOP of ${what} for ${length} s`,
    stack: kind,
    happen: async (stack, signal) => {
      const stopped = await pids(stack, signal);
      signalAll(stopped, 'SIGSTOP');
      try {
        await seconds(length, signal);
      } finally {
        signalAll(stopped, 'SIGCONT');
      }
    },
  };
}
