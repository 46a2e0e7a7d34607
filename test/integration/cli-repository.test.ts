// bin/seed: profiles, the cached list of commands, and the commands of this machine.
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type Cli, repositoryCli } from '../fixtures/cli-process.ts';
import {
  type CliServer,
  FIXTURE_KEY,
  manifest,
  sendError,
  sendJson,
  startCliServer,
} from '../fixtures/cli-server.ts';

const COMMANDS = 'GET /api/v1/commands';
const WHOAMI = 'GET /api/v1/whoami';

let server: CliServer;
let cli: Cli;

beforeEach(async () => {
  server = await startCliServer();
  cli = await repositoryCli({ SEED_API_URL: server.url });
  server.on(WHOAMI, (response) => sendJson(response, 200, { account: { name: 'acme' } }));
});
afterEach(async () => {
  await cli.remove();
  await server.close();
});

const asked = (path: string) => server.received.filter((request) => request.path === path);

it('asks for the commands once, keeps them privately and asks again with --refresh', async () => {
  const env = { SEED_API_KEY: FIXTURE_KEY };
  expect(await cli.run(['whoami'], { env })).toMatchObject({ code: 0, stdout: 'name  acme\n' });
  await cli.run(['whoami'], { env });
  expect(asked('/api/v1/commands')).toHaveLength(1);
  await cli.run(['--refresh', 'whoami'], { env });
  expect(asked('/api/v1/commands')).toHaveLength(2);
  expect(server.received.every(({ authorization }) => authorization === `Bearer ${FIXTURE_KEY}`)).toBe(true);

  const folder = join(cli.home, '.cache', 'seed');
  const [name = ''] = await readdir(folder);
  expect((await stat(join(folder, name))).mode & 0o777).toBe(0o600);
  expect(name + (await readFile(join(folder, name), 'utf8'))).not.toContain(FIXTURE_KEY);
});

it('asks again when a command is unknown: it may be new', async () => {
  const commands = manifest.commands.filter(({ name }) => name !== 'whoami');
  server.on(COMMANDS, (response) => sendJson(response, 200, { ...manifest, commands }));
  expect((await cli.run(['whoami'])).code).toBe(2);
  expect(asked('/api/v1/commands')).toHaveLength(1);
  server.on(COMMANDS, (response) => sendJson(response, 200, manifest));
  expect((await cli.run(['whoami'])).code).toBe(0);
});

it('logs in with a key from stdin, uses it for that server only, and forgets it', async () => {
  const login = await cli.run(['login', '--with-key-stdin'], { stdin: `${FIXTURE_KEY}\n` });
  expect(login).toMatchObject({ code: 0, stdout: 'name  acme\n' });
  expect(login.stderr).not.toContain(FIXTURE_KEY);
  const path = join(cli.home, '.config', 'seed', 'config.json');
  expect((await stat(path)).mode & 0o777).toBe(0o600);

  server.received.length = 0;
  await cli.run(['whoami'], { env: { SEED_API_URL: '' } });
  expect(asked('/api/v1/whoami')[0]?.authorization).toBe(`Bearer ${FIXTURE_KEY}`);

  const other = await startCliServer();
  other.on(WHOAMI, (response) => sendJson(response, 200, {}));
  await cli.run(['--url', other.url, 'whoami']);
  await other.close();
  expect(other.received.length).toBeGreaterThan(0);
  expect(other.received.every(({ authorization }) => authorization === undefined)).toBe(true);

  expect((await cli.run(['logout'])).code).toBe(0);
  server.received.length = 0;
  await cli.run(['whoami']);
  expect(server.received.every(({ authorization }) => authorization === undefined)).toBe(true);
});

it('saves nothing when the server refuses the key', async () => {
  server.on(COMMANDS, (response) => sendError(response, 401, 'invalid_key', 'no such key', null));
  const { code, stderr } = await cli.run(['login', '--with-key-stdin'], { stdin: 'sk_live_wrong' });
  expect(code).toBe(4);
  expect(stderr).toContain('no such key');
  expect(stderr).not.toContain('sk_live_wrong');
  await expect(stat(join(cli.home, '.config'))).rejects.toThrow('ENOENT');
});

it('still helps without a server', async () => {
  await server.close();
  const { code, stdout, stderr } = await cli.run(['--help']);
  expect(code).toBe(0);
  expect(stdout).toContain('doctor');
  expect(stderr).toContain(server.url);
  server = await startCliServer();
});

it('looks with doctor at the cache that the last runner of the data folder used', async () => {
  const dataDir = join(cli.home, 'data');
  await mkdir(dataDir);
  const noted = join(cli.home, 'shared-cache');
  const note = { pid: 1, host: 'x', since: new Date().toISOString(), cacheDir: noted };
  await writeFile(join(dataDir, 'runner.lock'), JSON.stringify(note));
  const env = { SEED_DATA_DIR: dataDir };
  expect((await cli.run(['doctor'], { env })).stdout).toContain(`not set up under ${noted}`);
  const other = { ...env, SEED_CACHE_DIR: join(cli.home, 'other') };
  expect((await cli.run(['doctor'], { env: other })).stdout).toContain(`not set up under ${other.SEED_CACHE_DIR}`);
});

it.each([
  [undefined, '✓ packs          Postgres keeps the rows of accounts apart'],
  ['off', '· packs          SEED_PACK_ROW_SECURITY=off: only the queries of packs'],
  ['of', '✗ packs          SEED_PACK_ROW_SECURITY is "of", not one of on, off'],
])('tells with doctor how rows of packs are kept apart, as a start would take it: %s', async (value, line) => {
  const env = { SEED_DATA_DIR: join(cli.home, 'data'), ...(value && { SEED_PACK_ROW_SECURITY: value }) };
  const { stdout } = await cli.run(['doctor'], { env });
  expect(stdout).toContain(line);
  if (value === 'off') expect(stdout).toContain('docs/your-platform.md#accounts-are-kept-apart');
});

it('packs dev names a pack that is not there, and what is no name', async () => {
  const missing = await cli.run(['packs', 'dev', 'nothing-here']);
  expect([missing.code, missing.stderr]).toEqual([
    1,
    expect.stringContaining('there is no packs/nothing-here/pack.ts'),
  ]);
  expect(missing.stderr).toContain('seed packs new nothing-here');
  for (const args of [[], ['../x'], ['acme', 'more']]) {
    const { code, stderr } = await cli.run(['packs', 'dev', ...args]);
    expect([code, stderr], args.join(' ')).toEqual([2, expect.stringContaining('packs dev')]);
  }
});

it('tells with doctor what is missing on a machine without sandboxes', async () => {
  const { code, stdout } = await cli.run(['doctor'], { env: { SEED_DATA_DIR: join(cli.home, 'data') } });
  expect(code).toBe(1);
  expect(stdout).toContain('✗ sandbox');
  expect(stdout).toContain('npm start');
});
