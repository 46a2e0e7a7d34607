// Migrations by a process of their own, as a cluster has them, and servers that wait for it.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { emptyDatabase, rowsOf, run, type TestDatabase } from '../fixtures/database.ts';

let database: TestDatabase;
let dataDir: string;
const running = new Set<ChildProcess>();

beforeAll(async () => {
  database = await emptyDatabase();
  dataDir = await mkdtemp(join(tmpdir(), 'seed-migrate-'));
});
afterAll(async () => {
  for (const child of running) child.kill('SIGKILL');
  await database.drop();
  await rm(dataDir, { recursive: true, force: true });
});

/** The job has the database alone: no token, no key, no folder. */
async function migrate(databaseUrl: string) {
  const { exited, said } = start('src/server/migrate-main.ts', { DATABASE_URL: databaseUrl });
  return { code: await exited, said: said() };
}

function start(file: string, environment: NodeJS.ProcessEnv) {
  const { PATH } = process.env;
  const env = { PATH, SEED_PACKS: 'examples/crm', ...environment };
  const child = spawn(process.execPath, [file], { stdio: ['ignore', 'pipe', 'pipe'], env });
  running.add(child);
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      text += chunk;
    });
  }
  const exited = once(child, 'close').then(([code]) => code as number | null);
  return { child, exited, said: () => text };
}

test('a server told to wait listens when the job has migrated, and as long as nothing newer is missing', {
  timeout: 180_000,
}, async () => {
  const server = start('src/server/main.ts', {
    DATABASE_URL: database.databaseUrl,
    SEED_MIGRATIONS: 'wait',
    SEED_RUNNER_TOKEN: 'r'.repeat(32),
    SEED_DATA_DIR: dataDir,
    PORT: '0',
  });
  await expect.poll(server.said, { timeout: 60_000 }).toContain('waiting until the database is migrated');
  expect(await rowsOf(database.databaseUrl, `select to_regclass('migrations') as made`)).toEqual([{ made: null }]);
  expect(await migrate(database.databaseUrl)).toEqual({
    code: 0,
    said: expect.stringContaining('The database is up to date.'),
  });
  await expect.poll(server.said, { timeout: 60_000 }).toContain('"msg":"listening"');
  server.child.kill('SIGTERM');
  expect(await server.exited).toBe(0);
  // Again, as a rolling update of the same version does: nothing to do is no failure.
  expect(await migrate(database.databaseUrl)).toMatchObject({ code: 0 });
  // A pack's are waited for as well.
  await run(database.databaseUrl, `delete from pack_migrations where pack = 'crm'`);
  await run(database.databaseUrl, 'drop schema pack_crm cascade');
  const again = start('src/server/main.ts', {
    DATABASE_URL: database.databaseUrl,
    SEED_MIGRATIONS: 'wait',
    SEED_RUNNER_TOKEN: 'r'.repeat(32),
    SEED_DATA_DIR: dataDir,
    PORT: '0',
  });
  await expect.poll(again.said, { timeout: 60_000 }).toMatch(/"missing":\["crm\/\d{4}_[^\]]+\][^\n]*waiting/);
  again.child.kill('SIGKILL');
});

test('the job says what it lacks', async () => {
  expect(await migrate('')).toEqual({ code: 1, said: expect.stringContaining('DATABASE_URL is not set') });
});
