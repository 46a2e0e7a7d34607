// seed keys recover: a new admin key for whoever has the machine, and what a first start then finds.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isWellFormedKeySecret } from '../../src/lib/key-secret.ts';
import { type Cli, repositoryCli } from '../fixtures/cli-process.ts';
import { emptyDatabase, run, testDatabase } from '../fixtures/database.ts';
import { startTestServer, type TestServer } from '../fixtures/server.ts';

let cli: Cli;

beforeEach(async () => {
  cli = await repositoryCli({});
});
afterEach(() => cli.remove());

async function whoami(server: TestServer, key: string) {
  return (await server.call('GET', '/api/v1/whoami', { key })).body;
}

describe('with DATABASE_URL', () => {
  let server: TestServer;
  let env: Record<string, string>;

  beforeEach(async () => {
    server = await startTestServer();
    env = { DATABASE_URL: server.databaseUrl };
  });
  afterEach(() => server.stop());

  it('makes a key that may do everything, which the running server takes, and says so in the audit log', async () => {
    const recovered = await cli.run(['keys', 'recover'], { env });
    expect(recovered).toMatchObject({ code: 0, stderr: expect.stringContaining('shown this once') });
    const key = recovered.stdout.trim();
    const me = await whoami(server, key);
    expect(me).toMatchObject({ account: { operator: true }, key: { scopes: ['*'], expiresAt: null } });
    const { body } = await server.call('GET', '/api/v1/audit?command=keys%20recover', { key });
    expect(body.items).toMatchObject([{ command: 'keys recover', target: me.key.id, keyId: null, outcome: 'ok' }]);
  });

  it('makes one for another account, and names an account that is not there', async () => {
    const { body } = await server.call('POST', '/api/v1/accounts', { body: { name: 'acme' } });
    const recovered = await cli.run(['keys', 'recover', '--account', body.account.id, '--json'], { env });
    expect(await whoami(server, JSON.parse(recovered.stdout).secret)).toMatchObject({
      account: { name: 'acme', operator: false },
    });
    const unknown = await cli.run(['keys', 'recover', '--account', 'acme'], { env });
    expect(unknown).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringContaining('no account acme'),
    });
  });

  it('tells apart a database without Seed, and one that does not answer', async () => {
    const { databaseUrl, drop } = await emptyDatabase();
    const empty = await cli.run(['keys', 'recover'], { env: { DATABASE_URL: databaseUrl } });
    expect(empty).toMatchObject({ code: 1, stderr: expect.stringContaining('Start this version once') });
    await drop();
    const away = await cli.run(['keys', 'recover'], {
      env: { DATABASE_URL: 'postgres://seed@127.0.0.1:1/seed' },
    });
    expect(away).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('The database at 127.0.0.1:1/seed cannot be used'),
    });
  });
});

describe('with the embedded Postgres', () => {
  let dataDir: string;
  beforeEach(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'seed-recover-'));
  });
  afterEach(() => rm(dataDir, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 }));

  it('while the server runs and while it does not', async () => {
    const env = { SEED_DATA_DIR: dataDir };
    const settings = { databaseUrl: null, dataDir };
    const server = await startTestServer(settings);
    const running = await cli.run(['keys', 'recover'], { env });
    expect(await whoami(server, running.stdout.trim())).toMatchObject({ key: { scopes: ['*'] } });
    await server.stop();
    const stopped = await cli.run(['keys', 'recover'], { env });
    const again = await startTestServer(settings);
    expect(await whoami(again, stopped.stdout.trim())).toMatchObject({ key: { scopes: ['*'] } });
    await again.stop();
  }, 60_000);

  it('also where the path of the socket would be too long, and not in a folder without a database', async () => {
    const folder = join(dataDir, 'long'.repeat(30));
    const env = { SEED_DATA_DIR: folder };
    const none = await cli.run(['keys', 'recover'], { env });
    expect(none).toMatchObject({ code: 1, stderr: expect.stringContaining(`no database in ${folder}`) });
    const server = await startTestServer({ databaseUrl: null, dataDir: folder });
    const running = await cli.run(['keys', 'recover'], { env });
    expect(await whoami(server, running.stdout.trim())).toMatchObject({ key: { scopes: ['*'] } });
    await server.stop();
  });
});

it('a key that was made and never shown is no loss: the next start makes none, recover does', async () => {
  const { databaseUrl, drop } = await testDatabase();
  const first = await startTestServer({ databaseUrl, adminKey: null });
  await run(databaseUrl, 'update keys set secret_hash = md5(secret_hash)');
  const recovered = await cli.run(['keys', 'recover'], { env: { DATABASE_URL: databaseUrl } });
  expect(await whoami(first, recovered.stdout.trim())).toMatchObject({ key: { name: 'admin' } });
  await first.stop();
  await drop();
});

it('keys generate prints what SEED_ADMIN_KEY takes', async () => {
  const { stdout } = await cli.run(['keys', 'generate']);
  expect(isWellFormedKeySecret(stdout.trim())).toBe(true);
});
