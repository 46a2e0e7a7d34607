// Server and runner on one machine, each in its own process, restarted when it dies. For npm start, the demo and
// tests.
import { type ChildProcess, fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { ownProgram } from './lib/own-files.ts';
import { SERVER_MEMORY } from './lib/server-memory.ts';
import { SeedError } from './protocol/errors.ts';

const SERVER = ownProgram('src/server/main.ts');
const RUNNER = ownProgram('src/runner/main.ts');
const RESTART_AFTER_MS = 500;
const READY_WITHIN_MS = 90_000;
/** Deaths in a row, each sooner than a minute after its start, after which a process is given up. */
const GIVE_UP_AFTER = 5;
/**
 * How long tasks may go on when Seed stops, in seconds: who waits at a terminal has less patience than a rollout.
 */
const DRAIN_SECONDS = '10';
/** What the runner may take besides: it kills sandboxes and settles their tasks. */
const RUNNER_STOP_MS = 20_000;
/** What the server may take: for requests in flight, and then for Postgres. */
const SERVER_STOP_MS = 75_000;
/** What a host of sandboxes is not to know: the database, the keys of others, where the server's figures go. */
const SERVERS_ALONE =
  /^(DATABASE_URL|PG[A-Z]+|OPENROUTER_API_KEY|OTEL_\w+|SEED_(DATABASE_\w+|ADMIN_KEY|LLM_API_KEY|METRICS_TOKEN|SECRETS_KEY|S3_\w+|PACK_\w+))$/;

interface ReadyMessage {
  url: string;
  adminKey: string | null;
  model: string;
  packs: readonly string[];
  notices: readonly string[];
}

export interface AllInOne extends ReadyMessage {
  serverPid(): number;
  runnerPid(): number;
  /** Restarts nothing from now on. */
  abandon(): void;
  /** Resolves when a process died too often to be restarted. */
  failed: Promise<string>;
  /**
   * The runner first, so that it can settle its tasks, then the server. What does not end in time is killed.
   * @param say is told which
   * @param marginMs what the runner may take beyond its tasks' time
   */
  stop(say?: (line: string) => void, marginMs?: number): Promise<void>;
  /** Kills both. Sandboxes end with the runner's pipes or at their deadline; Postgres shuts down by itself. */
  kill(): void;
}

/**
 * Starts both. `environment` goes to the server with a runner token added, and to the runner without the server's
 * secrets.
 * @param onOutput is given what they write; without it that goes where this process's own output goes
 * @throws SeedError setup_failed when the server does not come up; it has said why on stderr
 */
export async function startAllInOne(
  environment: NodeJS.ProcessEnv,
  onOutput?: (text: string) => void,
): Promise<AllInOne> {
  const env: NodeJS.ProcessEnv = {
    ...SERVER_MEMORY.environment,
    ...environment,
    SEED_RUNNER_TOKEN: environment['SEED_RUNNER_TOKEN'] ?? randomBytes(32).toString('hex'),
    SEED_DRAIN_SECONDS: environment['SEED_DRAIN_SECONDS'] || DRAIN_SECONDS,
  };
  const failed = Promise.withResolvers<string>();
  const server = keepRunning(
    { name: 'server', file: SERVER, env, nodeOptions: SERVER_MEMORY.nodeOptions },
    failed.resolve,
    onOutput,
  );
  const ready = await firstReady(server.child());
  // A restarted server has to listen where the runner and the callers know it.
  env['PORT'] = new URL(ready.url).port;
  const runner = keepRunning(
    { name: 'runner', file: RUNNER, env: { ...withoutServersOwn(env), SEED_SERVER_URL: ready.url } },
    failed.resolve,
    onOutput,
  );
  return {
    ...ready,
    serverPid: () => server.child().pid ?? 0,
    runnerPid: () => runner.child().pid ?? 0,
    abandon: () => {
      runner.abandon();
      server.abandon();
    },
    failed: failed.promise,
    stop: async (say, marginMs = RUNNER_STOP_MS) => {
      const drainMs = Number(env['SEED_DRAIN_SECONDS']) * 1000;
      await runner.stop(drainMs + marginMs, say);
      await server.stop(SERVER_STOP_MS, say);
    },
    kill: () => {
      runner.kill();
      server.kill();
    },
  };
}

function withoutServersOwn(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !SERVERS_ALONE.test(name)));
}

interface KeptProcess {
  child(): ChildProcess;
  abandon(): void;
  stop(patienceMs: number, say?: (line: string) => void): Promise<void>;
  kill(): void;
}

interface Program {
  name: string;
  file: string;
  env: NodeJS.ProcessEnv;
  /** Command-line options of Node's own. */
  nodeOptions?: readonly string[];
}

function keepRunning(
  { name, file, env, nodeOptions = [] }: Program,
  giveUp: (why: string) => void,
  onOutput?: (text: string) => void,
): KeptProcess {
  const output = onOutput === undefined ? 'inherit' : 'pipe';
  let stopped = false;
  let earlyDeaths = 0;
  let current = start();

  function start(): ChildProcess {
    const startedAt = performance.now();
    // Detached: Ctrl-C reaches only this process, which then stops the two in order. A lost parent they notice by
    // IPC.
    const child = fork(file, [], {
      env,
      detached: true,
      execArgv: [...process.execArgv, ...nodeOptions],
      stdio: ['ignore', output, output, 'ipc'],
    });
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => onOutput?.(text));
    }
    child.once('exit', (code, signal) => {
      if (stopped) return;
      earlyDeaths = performance.now() - startedAt < 60_000 ? earlyDeaths + 1 : 0;
      const how = signal ? `by ${signal}` : `with code ${code}`;
      if (earlyDeaths >= GIVE_UP_AFTER) return giveUp(`the ${name} ended ${how}, ${earlyDeaths} times in a row`);
      setTimeout(() => {
        if (!stopped) current = start();
      }, RESTART_AFTER_MS);
    });
    return child;
  }

  return {
    child: () => current,
    abandon: () => {
      stopped = true;
    },
    stop: async (patienceMs, say) => {
      stopped = true;
      if (current.exitCode !== null || current.signalCode !== null) return;
      const exited = once(current, 'exit');
      // Not by a signal: a service manager may have sent one to every process, and a second would end it at once.
      if (current.connected) current.disconnect();
      const late = setTimeout(() => {
        say?.(`The ${name} has not ended within ${Math.round(patienceMs / 1000)} s and is killed`);
        current.kill('SIGKILL');
      }, patienceMs);
      await exited;
      clearTimeout(late);
    },
    kill: () => {
      stopped = true;
      current.kill('SIGKILL');
    },
  };
}

async function firstReady(child: ChildProcess): Promise<ReadyMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<ReadyMessage>();
  const late = setTimeout(() => reject(notUp(`was not ready after ${READY_WITHIN_MS / 1000} s`)), READY_WITHIN_MS);
  child.on('message', (message: { ready?: ReadyMessage }) => message.ready && resolve(message.ready));
  child.once('exit', (code) => reject(notUp(`ended with code ${code}`)));
  return promise.finally(() => clearTimeout(late));
}

const notUp = (how: string) => new SeedError('setup_failed', `the server ${how}; what it said stands above`);
