// Processes that end: at once, or asked to.
import { type Fault, there } from './fault.ts';
import { allProcessesOf, signalAll, withDescendants } from './processes.ts';
import type { Stack } from './stack.ts';
import { seconds, until } from './wait.ts';

/** A Postgres that was asked to end waits for its clients; then it is told. */
const POSTGRES_PATIENCE_SECONDS = 5;
const BACKENDS_ENDED = 3;
const AT_POST_MS = 60;

export const KILLS: Fault[] = [
  {
    name: 'nothing',
    what: 'no fault at all: what the figures are without one',
    stack: 'one',
    happen: async () => {},
  },
  {
    name: 'server-kill',
    what: 'kill -9 of the server',
    stack: 'one',
    happen: async ({ servers }) => signalAll([await there(servers[0]).pid()], 'SIGKILL'),
  },
  {
    name: 'server-term',
    what: 'SIGTERM of the server',
    stack: 'one',
    happen: async ({ servers }) => signalAll([await there(servers[0]).pid()], 'SIGTERM'),
  },
  {
    name: 'runner-kill',
    what: 'kill -9 of the runner',
    stack: 'one',
    mayEnd: ['interrupted'],
    happen: async ({ runners }) => signalAll([await there(runners[0]).pid()], 'SIGKILL'),
  },
  {
    name: 'runner-term',
    what: 'SIGTERM of the runner',
    stack: 'one',
    happen: async ({ runners }) => signalAll([await there(runners[0]).pid()], 'SIGTERM'),
  },
  {
    name: 'runner-term-hasty',
    what: 'SIGTERM of a runner that drains for one second',
    stack: 'hasty',
    mayEnd: ['interrupted'],
    happen: async ({ runners }) => signalAll([await there(runners[0]).pid()], 'SIGTERM'),
  },
  atPost('server-kill', 'kill -9 of the server', ({ servers }) => there(servers[0]).pid(), 'SIGKILL'),
  atPost('runner-term', 'SIGTERM of the runner', ({ runners }) => there(runners[0]).pid(), 'SIGTERM'),
  {
    ...atPost('runner-kill', 'kill -9 of the runner', ({ runners }) => there(runners[0]).pid(), 'SIGKILL'),
    mayEnd: ['interrupted'],
  },
  {
    name: 'postgres-kill',
    what: 'kill -9 of Postgres',
    stack: 'one',
    happen: async ({ postgres }) => signalAll([await postgres.pid()], 'SIGKILL'),
  },
  {
    name: 'postgres-term',
    what: `SIGTERM of Postgres, and SIGINT after ${POSTGRES_PATIENCE_SECONDS} s`,
    stack: 'one',
    happen: async ({ postgres }, signal) => {
      const pid = await postgres.pid();
      signalAll([pid], 'SIGTERM');
      await seconds(POSTGRES_PATIENCE_SECONDS, signal);
      if ((await postgres.pid()) === pid) signalAll([pid], 'SIGINT');
    },
  },
  {
    name: 'backend-kill',
    what: 'kill -9 of one Postgres backend in a transaction',
    stack: 'one',
    happen: async (stack, signal) => signalAll([await backendAtWork(stack, signal)], 'SIGKILL'),
  },
  {
    name: 'backend-term',
    what: `SIGTERM of ${BACKENDS_ENDED} Postgres backends in transactions`,
    stack: 'one',
    happen: async (stack, signal) => {
      for (let ended = 0; ended < BACKENDS_ENDED; ended += 1)
        signalAll([await backendAtWork(stack, signal)], 'SIGTERM');
    },
  },
  {
    name: 'sandbox-kill',
    what: 'kill -9 of a sandbox',
    stack: 'one',
    mayEnd: ['sandbox_lost'],
    happen: async (stack) => signalAll(await allProcessesOf(there((await stack.sandboxes())[0])), 'SIGKILL'),
  },
  {
    name: 'sandbox-term',
    what: 'SIGTERM of a sandbox',
    stack: 'one',
    mayEnd: ['sandbox_lost'],
    happen: async (stack) => signalAll(await allProcessesOf(there((await stack.sandboxes())[0])), 'SIGTERM'),
  },
  {
    name: 'start-kill',
    what: 'kill -9 of `npm start`, whose server and runner notice',
    stack: 'start',
    mayEnd: ['interrupted', 'sandbox_lost'],
    happen: async ({ main }) => signalAll([there(main).pid()], 'SIGKILL'),
  },
  {
    name: 'start-kill-all',
    what: 'kill -9 of `npm start` with its server and runner',
    stack: 'start',
    mayEnd: ['interrupted', 'sandbox_lost'],
    happen: async ({ main, servers, runners }) =>
      signalAll([there(main).pid(), await there(servers[0]).pid(), await there(runners[0]).pid()], 'SIGKILL'),
  },
  {
    name: 'start-term',
    what: 'SIGTERM of `npm start`, which drains for ten seconds',
    stack: 'start',
    mayEnd: ['interrupted'],
    happen: async ({ main }) => signalAll([there(main).pid()], 'SIGTERM'),
  },
  {
    name: 'start-postgres-kill',
    what: 'kill -9 of the embedded Postgres',
    stack: 'start',
    happen: async ({ postgres }) => signalAll([await postgres.pid()], 'SIGKILL'),
  },
  {
    name: 'two-server-kill',
    what: 'kill -9 of one of two servers',
    stack: 'two',
    happen: async ({ servers }) => signalAll([await there(servers[0]).pid()], 'SIGKILL'),
  },
  {
    name: 'two-server-term',
    what: 'SIGTERM of one of two servers',
    stack: 'two',
    happen: async ({ servers }) => signalAll([await there(servers[0]).pid()], 'SIGTERM'),
  },
  {
    name: 'two-runner-kill',
    what: 'kill -9 of one of two runners',
    stack: 'two',
    mayEnd: ['interrupted'],
    happen: async ({ runners }) => signalAll([await there(runners[0]).pid()], 'SIGKILL'),
  },
  {
    name: 'two-runner-term',
    what: 'SIGTERM of one of two runners',
    stack: 'two',
    happen: async ({ runners }) => signalAll([await there(runners[0]).pid()], 'SIGTERM'),
  },
];

/** What is lost between a post, its lease and the answers to both. */
function atPost(
  name: string,
  what: string,
  pidOf: (stack: Stack) => Promise<number>,
  signalName: NodeJS.Signals,
): Fault {
  return {
    name: `${name}-at-post`,
    what: `${what} within ${AT_POST_MS} ms after posts`,
    stack: 'one',
    atPost: true,
    happen: async (stack, signal) => {
      const pid = await pidOf(stack);
      await seconds((Math.random() * AT_POST_MS) / 1000, signal);
      signalAll([pid], signalName);
    },
  };
}

/** The pid of a backend of a server that is in a transaction; without one for a while, of any. */
export async function backendAtWork({ rows }: Stack, signal: AbortSignal): Promise<number> {
  const find = async (condition: string) => {
    const found = await rows(
      `select pid from pg_stat_activity where datname = current_database() and backend_type = 'client backend'
        and pid <> pg_backend_pid() and ${condition} order by random() limit 1`,
    );
    return Number(found[0]?.['pid'] ?? 0);
  };
  return until('a transaction is under way', 1_500, signal, () => find('xact_start is not null')).catch(() =>
    until('a server has a connection', 10_000, signal, () => find('true')),
  );
}

/** Servers, runners, Postgres, and every sandbox: what a paused machine stops. */
export async function everything(stack: Stack): Promise<number[]> {
  const pids = [
    stack.main?.pid() ?? 0,
    await stack.postgres.pid(),
    ...(await Promise.all([...stack.servers, ...stack.runners].map(({ pid }) => pid()))),
  ].filter((pid) => pid > 0);
  return [...new Set((await Promise.all(pids.map(withDescendants))).flat())];
}
