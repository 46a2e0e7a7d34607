// What a vendor does to processes of a function, and what happens to the database behind them.
import { whyNoPgBouncer } from '../fixtures/pgbouncer.ts';
import { type Fault, there } from './fault.ts';
import { backendAtWork } from './kills.ts';
import { signalAll } from './processes.ts';
import { seconds } from './wait.ts';

const LENGTH_SECONDS = 5;
const KILLS = 6;
/** Every other answer is the last one of its process. */
const LAST_ANSWERS = 0.5;

const FUNCTIONS_FAULTS: Omit<Fault, 'stack'>[] = [
  {
    name: 'function-nothing',
    what: 'nothing but what a vendor always does: processes are frozen between requests',
    happen: async () => {},
  },
  {
    name: 'function-kill-answered',
    what: `for ${LENGTH_SECONDS} s, kill -9 of the process behind every other answer`,
    happen: async ({ instances }, signal) => {
      const its = there(instances);
      its.killShare = LAST_ANSWERS;
      try {
        await seconds(LENGTH_SECONDS, signal);
      } finally {
        its.killShare = 0;
      }
    },
  },
  {
    name: 'function-kill',
    what: `kill -9 of all processes, ${KILLS} times within some seconds, in the middle of what they answer`,
    happen: async ({ instances }, signal) => {
      for (let kill = 0; kill < KILLS; kill += 1) {
        signalAll(there(instances).pids(), 'SIGKILL');
        await seconds(0.3 + Math.random(), signal);
      }
    },
  },
  {
    name: 'function-pause-5',
    what: 'SIGSTOP of all processes for 5 s, in the middle of what they answer',
    happen: async ({ instances }, signal) => {
      const stopped = there(instances).pids();
      signalAll(stopped, 'SIGSTOP');
      try {
        await seconds(LENGTH_SECONDS, signal);
      } finally {
        signalAll(stopped, 'SIGCONT');
      }
    },
  },
  {
    name: 'function-pooler-cut-5',
    what: 'the connections of all processes to PgBouncer break, and new ones are refused for 5 s',
    cannot: async () => whyNoPgBouncer(),
    happen: async ({ databaseLines }, signal) => {
      const line = there(databaseLines[0]);
      line.cut();
      try {
        await seconds(LENGTH_SECONDS, signal);
      } finally {
        line.mend();
      }
    },
  },
  {
    name: 'function-backend-kill',
    what: 'kill -9 of one Postgres backend in a transaction, behind PgBouncer: Postgres starts again',
    happen: async (stack, signal) => signalAll([await backendAtWork(stack, signal)], 'SIGKILL'),
  },
  {
    name: 'function-postgres-kill',
    what: 'kill -9 of Postgres behind PgBouncer',
    happen: async ({ postgres }) => signalAll([await postgres.pid()], 'SIGKILL'),
  },
];

export const FUNCTIONS: Fault[] = FUNCTIONS_FAULTS.map((fault) => ({ ...fault, stack: 'function' }));
