// The embedded Postgres: data outlives restarts, one server per data folder, and no kill leaves anything behind.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startEmbeddedPostgres } from '../../src/store/embedded/start-embedded.ts';
import { run } from '../fixtures/database.ts';
import { silent } from '../fixtures/store.ts';

let dataDir: string;

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'seed-test-'));
});
afterEach(() => rm(dataDir, { recursive: true, force: true }));

const start = (folder = dataDir) => startEmbeddedPostgres({ dataDir: folder, log: silent });

/** A server of its own process, as far as the database goes. */
async function startElsewhere(): Promise<{ server: ChildProcess; postgresPid: number; databaseUrl: string }> {
  const module = new URL('../../src/store/embedded/start-embedded.ts', import.meta.url).href;
  const script = `
    const { startEmbeddedPostgres } = await import(${JSON.stringify(module)});
    const log = { debug() {}, info() {}, warn() {}, error() {} };
    const { pid, databaseUrl } = await startEmbeddedPostgres({ dataDir: ${JSON.stringify(dataDir)}, log });
    console.log(JSON.stringify({ pid, databaseUrl }));`;
  const server = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (!server.stdout) throw new Error('stdout is piped');
  const ended = once(server, 'exit').then(([code]) =>
    Promise.reject(new Error(`the server ended with ${code}`)),
  );
  const [line] = await Promise.race([once(createInterface({ input: server.stdout }), 'line'), ended]);
  const { pid, databaseUrl } = JSON.parse(line) as { pid: number; databaseUrl: string };
  return { server, postgresPid: pid, databaseUrl };
}

async function exists(pid: number): Promise<boolean> {
  const state = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  return state !== undefined && !state.includes(') Z ');
}

test('data outlives a restart; sockets and data are closed to others; nothing is left running', async () => {
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

test('a lock of a process whose pid is used again is stale, and the Postgres it left is stopped', async () => {
  const left = await start();
  // As after a kill that Postgres survived: the pid exists, but it is not the process that took the lock.
  await writeFile(join(dataDir, 'postgres.lock'), JSON.stringify({ pid: process.pid, startedAt: '1' }));
  const next = await start();
  expect(await exists(left.pid)).toBe(false);
  await run(next.databaseUrl, 'select 1');
  await next.stop();
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

test.runIf(process.getuid?.() === 0)('root may start it in a folder that only root may enter', async () => {
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
