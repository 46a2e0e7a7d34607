// The embedded Postgres: data outlives restarts, one server per data folder, and no kill leaves anything behind.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest';
import { startEmbeddedPostgres } from '../../src/db/embedded/start-embedded.ts';
import { exec } from '../../src/lib/exec.ts';
import { rowsOf, run } from '../fixtures/database.ts';
import { silent } from '../fixtures/store.ts';

let dataDir: string;

/** A cluster that was made once and stopped; every test but those of the first start has a copy. */
let made: string;
beforeAll(async () => {
  made = await mkdtemp(join(tmpdir(), 'seed-test-made-'));
  await (await start(made)).stop();
});
afterAll(() => rm(made, { recursive: true, force: true }));

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'seed-test-'));
  // Owned by whom Postgres runs as, as the first start has left it.
  await exec('cp', ['-a', join(made, 'postgres'), dataDir]);
});
// Postgres may still be closing its files.
afterEach(() => rm(dataDir, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 }));

const start = (folder = dataDir) => startEmbeddedPostgres({ dataDir: folder, log: silent, patienceMs: 200 });

interface Elsewhere {
  server: ChildProcess;
  /** What it has logged as a warning, line by line. */
  said(text: string): Promise<void>;
  ready: Promise<{ pid: number; databaseUrl: string }>;
}

/** A server of its own process, as far as the database goes; its pid is that of node also behind `unshare`. */
function beginElsewhere(patienceMs: number, prefix: readonly string[] = []): Elsewhere {
  const module = new URL('../../src/db/embedded/start-embedded.ts', import.meta.url).href;
  const script = `
    const { startEmbeddedPostgres } = await import(${JSON.stringify(module)});
    const log = { debug() {}, info() {}, warn: (text) => console.log(JSON.stringify({ text })), error() {} };
    const dataDir = ${JSON.stringify(dataDir)};
    const { pid, databaseUrl } = await startEmbeddedPostgres({ dataDir, log, patienceMs: ${patienceMs} }).catch((error) => {
      console.log(JSON.stringify({ text: error.message }));
      process.exit(1);
    });
    console.log(JSON.stringify({ pid, databaseUrl }));`;
  const [program = '', ...args] = [...prefix, process.execPath, '--input-type=module', '-e', script];
  const server = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const texts: string[] = [];
  const ready = new Promise<{ pid: number; databaseUrl: string }>((resolve, reject) => {
    createInterface({ input: server.stdout }).on('line', (line) => {
      const { text, ...rest } = JSON.parse(line);
      if (text === undefined) resolve(rest);
      else texts.push(text);
    });
    server.once('exit', (code) => reject(new Error(`the server ended with ${code}: ${texts.join(' ')}`)));
  });
  ready.catch(() => undefined);
  const said = (text: string) =>
    expect.poll(() => texts.join(' '), { timeout: 10_000, interval: 10 }).toContain(text);
  return { server, said, ready };
}

async function startElsewhere(prefix: readonly string[] = []) {
  const { server, ready } = beginElsewhere(200, prefix);
  const { pid, databaseUrl } = await ready;
  return { server, postgresPid: pid, databaseUrl };
}

/** A PID namespace of its own, as a container has. Its first process dies with the one that this test starts. */
const NAMESPACE = ['unshare', '--pid', '--fork', '--kill-child', '--mount-proc'];
const isRoot = process.getuid?.() === 0;
if (!isRoot) console.log('skipped: two PID namespaces on one data folder need root');

/** Kills it, and waits until its Postgres has followed. */
async function kill(server: ChildProcess, postgresPid: number): Promise<void> {
  server.kill('SIGKILL');
  while (await exists(postgresPid)) await sleep(10);
}

/** Whatever becomes of the test, it goes on in the end. */
function pause(pid: number): void {
  process.kill(pid, 'SIGSTOP');
  onTestFinished(async () => {
    if (await exists(pid)) process.kill(pid, 'SIGCONT');
  });
}

async function exists(pid: number): Promise<boolean> {
  const state = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  return state !== undefined && !state.includes(') Z ');
}

test('data outlives a restart; sockets and data are closed to others; nothing is left running', async () => {
  // From the first start on.
  await rm(join(dataDir, 'postgres'), { recursive: true });
  const first = await start();
  await run(first.databaseUrl, 'create table kept (x int)');
  for (const folder of ['socket', 'postgres'])
    expect((await stat(join(dataDir, folder))).mode & 0o777).toBe(0o700);
  await first.stop();
  await first.stop();
  expect(await exists(first.pid)).toBe(false);
  const second = await start();
  await run(second.databaseUrl, 'insert into kept values (1)');
  await second.stop();
});

test('fsync is on, nothing listens on a port, and the text is UTF-8', async () => {
  const postgres = await start();
  const check = (condition: string) =>
    run(postgres.databaseUrl, `select 1 / (case when ${condition} then 1 else 0 end)`);
  await check(`current_setting('fsync') = 'on'`);
  await check(`current_setting('listen_addresses') = ''`);
  await check(`current_setting('server_encoding') = 'UTF8'`);
  await postgres.stop();
});

test('a second server on the folder is refused and told which process holds it', async () => {
  const { server, postgresPid, databaseUrl } = await startElsewhere();
  await expect(start()).rejects.toMatchObject({
    code: 'conflict',
    message: expect.stringContaining(`${server.pid}`),
  });
  await run(databaseUrl, 'select 1');
  expect(await exists(postgresPid)).toBe(true);
  server.kill('SIGKILL');
  await once(server, 'exit');
  await (await start()).stop();
});

test('Postgres ends with its server when that is killed, and what was committed is there afterwards', async () => {
  const { server, postgresPid, databaseUrl } = await startElsewhere();
  await run(databaseUrl, 'create table kept (x int)');
  server.kill('SIGKILL');
  await once(server, 'exit');
  while (await exists(postgresPid)) await sleep(10);
  const again = await start();
  await run(again.databaseUrl, 'insert into kept values (1)');
  await again.stop();
});

test('killed and started again at once, five times: each start has the folder and what was committed', async () => {
  let last = await startElsewhere();
  await run(last.databaseUrl, 'create table starts (number int)');
  for (let number = 1; number <= 5; number += 1) {
    await run(last.databaseUrl, `insert into starts values (${number})`);
    last.server.kill('SIGKILL');
    const { server, ready } = beginElsewhere(10_000);
    const { pid, databaseUrl } = await ready;
    last = { server, postgresPid: pid, databaseUrl };
  }
  expect(await rowsOf(last.databaseUrl, 'select count(*)::int as number from starts')).toEqual([{ number: 5 }]);
  await kill(last.server, last.postgresPid);
});

test('a start waits for a server that is about to end', async () => {
  const first = await start();
  const second = beginElsewhere(10_000);
  await second.said('waiting up to 10 s');
  await first.stop();
  await kill(second.server, (await second.ready).pid);
});

test('a Postgres that outlives its killed server is ended before the next starts', async () => {
  const { server, postgresPid, databaseUrl } = await startElsewhere();
  await run(databaseUrl, 'create table kept (x int)');
  pause(postgresPid);
  server.kill('SIGKILL');
  await once(server, 'exit');
  const next = beginElsewhere(200);
  await next.said('ending a Postgres');
  process.kill(postgresPid, 'SIGCONT');
  const { databaseUrl: again, pid } = await next.ready;
  expect(await exists(postgresPid)).toBe(false);
  await run(again, 'insert into kept values (1)');
  await kill(next.server, pid);
});

test.runIf(isRoot)(
  'two servers in PID namespaces of their own: the second is told who has the folder',
  async () => {
    const first = await startElsewhere(NAMESPACE);
    const second = beginElsewhere(200, NAMESPACE);
    await second.said(
      `The data folder ${dataDir} is in use by another server, process 1 of the host ${hostname()}`,
    );
    await once(second.server, 'exit');
    await run(first.databaseUrl, 'select 1');
    first.server.kill('SIGKILL');
    await once(first.server, 'exit');
  },
);

test.runIf(isRoot)('a Postgres that cannot be seen, in another PID namespace, is waited for', async () => {
  const { server, postgresPid, databaseUrl } = await startElsewhere();
  await run(databaseUrl, 'create table kept (x int)');
  pause(postgresPid);
  server.kill('SIGKILL');
  await once(server, 'exit');
  const next = beginElsewhere(200, NAMESPACE);
  await next.said('ending a Postgres');
  process.kill(postgresPid, 'SIGCONT');
  const { databaseUrl: again } = await next.ready;
  expect(await exists(postgresPid)).toBe(false);
  await run(again, 'insert into kept values (1)');
  next.server.kill('SIGKILL');
  await once(next.server, 'exit');
});

test('a pid that is used again by a process of no Postgres does not keep a start from its data', async () => {
  const { server, postgresPid, databaseUrl } = await startElsewhere();
  await run(databaseUrl, 'create table kept (x int)');
  await kill(server, postgresPid);
  // As a container's next life finds it: the pids begin anew, and this one is another program's, of the same user.
  const { uid } = await stat(join(dataDir, 'postgres', 'cluster'));
  const other = spawn('sleep', ['60'], { uid, stdio: 'ignore' });
  onTestFinished(() => void other.kill('SIGKILL'));
  const postmaster = join(dataDir, 'postgres', 'cluster', 'postmaster.pid');
  await writeFile(postmaster, `${other.pid}\n${dirname(postmaster)}\n1\n5432\n\n\n0 0\nready\n`);
  const socketLock = join(dataDir, 'socket', '.s.PGSQL.5432.lock');
  await writeFile(socketLock, `${other.pid}\n${dirname(postmaster)}\n1\n5432\n${dirname(socketLock)}\n`);
  const next = await start();
  await run(next.databaseUrl, 'insert into kept values (1)');
  await next.stop();
  expect(other.exitCode).toBe(null);
});

test('Ctrl-C in a terminal does not reach Postgres: it leads a process group of its own', async () => {
  const postgres = await start();
  const text = await readFile(`/proc/${postgres.pid}/stat`, 'utf8');
  const processGroup = text.slice(text.lastIndexOf(')') + 2).split(' ')[2];
  expect(Number(processGroup)).toBe(postgres.pid);
  await postgres.stop();
});

test('a folder with a very long path works: the socket is put elsewhere', async () => {
  const postgres = await start(join(dataDir, 'long'.repeat(20), 'path'.repeat(20)));
  await run(postgres.databaseUrl, 'select 1');
  const socketFolder = new URL(postgres.databaseUrl).searchParams.get('host') ?? '';
  expect(socketFolder.startsWith(dataDir)).toBe(false);
  await postgres.stop();
  await expect(stat(socketFolder)).rejects.toMatchObject({ code: 'ENOENT' });
});

test.runIf(isRoot)('root may start it in a folder that only root may enter', async () => {
  const closed = await mkdtemp(join(dataDir, 'closed-'));
  expect((await stat(closed)).mode & 0o077).toBe(0);
  const postgres = await start(closed);
  await run(postgres.databaseUrl, 'create table made (x int)');
  expect((await stat(join(closed, 'postgres'))).uid).not.toBe(0);
  await postgres.stop();
  const again = await start(closed);
  await run(again.databaseUrl, 'insert into made values (1)');
  await again.stop();
});
