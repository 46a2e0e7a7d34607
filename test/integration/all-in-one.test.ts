// npm start as its user has it: ended at a terminal, killed, started again. Without sandboxes: the recipe of their
// image is not there.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest';
import { startAllInOne } from '../../src/all-in-one.ts';
import { lockForProcess } from '../../src/lib/process-lock.ts';

let dataDir: string;
const started = new Set<ChildProcess>();

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'seed-start-'));
});
afterEach(async () => {
  for (const child of started) child.kill('SIGKILL');
  started.clear();
  await rm(dataDir, { recursive: true, force: true, maxRetries: 50, retryDelay: 200 });
});

const environment = () => ({
  PATH: process.env['PATH'] ?? '',
  ...(process.env['NODE_COMPILE_CACHE'] && { NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'] }),
  SEED_DATA_DIR: dataDir,
  PORT: '0',
  SEED_SANDBOX_RECIPE: '/nonexistent/recipe.json',
  SEED_DRAIN_SECONDS: '1',
});

/** src/main.ts, with what it has said. */
function start() {
  const child = spawn(process.execPath, ['src/main.ts'], {
    env: environment(),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  started.add(child);
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
  }
  const exited = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
  const said = (what: string | RegExp) => expect.poll(() => text, { timeout: 25_000, interval: 20 }).toMatch(what);
  return { child, exited, said, text: () => text };
}

async function isAlive(pid: number): Promise<boolean> {
  const state = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => null);
  return state !== null && !/\) [ZX] /.test(state);
}

/** Whatever becomes of the test, it does not stay so. */
function pause(pid: number): void {
  process.kill(pid, 'SIGSTOP');
  onTestFinished(async () => {
    if (await isAlive(pid)) process.kill(pid, 'SIGKILL');
  });
}

/** The processes on the data folder, as their locks name them. */
async function pids(): Promise<number[]> {
  const postmaster = await readFile(join(dataDir, 'postgres/cluster/postmaster.pid'), 'utf8');
  const locks = ['postgres.lock', 'runner.lock'].map((name) => readFile(join(dataDir, name), 'utf8'));
  return [Number.parseInt(postmaster, 10), ...(await Promise.all(locks)).map((text) => JSON.parse(text).pid)];
}

const allGone = (gone: readonly number[]) =>
  expect.poll(async () => (await Promise.all(gone.map(isAlive))).includes(true), { timeout: 20_000 }).toBe(false);

async function runnerIsUp(): Promise<void> {
  await expect.poll(pids, { timeout: 20_000 }).toHaveLength(3);
}

test('Ctrl-C stops everything in order, and a second one ends it at once although something hangs', async () => {
  const first = start();
  await first.said('Seed is ready');
  await runnerIsUp();
  const [postgres = 0, server = 0, runner = 0] = await pids();
  pause(runner);
  first.child.kill('SIGINT');
  await first.said('Ctrl-C again ends at once');
  // npm passes a Ctrl-C on that the terminal sends as well: both in the same instant are one.
  const again = setInterval(() => first.child.kill('SIGINT'), 50);
  expect(await first.exited).toEqual([130, null]);
  clearInterval(again);
  await allGone([postgres, server, runner]);
});

test('kill -9, and started again at once: the start waits for what ends, and then runs', async () => {
  const first = start();
  await first.said('Seed is ready');
  await runnerIsUp();
  first.child.kill('SIGKILL');
  const second = start();
  await second.said('Seed is ready');
  expect(second.text()).not.toContain('sk_live_');
  second.child.kill('SIGINT');
  expect(await second.exited).toEqual([0, null]);
}, 60_000);

test('Ctrl-C while it starts ends what was started', async () => {
  const lock = await lockForProcess({
    path: join(dataDir, 'postgres.lock'),
    what: 'It is in use',
    hint: 'Wait.',
    onWait: () => {},
  });
  const waiting = start();
  await waiting.said('waiting up to 15 s');
  const server = Number(/"pid":(\d+)/.exec(waiting.text())?.[1]);
  expect(await isAlive(server)).toBe(true);
  waiting.child.kill('SIGINT');
  expect(await waiting.exited).toEqual([130, null]);
  await allGone([server]);
  lock.release();
});

test('a runner that hangs is killed in time, and that is said; the server then stops in order', async () => {
  const seed = await startAllInOne(environment(), () => {});
  await runnerIsUp();
  const all = await pids();
  pause(seed.runnerPid());
  const lines: string[] = [];
  await seed.stop((line) => lines.push(line), 100);
  expect(lines).toEqual(['The runner has not ended within 1 s and is killed']);
  await allGone(all);
});
