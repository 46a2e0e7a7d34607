// docs/your-platform.md, done as it stands in a copy of this repository: from a clone to an agent that uses one's
// own command.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { cacheDirSetting } from '../../src/lib/settings.ts';
import { type DocBlock, docBlocks } from '../fixtures/doc-blocks.ts';
import { copyRepository, type RepositoryCopy } from '../fixtures/repository-copy.ts';
import { processesNaming, until } from '../fixtures/seed.ts';

let copy: RepositoryCopy;
let env: NodeJS.ProcessEnv;
const running = new Set<ChildProcess>();
const NODE = dirname(process.execPath);

beforeAll(async () => {
  copy = await copyRepository();
  const own = Object.entries(process.env).filter(
    ([name]) => !/^(VITEST|SEED_|NODE_|DATABASE_URL|npm_)/.test(name),
  );
  env = {
    ...Object.fromEntries(own),
    SEED_DATA_DIR: join(copy.folder, '.seed'),
    SEED_CACHE_DIR: cacheDirSetting(),
    // As run.sh sets it.
    NODE_COMPILE_CACHE: join(copy.folder, 'node_modules/.cache/node'),
    PORT: '0',
    NO_COLOR: '1',
    PATH: `${NODE}:${process.env['PATH']}`,
  };
});
afterAll(async () => {
  for (const child of running) child.kill('SIGTERM');
  await Promise.all([...running].map((child) => child.exitCode === null && once(child, 'exit')));
  await until('no process is left', async () => (await processesNaming(copy.folder)).length === 0);
  await copy?.[Symbol.asyncDispose]();
});

function start(script: string) {
  const child = spawn('bash', ['-e', '-c', script], {
    cwd: copy.folder,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  return { child, output: () => output };
}

/**
 * `npm start` goes on while the rest of the page is done; the key that it prints is the one of the CLI from then
 * on.
 */
async function startSeed(): Promise<string> {
  const { child, output } = start('exec npm start');
  running.add(child);
  const find = (pattern: RegExp) => until(`${pattern}`, () => pattern.exec(output())?.[1], 60_000);
  env['SEED_API_URL'] = await find(/Seed is ready at (http:\S+)/);
  env['SEED_API_KEY'] = await find(/(sk_live_\w+)/);
  return output();
}

async function runBlock({ text }: DocBlock): Promise<string> {
  if (text.trim() === 'npm start') return startSeed();
  const { child, output } = start(text);
  const [code] = (await once(child, 'close')) as [number | null];
  expect(code, `${text}\n${output()}`).toBe(0);
  return output();
}

it('leads from a clone to an agent that uses the command', { timeout: 240_000 }, async () => {
  let output = '';
  let files = 0;
  for (const block of docBlocks('your-platform.md')) {
    if (block.language === 'sh') output = await runBlock(block);
    else if (block.language === 'text') {
      for (const line of block.text.trimEnd().split('\n')) expect(output).toContain(line);
    } else if (block.file !== null) {
      const path = join(copy.folder, block.file);
      // The first is what was written already, and is said to be the whole of it.
      if (files === 0) expect(block.text).toBe(await readFile(path, 'utf8'));
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, block.text);
      files += 1;
    }
  }
  expect(files).toBe(8);
});

it('packs dev serves what the files of the pack say, until it is ended', async () => {
  const folder = 'SEED_DATA_DIR=$SEED_DATA_DIR-dev SEED_POOL_SIZE=0';
  const { child, output } = start(`unset SEED_API_URL SEED_API_KEY; ${folder} exec bin/seed packs dev acme`);
  running.add(child);
  const find = (pattern: RegExp) => until(`${pattern}`, () => pattern.exec(output())?.[1], 60_000);
  const url = await find(/Seed is ready at (http:\S+)/);
  const authorization = `Bearer ${await find(/(sk_live_\w+)/)}`;
  const summaries = async () =>
    (await fetch(`${url}/api/v1/commands?noun=orders`, { headers: { authorization } })).text();
  const file = join(copy.folder, ORDERS);
  const text = await readFile(file, 'utf8');
  const [, summary = ''] = /name: 'orders list',\s+summary: '([^']+)'/.exec(text) ?? [];
  expect(await summaries()).toContain(summary);
  await writeFile(file, text.replace(summary, 'As it is now'));
  await find(/(acme: .*orders list.* \(\d+ ms\))/);
  expect(await summaries()).toContain('As it is now');
  await writeFile(file, `${text}\nthrow new Error('not now');\n`);
  await find(/What was served goes on: (.*not now)/);
  expect(await summaries()).toContain('As it is now');
  await writeFile(file, text);
  child.kill('SIGTERM');
  const [code] = (await once(child, 'exit')) as [number | null];
  expect(code, output()).toBe(0);
});

it('a test of a task that fails prints what the server said', async () => {
  const file = join(copy.folder, 'packs/acme/broken.task.test.ts');
  await writeFile(file, BROKEN_TEST);
  const path = join(copy.folder, ORDERS);
  const text = await readFile(path, 'utf8');
  const failing = text.replace(/(name: 'orders list'[\s\S]*?=>\s+)newestFirst\(/, '$1burnt(');
  await writeFile(
    path,
    `${failing}\nconst burnt = (..._: unknown[]): never => {\n  throw new Error('the database of orders has burnt');\n};\n`,
  );
  const { child, output } = start('npm test -- packs/acme/broken.task.test.ts');
  const [code] = (await once(child, 'close')) as [number | null];
  await writeFile(path, text);
  await rm(file);
  expect(code, output()).toBe(1);
  expect(output()).toContain('What the server and the runner of the task have said:');
  expect(output()).toContain('the database of orders has burnt');
  // It runs twice: a file that fails is run once more alone.
}, 180_000);

const ORDERS = 'packs/acme/orders.ts';
const BROKEN_TEST = `
import { bash, testTask } from 'seed/testing';
import { expect, it } from 'vitest';

it('lists', async () => {
  const task = await testTask('acme', { instruction: bash('seed orders list'), scopes: ['orders:read'] });
  expect(task.stdout).toContain('ord_');
});
`;

it('finds a package that seed.config.ts names', async () => {
  const write = async (path: string, text: string) => {
    await mkdir(dirname(join(copy.folder, path)), { recursive: true });
    await writeFile(join(copy.folder, path), text);
  };
  const manifest = { name: '@acme/seed-pack', type: 'module', exports: { import: './index.js' } };
  await write('node_modules/@acme/seed-pack/package.json', JSON.stringify(manifest));
  await write('node_modules/@acme/seed-pack/index.js', BILLING);
  await write('seed.config.ts', `export default { packs: ['@acme/seed-pack'] };\n`);
  const { child, output } = start(
    `SEED_DATA_DIR=$SEED_DATA_DIR-2 SEED_PACKS=billing SEED_RUNNER_TOKEN=${'r'.repeat(32)} exec node src/server/main.ts`,
  );
  running.add(child);
  await until('it is on', () => /"packs":\["billing"\]/.test(output()), 30_000);
});

/** As a package is published: JavaScript, without anything of Seed's. */
const BILLING = `
import { z } from 'zod';
export const pack = {
  name: 'billing',
  title: 'Billing',
  commands: [{
    name: 'bills list',
    summary: 'List bills',
    http: 'GET /bills',
    scope: 'bills:read',
    effect: 'read',
    input: z.object({}),
    output: z.object({ items: z.array(z.string()), nextCursor: z.null() }),
    run: async () => ({ items: [], nextCursor: null }),
  }],
};
`;
