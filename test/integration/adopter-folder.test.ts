// The folder that seed init makes, and what stands in the way of one. The repository's own CLI makes it here; the
// e2e test of the package does with an installed one.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readVersion } from '../../src/lib/version.ts';

const SEED = new URL('../../bin/seed', import.meta.url).pathname;
const DOCUMENT = {
  openapi: '3.1.0',
  info: { title: 'Pet shop', version: '1' },
  servers: [{ url: 'http://127.0.0.1:9/v1' }],
  paths: {
    '/hello/{id}': { get: operation('getHello', 'hello') },
    '/pets': { get: operation('listPets', 'pets') },
  },
};

function operation(operationId: string, tag: string) {
  const parameters = operationId.startsWith('get')
    ? [{ name: 'id', in: 'path', required: true, schema: { type: 'string' } }]
    : [];
  return {
    operationId,
    tags: [tag],
    summary: operationId,
    parameters,
    responses: { 200: { description: 'fine' } },
  };
}

let home: string;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'seed-adopter-'));
  await writeFile(join(home, 'petshop.json'), JSON.stringify(DOCUMENT));
});
afterAll(() => rm(home, { recursive: true, force: true }));

async function seed(args: readonly string[], { cwd = home, env = {} as Record<string, string> } = {}) {
  const child = spawn(SEED, args, {
    cwd,
    env: { PATH: process.env['PATH'] ?? '', HOME: home, SEED_API_URL: 'http://127.0.0.1:9', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [[code], stdout, stderr] = await Promise.all([
    once(child, 'close') as Promise<[number | null]>,
    text(child.stdout),
    text(child.stderr),
  ]);
  return { code, stdout, stderr };
}

const list = async (folder: string) => JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'));

async function newFolder(name: string, files: Record<string, string> = {}): Promise<string> {
  const folder = join(home, name);
  await mkdir(folder, { recursive: true });
  for (const [path, content] of Object.entries(files)) await writeFile(join(folder, path), content);
  return folder;
}

describe('seed init', () => {
  it.each([
    ['acme', 'acme'],
    ['Ünser Projekt!', 'u-nser-projekt'],
    ['.hidden', 'hidden'],
    ['seed', 'my-seed'],
    ['***', 'my-seed'],
  ])('makes a folder called %s a package called %s', async (folder, name) => {
    const made = await seed(['init', folder, '--no-install']);
    expect(made).toMatchObject({ code: 0, stderr: expect.stringContaining('npm install') });
    expect(await list(join(home, folder))).toMatchObject({
      name,
      private: true,
      type: 'module',
      dependencies: { seed: expect.stringMatching(/^file:.*\.tgz$/) },
      seed: { madeWith: readVersion() },
    });
    expect(made.stdout.trim().split('\n').sort()).toEqual([
      ...['.env.example', '.gitignore', 'README.md', 'package.json', 'packs/hello/hello.test.ts'],
      ...['packs/hello/pack.ts', 'seed.config.ts', 'tsconfig.json'],
    ]);
  });

  it('writes nothing where a file of its own is there already, and names all of them', async () => {
    const folder = await newFolder('full', { 'README.md': 'mine', 'seed.config.ts': 'mine too', 'notes.txt': '' });
    expect(await seed(['init', '--no-install'], { cwd: folder })).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/has these already: seed\.config\.ts, README\.md\nNothing was written/),
    });
    expect((await readdir(folder)).sort()).toEqual(['README.md', 'notes.txt', 'seed.config.ts']);
    expect(await readFile(join(folder, 'README.md'), 'utf8')).toBe('mine');
    const file = await seed(['init', join(folder, 'notes.txt'), '--no-install']);
    expect(file).toMatchObject({ code: 1, stderr: expect.stringContaining('no folder') });
  });

  it('completes a package.json that is there, and changes nothing that it says', async () => {
    const before = {
      name: 'ours',
      scripts: { test: 'ours', lint: 'x' },
      dependencies: { zod: '1', seed: 'file:x.tgz' },
    };
    const folder = await newFolder('begun', { 'package.json': JSON.stringify(before) });
    expect((await seed(['init', '--no-install'], { cwd: folder })).code).toBe(0);
    const after = await list(folder);
    expect(after).toMatchObject(before);
    expect(after).toMatchObject({ type: 'module', scripts: { dev: 'seed dev' } });
  });

  it.each([
    ['{"type": "commonjs"}', 'npm pkg set type=module'],
    ['[]', 'not a JSON object'],
    ['{', 'not a JSON object'],
  ])('refuses the package.json %s', async (content, why) => {
    const folder = await newFolder(`unfit-${Buffer.from(content).toString('hex')}`, { 'package.json': content });
    const refused = await seed(['init', '--no-install'], { cwd: folder });
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining(why) });
    expect(await readdir(folder)).toEqual(['package.json']);
  });

  it('imports a platform, and tells its nouns apart from those of others', async () => {
    const made = await seed(['init', 'shop', '--openapi', 'petshop.json', '--no-install']);
    expect(made).toMatchObject({ code: 0, stderr: expect.stringContaining('Pet shop 1: 2 commands of 2 nouns') });
    const overrides = JSON.parse(await readFile(join(home, 'shop/packs/petshop/overrides.json'), 'utf8'));
    expect(overrides.nouns).toEqual({ '*': 'petshop-*' });
  });

  it('writes nothing when the document cannot be had', async () => {
    const failed = await seed(['init', 'unmade', '--openapi', 'nowhere.json']);
    expect(failed).toMatchObject({ code: 2, stderr: expect.stringContaining('nowhere.json') });
    expect(await readdir(home)).not.toContain('unmade');
  });

  it.each([
    [['init', '--what']],
    [['init', 'one', 'two']],
    [['init', 'x', '--openapi', 'petshop.json', '--name', 'Not A Name']],
    [['start', '--what']],
    [['dev', 'x']],
    [['test', '--what']],
    [['upgrade']],
    [['upgrade', '--what']],
  ])('takes %j as a mistake', async (args) => {
    expect((await seed(args)).code).toBe(2);
  });
});

describe('in the folder', () => {
  let folder: string;
  beforeAll(async () => {
    await seed(['init', 'mine', '--no-install']);
    folder = join(home, 'mine');
    // As npm install would have it, as far as npm ls and the packs look.
    await newFolder('mine/node_modules/seed', {
      'package.json': JSON.stringify({ name: 'seed', version: readVersion() }),
    });
  });

  it('finds packs and settings from any folder below, and says what is wrong with the configuration', async () => {
    const below = { cwd: join(folder, 'packs/hello') };
    expect(await seed(['packs', 'check'], below)).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('hello'),
    });
    const config = join(folder, 'seed.config.ts');
    const before = await readFile(config, 'utf8');
    await writeFile(config, 'export default { pakcs: [] };');
    const checked = await seed(['packs', 'check'], below);
    await writeFile(config, before);
    expect(checked).toMatchObject({ code: 1, stderr: expect.stringContaining('seed.config.ts: ') });
  });

  it('says what to install when the tests cannot be run', async () => {
    const tested = await seed(['test'], { cwd: folder });
    expect(tested).toMatchObject({ code: 1, stderr: expect.stringMatching(/vitest.*not installed\nnpm install/) });
  });

  it('takes its settings from .env, beneath those of the environment', async () => {
    await writeFile(join(folder, '.env'), 'SEED_LOG_LEVEL=loud\n');
    const checked = await seed(['upgrade', '--check'], { cwd: folder });
    const overridden = await seed(['upgrade', '--check'], { cwd: folder, env: { SEED_LOG_LEVEL: 'info' } });
    await rm(join(folder, '.env'));
    expect(checked).toMatchObject({ code: 1, stdout: expect.stringContaining('SEED_LOG_LEVEL is "loud"') });
    expect(overridden.stdout).toContain('settings hold');
  });

  describe('seed upgrade --check', () => {
    const check = async (asked: string, registry: string) => {
      const content = { ...(await list(folder)), dependencies: { seed: asked } };
      await writeFile(join(folder, 'package.json'), JSON.stringify(content));
      const env = { npm_config_registry: registry, npm_config_cache: join(home, 'npm') };
      const { code, stdout } = await seed(['upgrade', '--check', '--json'], { cwd: folder, env });
      return { code, ...JSON.parse(stdout) };
    };
    let registry: string;
    let asked: string[];
    let close: () => void;
    beforeAll(async () => {
      asked = [];
      const server = createServer(({ url = '' }, response) => {
        asked.push(url);
        const versions = { '99.0.0': { name: 'seed', version: '99.0.0', dist: { tarball: '', shasum: '' } } };
        response.setHeader('content-type', 'application/json');
        response.end(JSON.stringify({ name: 'seed', 'dist-tags': { latest: '99.0.0' }, versions }));
      }).listen(0, '127.0.0.1');
      await once(server, 'listening');
      registry = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
      close = () => server.close();
    });
    afterAll(() => close());

    it('asks the registry that npm is set to, and says what is newer', async () => {
      const answer = await check(`^${readVersion()}`, registry);
      expect(answer).toMatchObject({
        code: 1,
        newest: { version: '99.0.0' },
        unfit: null,
        problems: [],
        todo: true,
      });
      expect(asked).toContain('/seed');
    });

    it('says when that does not answer, which is nobody to blame', async () => {
      const answer = await check(`^${readVersion()}`, 'http://127.0.0.1:9/');
      expect(answer).toMatchObject({
        code: 0,
        newest: { version: null, why: expect.stringContaining('registry') },
      });
    });

    it('asks nobody about a name that package.json takes from a file', async () => {
      asked.length = 0;
      const answer = await check('file:../seed.tgz', registry);
      expect(answer.newest).toEqual({ version: null, why: expect.stringContaining('file:../seed.tgz') });
      expect(asked).toEqual([]);
    });

    it('says when another is installed than is asked for', async () => {
      const answer = await check('^98.0.0', 'http://127.0.0.1:9/');
      expect(answer).toMatchObject({ code: 1, unfit: expect.stringContaining('another') });
    });
  });
});
