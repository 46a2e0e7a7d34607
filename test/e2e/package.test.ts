// The package as its user has it: packed, installed into an empty folder outside the repository, a platform imported,
// a task in a real sandbox, the adopter's tests, and an upgrade that leaves every file of theirs alone.
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { generateKeySecret } from '../../src/lib/key-secret.ts';
import { SEED_ROOT } from '../../src/lib/own-files.ts';
import { cacheDirSetting } from '../../src/lib/settings.ts';
import { readVersion } from '../../src/lib/version.ts';
import { bash } from '../fixtures/seed.ts';

const REPOSITORY = fileURLToPath(SEED_ROOT);
const NEXT = '99.1.0';
/** As a user's terminal has it: without the repository's programs, and with the Node that is the machine's own. */
const PATH = (process.env['PATH'] ?? '')
  .split(':')
  .filter((folder) => !folder.startsWith(REPOSITORY))
  .join(':');
const ADMIN_KEY = generateKeySecret();

interface Done {
  code: number | null;
  output: string;
}

let home: string;
let folder: string;
let platform: Server;
const running = new Set<ChildProcess>();

function start(command: string, args: readonly string[], cwd: string, env: Record<string, string> = {}) {
  const child = spawn(command, args, {
    cwd,
    env: {
      ...{ PATH, HOME: home, npm_config_cache: process.env['npm_config_cache'] ?? join(homedir(), '.npm') },
      ...{
        npm_config_prefer_offline: 'true',
        npm_config_update_notifier: 'false',
        SEED_CACHE_DIR: cacheDirSetting(),
      },
      ...{ SEED_ADMIN_KEY: ADMIN_KEY, SEED_LOG_LEVEL: 'error', SEED_POOL_SIZE: '0', PORT: '0' },
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.add(child);
  child.once('exit', () => running.delete(child));
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (part: string) => {
      output += part;
    });
  return { child, output: () => output };
}

async function run(command: string, args: readonly string[], cwd = folder, env = {}): Promise<Done> {
  const { child, output } = start(command, args, cwd, env);
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, output: output() };
}

const done = (what: string) => ({ code: 0, output: expect.stringContaining(what) });
const seed = (...args: string[]) => run('npx', ['--no-install', 'seed', ...args]);
const install = (tarball: string) =>
  run('npm', ['install', tarball, '--no-audit', '--no-fund', '--loglevel=error'], folder);

/** Started by its program in node_modules, as npm start does it. */
async function startSeed() {
  const { child, output } = start(join(folder, 'node_modules/.bin/seed'), ['start'], folder);
  const ended = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout?.on('data', () => {
      const found = /ready at (http:\S+)/.exec(output())?.[1];
      if (found) resolve(found);
    });
    child.once('exit', () => reject(new Error(output())));
  });
  const call = async (method: string, path: string, body?: object) => {
    const response = await fetch(`${url}/api/v1${path}`, {
      method,
      headers: { authorization: `Bearer ${ADMIN_KEY}`, 'content-type': 'application/json', prefer: 'wait=60' },
      ...(body && { body: JSON.stringify(body) }),
    });
    return (await response.json()) as { task?: { stdout: string }; items?: object[] };
  };
  const stop = async () => {
    child.kill('SIGTERM');
    return (await ended)[0];
  };
  return { call, stop };
}

/** Of every file of the adopter's own. */
async function hashes(): Promise<Record<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => !/^\/(?:node_modules|\.seed)\//.test(path.slice(folder.length)));
  const hash = async (path: string) =>
    createHash('sha256')
      .update(await readFile(path))
      .digest('hex');
  return Object.fromEntries(
    await Promise.all(files.map(async (path) => [path.slice(folder.length + 1), await hash(path)] as const)),
  );
}

const list = async () => JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'));

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'seed-package-'));
  // Postgres, which does not run as root, has to reach its programs in there.
  await chmod(home, 0o755);
  folder = join(home, 'acme');
  await mkdir(folder);
  platform = createServer((_request, response) => {
    response.setHeader('content-type', 'application/json').end(JSON.stringify({ pets: ['Rex'] }));
  }).listen(0, '127.0.0.1');
  await once(platform, 'listening');
  const address = `http://127.0.0.1:${(platform.address() as AddressInfo).port}`;
  const schema = { type: 'object', properties: { pets: { type: 'array', items: { type: 'string' } } } };
  const responses = { 200: { description: 'fine', content: { 'application/json': { schema } } } };
  const document = {
    openapi: '3.1.0',
    info: { title: 'Pet shop', version: '1' },
    servers: [{ url: address }],
    paths: { '/pets': { get: { operationId: 'listPets', tags: ['pets'], summary: 'List pets', responses } } },
  };
  await writeFile(join(home, 'petshop.json'), JSON.stringify(document));
});

afterAll(async () => {
  for (const child of running) child.kill('SIGKILL');
  platform?.close();
  await rm(home, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
});

it('is packed by npm pack, which leaves nothing behind that git would see', { timeout: 240_000 }, async () => {
  const isClone = existsSync(join(REPOSITORY, '.git'));
  const status = async () => (isClone ? (await run('git', ['status', '--porcelain'], REPOSITORY)).output : '');
  const before = await status();
  const packed = await run('npm', ['pack', '--pack-destination', home, '--loglevel=error'], REPOSITORY);
  expect(packed).toMatchObject({ code: 0 });
  expect(await status()).toBe(before);
  // The same again as a version to come, with something to do.
  const next = join(home, 'next');
  await mkdir(next);
  await run('tar', ['-xzf', `../seed-${readVersion()}.tgz`], next);
  const lists = join(next, 'package/package.json');
  await writeFile(lists, (await readFile(lists, 'utf8')).replace(`"${readVersion()}"`, `"${NEXT}"`));
  const changes = join(next, 'package/CHANGELOG.md');
  const notes = `## ${NEXT}\n\n### Upgrade notes\n\n- Do the one thing.\n\n## `;
  await writeFile(changes, (await readFile(changes, 'utf8')).replace('## ', notes));
  expect(
    await run('npm', ['pack', '--pack-destination', home, '--loglevel=error'], join(next, 'package')),
  ).toMatchObject({
    code: 0,
  });
});

it('is installed into an empty folder, and makes it one with a platform', { timeout: 240_000 }, async () => {
  expect(await install(`../seed-${readVersion()}.tgz`)).toMatchObject({ code: 0 });
  const node = (await run('node', ['--version'])).output;
  expect(await seed('--version')).toEqual({ code: 0, output: `${readVersion()}\n` });
  expect((await seed('doctor')).output).toMatch(new RegExp(`the package in .*v${process.versions.node} `, 's'));
  // Where the machine's own Node is older, the package's has taken over.
  expect(node).toMatch(/^v\d/);
  expect(await seed('init', '--openapi', '../petshop.json')).toMatchObject(
    done('Pet shop 1: 1 commands of 1 noun'),
  );
  expect(await list()).toMatchObject({ type: 'module', seed: { madeWith: readVersion() } });
  // Declarations too, also those that an adopter's own settings would look into.
  expect(await run('npx', ['--no-install', 'tsc', '--skipLibCheck', 'false'])).toEqual({ code: 0, output: '' });
});

it('runs a task in a sandbox on the commands of both packs, and the tests', { timeout: 240_000 }, async () => {
  const started = await startSeed();
  const instruction = bash('seed hello greet sandbox --json\nseed pets list --json');
  const { task } = await started.call('POST', '/tasks/run', { instruction });
  expect(task).toMatchObject({ status: 'completed', stdout: expect.stringContaining('Rex') });
  expect(task?.stdout).toContain('Hello sandbox, from default');
  expect(await started.stop()).toBe(0);
  expect(await seed('test')).toMatchObject(done('1 passed'));
});

it('is upgraded by its version, and nothing of the folder changes', { timeout: 240_000 }, async () => {
  const [before, listBefore] = [await hashes(), await list()];
  expect(await install(`../seed-${NEXT}.tgz`)).toMatchObject({ code: 0 });
  const [after, listAfter] = [await hashes(), await list()];
  const isVersion = (path: string) => ['package.json', 'package-lock.json'].includes(path);
  expect(Object.keys(after).sort()).toEqual(Object.keys(before).sort());
  for (const [path, hash] of Object.entries(before)) if (!isVersion(path)) expect(after[path], path).toBe(hash);
  expect(listAfter).toEqual({ ...listBefore, dependencies: { seed: `file:../seed-${NEXT}.tgz` } });

  expect(await seed('--version')).toMatchObject({ output: `${NEXT}\n` });
  const checked = await seed('upgrade', '--check');
  expect(checked).toMatchObject({ code: 1, output: expect.stringContaining('- Do the one thing.') });
  await run('npm', ['pkg', 'set', `seed.madeWith=${NEXT}`]);
  expect(await seed('upgrade', '--check')).toMatchObject(done('Packs (hello, petshop) and settings hold.'));
  const started = await startSeed();
  expect((await started.call('GET', '/tasks')).items).toMatchObject([{ status: 'completed' }]);
  expect(await started.stop()).toBe(0);
});
