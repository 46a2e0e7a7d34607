// The processes of the measurement: one Postgres, several servers, runners each with a process of pretended
// guests, a model. All are real and speak over real sockets.
import { type ChildProcess, fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startEmbeddedPostgres } from '../../src/db/embedded/start-embedded.ts';
import { wholeEnvironment } from '../../src/lib/env.ts';
import { generateKeySecret } from '../../src/lib/key-secret.ts';
import { createLog } from '../../src/lib/log.ts';

const fileOf = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const SERVER = fileOf('../../src/server/main.ts');
const RUNNER = fileOf('./runner-process.ts');
const GUESTS = fileOf('./guests-process.ts');
const MODEL = fileOf('./model-process.ts');

export interface FleetSize {
  servers: number;
  runners: number;
  /** Slots of all runners together: so many tasks run at once. */
  running: number;
  /** About how long a guest works; 0: as fast as it is answered. */
  lifeMs: number;
}

export interface ServerProcess {
  url: string;
  pid: number;
}

export interface FleetProcesses extends AsyncDisposable {
  databaseUrl: string;
  adminKey: string;
  servers: readonly ServerProcess[];
  postgresPid: number;
  runnerPids: readonly number[];
  /** Until now no runner takes a task. */
  startRunners(): Promise<void>;
  /** Those tasks that were held go on. */
  release(): void;
  /** The tasks that guests were started for, as often as they were, and what went wrong in them. */
  told(): Promise<{ started: string[]; failures: string[] }>;
}

export async function startFleet({ servers, runners, running, lifeMs }: FleetSize): Promise<FleetProcesses> {
  await using undo = new AsyncDisposableStack();
  const dataDir = await mkdtemp(join(tmpdir(), 'seed-fleet-'));
  undo.defer(() => rm(dataDir, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 }));
  const postgres = await startEmbeddedPostgres({ dataDir, log: createLog('bench', 'error'), settings: SETTINGS });
  undo.defer(() => postgres.stop());
  const runnerToken = randomBytes(32).toString('hex');
  const adminKey = generateKeySecret();
  const env = { ...wholeEnvironment(), SEED_RUNNER_TOKEN: runnerToken };
  const start = async (file: string, args: string[], more: NodeJS.ProcessEnv = {}) => {
    const started = await startProcess(file, args, { ...env, ...more });
    undo.defer(() => end(started.child));
    return started;
  };
  const model = await start(MODEL, []);
  const serverEnv = (index: number) => ({
    DATABASE_URL: postgres.databaseUrl,
    SEED_DATA_DIR: join(dataDir, `server-${index}`),
    SEED_SECRETS_KEY: runnerToken,
    SEED_ADMIN_KEY: adminKey,
    SEED_LOG_LEVEL: process.env['SEED_LOG_LEVEL'] ?? 'error',
    SEED_PACKS: 'none',
    SEED_LLM_BASE_URL: String(model.said['url']),
    SEED_LLM_API_KEY: 'none',
    SEED_LLM_MODEL: 'bench',
    OPENROUTER_API_KEY: '',
    PORT: '0',
  });
  const startServer = async (index: number): Promise<ServerProcess> => {
    const { child, said } = await start(SERVER, [], serverEnv(index));
    const { url } = said['ready'] as { url: string };
    return { url, pid: child.pid ?? 0 };
  };
  const sockets = Array.from({ length: runners }, (_, index) => join(dataDir, `guests-${index}`));
  const others = Array.from({ length: servers - 1 }, (_, index) => index + 1);
  const [serving, guests] = await Promise.all([
    Promise.all([startServer(0), ...others.map(startServer)]),
    Promise.all(sockets.map(async (socket) => (await start(GUESTS, [socket, String(lifeMs)])).child)),
  ]);
  const runnerPids: number[] = [];
  const parts = undo.move();
  return {
    databaseUrl: postgres.databaseUrl,
    adminKey,
    servers: serving,
    postgresPid: postgres.pid,
    runnerPids,
    startRunners: async () => {
      const started = sockets.map((socket, index) => {
        const slots = Math.floor(running / runners) + (index < running % runners ? 1 : 0);
        const { url } = serving[index % servers] as ServerProcess;
        return startProcess(RUNNER, [url, socket, String(slots), `runner-${index}`], env);
      });
      for (const { child } of await Promise.all(started)) {
        parts.defer(() => end(child));
        runnerPids.push(child.pid ?? 0);
      }
    },
    release: () => {
      for (const child of guests) child.send('release');
    },
    told: async () => {
      const told = await Promise.all(
        guests.map(async (child) => {
          const answered = once(child, 'message');
          child.send('tell');
          return ((await answered) as [{ started: string[]; failures: string[] }])[0];
        }),
      );
      return {
        started: told.flatMap(({ started }) => started),
        failures: told.flatMap(({ failures }) => failures),
      };
    },
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  };
}

/** As `npm start` has it, with room for several servers' connections, and told what its statements took. */
const SETTINGS = { max_connections: '200', shared_preload_libraries: 'pg_stat_statements' };

/** Resolves with the first thing that the process says over IPC. */
async function startProcess(file: string, args: string[], env: NodeJS.ProcessEnv) {
  const child = fork(file, args, { env, stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const exited = once(child, 'exit').then(([code]) => {
    throw new Error(`${file} ended with code ${code} before it was ready`);
  });
  exited.catch(() => undefined);
  const [said] = (await Promise.race([once(child, 'message'), exited])) as [Record<string, unknown>];
  return { child, said };
}

/** At once: what they would still do, such as settling tasks, is nothing that anybody looks at. */
async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}
