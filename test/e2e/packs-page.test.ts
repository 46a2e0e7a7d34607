// docs/packs.md, done as it stands in a copy of this repository, and what an adopter meets besides: a forgotten
// where, several mistakes at once, commands that are taken anew while they are written.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { cacheDirSetting } from '../../src/lib/settings.ts';
import { docBlocks } from '../fixtures/doc-blocks.ts';
import { copyRepository, type RepositoryCopy } from '../fixtures/repository-copy.ts';
import { until } from '../fixtures/seed.ts';

const TOKEN = 'mt_0123456789';
let copy: RepositoryCopy;
let env: NodeJS.ProcessEnv;

beforeAll(async () => {
  copy = await copyRepository();
  const own = Object.entries(process.env).filter(
    ([name]) => !/^(VITEST|SEED_|NODE_|DATABASE_URL|npm_)/.test(name),
  );
  env = {
    ...Object.fromEntries(own),
    SEED_DATA_DIR: join(copy.folder, '.seed'),
    SEED_CACHE_DIR: cacheDirSetting(),
    SEED_RUNNER_TOKEN: 'r'.repeat(32),
    // As run.sh sets it.
    NODE_COMPILE_CACHE: join(copy.folder, 'node_modules/.cache/node'),
    PORT: '0',
    NO_COLOR: '1',
    PATH: `${dirname(process.execPath)}:${join(copy.folder, 'node_modules/.bin')}:${process.env['PATH']}`,
  };
});
afterAll(() => copy?.[Symbol.asyncDispose]());

function start(script: string, more: NodeJS.ProcessEnv = {}) {
  const options = { cwd: copy.folder, env: { ...env, ...more } };
  const child = spawn('bash', ['-e', '-c', script], { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  return { child, output: () => output };
}

async function run(script: string, more: NodeJS.ProcessEnv = {}) {
  const { child, output } = start(script, more);
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, output: output() };
}

const write = async (path: string, text: string) => {
  await mkdir(dirname(join(copy.folder, path)), { recursive: true });
  await writeFile(join(copy.folder, path), text);
};
const change = async (path: string, by: (text: string) => string) =>
  writeFile(join(copy.folder, path), by(await readFile(join(copy.folder, path), 'utf8')));

it('is done as it stands', { timeout: 480_000 }, async () => {
  let said = '';
  for (const { language, file, text } of docBlocks('packs.md')) {
    if (language === 'sh') {
      const { code, output } = await run(text);
      expect(code, `${text}\n${output}`).toBe(0);
      said = output;
    } else if (language === 'text') for (const line of text.trimEnd().split('\n')) expect(said).toContain(line);
    else if (file !== null) await write(file, text);
  }
});

it('names all that packs and their tests can import', async () => {
  const page = await readFile(new URL('../../docs/packs.md', import.meta.url), 'utf8');
  const faces = await Promise.all(
    ['../../src/pack/pack.ts', '../pack.ts'].map((path) => readFile(new URL(path, import.meta.url), 'utf8')),
  );
  const text = faces.join('\n');
  const together = [...text.matchAll(/^export (?:type )?\{([^}]*)\}/gm)].flatMap(([, names = '']) =>
    names.split(',').map((name) => name.trim().replace(/^type /, '')),
  );
  const alone = [...text.matchAll(/^export (?:async )?(?:function|const|interface) (\w+)/gm)].map(
    ([, name = '']) => name,
  );
  const names = [...together, ...alone].filter(Boolean);
  expect(names).toEqual(expect.arrayContaining(['definePack', 'Steps', 'defineCommand', 'openPack', 'bash']));
  for (const name of names) expect(page, name).toContain(`\`${name}\``);
});

it('keeps accounts apart when every query forgets its where', { timeout: 120_000 }, async () => {
  const file = 'packs/shop/invoices.ts';
  const whole = await readFile(join(copy.folder, file), 'utf8');
  await change(file, (text) =>
    text.replaceAll(/\s*\.where\('(?:invoices\.)?account_id', '=', account\.id\)/g, ''),
  );
  expect(await readFile(join(copy.folder, file), 'utf8')).not.toContain(".where('account_id'");
  const { code, output } = await run('vitest run --project integration packs/shop');
  expect(code, output).toBe(0);
  await write(file, whole);
});

it('tells formatting, types and lint of a pack in one go', { timeout: 120_000 }, async () => {
  const file = 'packs/shop/base.ts';
  const whole = await readFile(join(copy.folder, file), 'utf8');
  await write(file, `${whole}export const  wrong: number = "text";\nexport function f(): void { debugger; }\n`);
  const { code, output } = await run('npm run check -- packs/shop');
  await write(file, whole);
  expect(code).not.toBe(0);
  for (const part of [
    'noDebugger',
    'File content differs from formatting output',
    "Type 'string' is not assignable",
  ])
    expect(output).toContain(part);
});

it('takes a pack anew in far less time than a start, and drops its tables when it is asked to', async () => {
  const settings = { SEED_PACKS_DEV: 'shop', SEED_PACKS: 'shop', SEED_PACK_SHOP_MAIL_TOKEN: TOKEN };
  const startedMs = performance.now();
  const server = start('exec node src/server/main.ts', settings);
  const line = (text: string) => () => server.output().includes(text);
  await until('it listens', line('"listening"'), 60_000);
  const startMs = performance.now() - startedMs;
  const edit = async (by: (text: string) => string, said: string) => {
    const from = performance.now();
    await change('packs/shop/invoices.ts', by);
    await until(said, line(said), 10_000);
    return performance.now() - from;
  };
  const times = [await edit((text) => text.replace("'invoices remind'", "'invoices nudge'"), 'invoices nudge (')];
  await edit((text) => text.replace("scope: 'invoices:remind'", "scope: 'invoices'"), 'What was served goes on');
  times.push(
    await edit(
      (text) => text.replace("scope: 'invoices'", "scope: 'invoices:nudge'").replace('nudge', 'poke'),
      'invoices poke (',
    ),
  );
  // Against what a start takes: a machine that does much else is slow at both.
  expect(Math.min(...times)).toBeLessThan(startMs / 2);
  await write('packs/shop/migrations/0002_paid.sql', 'alter table invoices add column paid_on date;');

  const busy = await run('bin/seed packs reset shop --yes');
  expect([busy.code, busy.output]).toEqual([1, expect.stringContaining('in use by another server')]);
  server.child.kill('SIGTERM');
  await once(server.child, 'close');
  const refused = await run('bin/seed packs reset shop');
  expect([refused.code, refused.output]).toEqual([2, expect.stringContaining('Add --yes')]);
  const elsewhere = await run('bin/seed packs reset shop --yes', { DATABASE_URL: 'postgres://localhost/x' });
  expect(elsewhere.output).toContain('for development');
  const done = await run('bin/seed packs reset shop --yes');
  expect(done.output).toContain(
    'The tables of shop are gone; the next start applies 0001_shop.sql, 0002_paid.sql.',
  );
}, 120_000);
