// Servers and runners of two versions behind one address on one Postgres, while one takes the place of the other:
// tasks at work go on, and a runner that is lost takes down no more than what it had.
import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it, type TestContext } from 'vitest';
import { freePort } from '../chaos/free-port.ts';
import { type KeptPostgres, keepPostgres, rowsOf } from '../chaos/kept-postgres.ts';
import { type KeptProcess, keepRunning } from '../chaos/kept-process.ts';
import { postTask } from '../chaos/post.ts';
import { removeSandboxes, signalAll } from '../chaos/processes.ts';
import { type Common, startCommon } from '../chaos/stack.ts';
import { tally } from '../chaos/tally.ts';
import { until } from '../chaos/wait.ts';
import { type RoundRobin, startRoundRobin } from '../fixtures/round-robin.ts';
import { versionBefore } from '../fixtures/version-before.ts';

const HERE = fileURLToPath(new URL('../../', import.meta.url));
const STEPS = 5;
const RUN = 'several';
const WITHIN_MS = 150_000;

const undo = new AsyncDisposableStack();
const over = new AbortController();
let common: Common;
let postgres: KeptPostgres;
let balancer: RoundRobin;
/** Null: the history does not reach so far, as in a shallow clone. */
let before: string | null;
const ports: number[] = [];

beforeAll(async () => {
  common = await startCommon();
  undo.defer(() => common.close(false));
  postgres = await keepPostgres(join(common.folder, 'database'));
  undo.defer(() => postgres.stop());
  balancer = await startRoundRobin([]);
  undo.defer(() => balancer.close());
  const sources = await mkdtemp(join(tmpdir(), 'seed-before-'));
  await chmod(sources, 0o755);
  undo.defer(() => rm(sources, { recursive: true, force: true }));
  before = await versionBefore(join(sources, 'seed'));
});
afterAll(async () => {
  over.abort();
  await undo.disposeAsync();
});

interface Server extends KeptProcess {
  port: number;
}

/** Behind the address from now on, once it answers. */
async function startServer(name: string, root: string): Promise<Server> {
  const port = await freePort();
  const dataDir = join(common.folder, name);
  await mkdir(dataDir);
  const environment = {
    ...common.environment,
    SEED_DATA_DIR: dataDir,
    DATABASE_URL: postgres.databaseUrl,
    PORT: String(port),
  };
  const log = join(common.logs, `${name}.log`);
  const server = keepRunning(join(root, 'src/server/main.ts'), environment, log);
  undo.defer(() => server.stop());
  await until(
    `${name} answers`,
    60_000,
    over.signal,
    async () => (await get(`http://127.0.0.1:${port}`, '/sandboxes')).ok,
  );
  ports.push(port);
  balancer.lead(ports);
  return { ...server, port };
}

function startRunner(name: string, root: string): KeptProcess {
  const dataDir = join(common.folder, name);
  const environment = {
    ...common.environment,
    SEED_DATA_DIR: dataDir,
    SEED_SERVER_URL: balancer.url,
    SEED_RUNNER_NAME: name,
  };
  const runner = keepRunning(join(root, 'src/runner/main.ts'), environment, join(common.logs, `${name}.log`));
  undo.defer(() => removeSandboxes(dataDir));
  undo.defer(() => runner.stop());
  return runner;
}

const get = (url: string, path: string) =>
  fetch(`${url}/api/v1${path}`, {
    headers: { authorization: `Bearer ${common.adminKey}` },
    signal: AbortSignal.timeout(5_000),
  });

const rows = (statement: string, parameters?: unknown[]) => rowsOf(postgres.databaseUrl, statement, parameters);

/** By the one address; resolves when all of them have done a step. */
async function putToWork(first: number, count: number): Promise<void> {
  const marks = Array.from({ length: count }, (_, index) => `${RUN}-${first + index}`);
  await Promise.all(
    marks.map((mark) => postTask([balancer.url], common.adminKey, { run: RUN, mark, steps: STEPS }, over.signal)),
  );
  await until(`${marks} are at work`, 60_000, over.signal, () =>
    marks.every((mark) => common.model.atWork.has(mark)),
  );
}

async function runners(): Promise<{ name: string; version: string | null; driver: string | null }[]> {
  const answer = await get(balancer.url, '/sandboxes');
  return ((await answer.json()) as { items: Awaited<ReturnType<typeof runners>> }).items;
}

const tasksOf = async (name: string) =>
  (
    await rows(
      `select metadata->>'mark' as mark from tasks join runners on runners.id = tasks.runner_id
       where runners.name = $1 and metadata->>'run' = $2`,
      [name, RUN],
    )
  ).map(({ mark }) => String(mark));

it('two servers, three runners, one of each lost or replaced, one version beside the next', {
  timeout: 300_000,
}, async (t) => {
  const old = before ?? HERE;
  const first = await startServer('server-0', old);
  const lost = startRunner('runner-0', old);
  await until('a runner is there', WITHIN_MS, over.signal, async () =>
    (await runners()).some(({ driver }) => driver),
  );
  await loadSamples();
  await putToWork(0, 3);

  // The new version comes: its migrations change the database under the old one, which goes on.
  const second = await startServer('server-1', HERE);
  for (const name of ['runner-1', 'runner-2']) startRunner(name, HERE);
  const able = async () => (await runners()).filter(({ driver }) => driver !== null).length === 3;
  await until('three runners can make sandboxes', WITHIN_MS, over.signal, able);
  await putToWork(3, 4);

  const taken = await tasksOf('runner-0');
  signalAll([lost.pid()], 'SIGKILL');
  await lost.stop();
  ports.splice(ports.indexOf(first.port), 1);
  balancer.lead(ports);
  await first.stop();
  await startServer('server-2', HERE);
  await putToWork(7, 2);

  const done = await until('all have ended', WITHIN_MS, over.signal, async () => {
    const found = await tally({ rows, common }, RUN, STEPS);
    return found.terminal === 9 && found.webhooksMissing === 0 && found;
  });
  const { remarks, ended, ...counts } = done;
  expect(counts, remarks.join('\n')).toEqual({
    accepted: 9,
    terminal: 9,
    twice: 0,
    liveKeys: 0,
    unrecorded: 0,
    stepsLost: 0,
    held: 0,
    webhooksMissing: 0,
  });
  // What the lost runner had is told as such, and nothing else is.
  expect(Object.keys(ended).filter((code) => code !== 'interrupted')).toEqual([]);
  expect(ended['interrupted'] ?? 0).toBeLessThanOrEqual(taken.length);
  expect(taken.length).toBeGreaterThan(0);
  expect(balancer.given.get(second.port)).toBeGreaterThan(0);
  expect(balancer.given.get(first.port)).toBeGreaterThan(0);
  skipWithoutHistory(t);
});

/** What was proven then is that of one version. */
function skipWithoutHistory(t: TestContext): void {
  if (before === null)
    t.skip('the version before is not in this clone: all servers and runners were of this version');
}

async function loadSamples(): Promise<void> {
  const events = ['task.completed', 'task.failed', 'task.stopped'];
  for (const [path, body] of [
    ['/packs/crm/samples', {}],
    ['/webhooks', { url: common.receiver.url, events }],
  ] as const) {
    const response = await fetch(`${balancer.url}/api/v1${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${common.adminKey}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    expect(response.status, await response.text()).toBeLessThan(300);
  }
}

it('a runner that speaks what a server does not serve is told so, and takes nothing', async () => {
  const answer = await fetch(`${balancer.url}/runner/v1/leave`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${common.environment['SEED_RUNNER_TOKEN']}`,
      'content-type': 'application/json',
      'seed-protocol': '99',
    },
    body: '{}',
  });
  expect(answer.status).toBe(409);
  expect(await answer.json()).toMatchObject({
    error: { code: 'version_mismatch', hint: expect.stringMatching(/servers first/) },
  });
});
