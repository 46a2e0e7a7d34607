// The examples, with the commands of their READMEs, in a copy of this repository and on one Seed: what the pages say
// before `npm start` is done before it starts, with the settings that they give it.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cacheDirSetting } from '../../src/lib/settings.ts';
import type { Task } from '../../src/protocol/task.ts';
import { freePort } from '../chaos/free-port.ts';
import { docBlocks } from '../fixtures/doc-blocks.ts';
import { copyRepository, type RepositoryCopy } from '../fixtures/repository-copy.ts';
import { bash, startSeed, type TestSeed, until } from '../fixtures/seed.ts';

const EXAMPLES = readdirSync(new URL('../../examples/', import.meta.url)).filter((name) => /^\d\d-/.test(name));
const pageOf = (example: string) => `../examples/${example}/README.md`;
const shellBlocks = (page: string) => docBlocks(page).filter(({ language }) => language === 'sh');
const isStart = (block: string) => /(^|\s)npm start$/.test(block.trim());

let copy: RepositoryCopy;
let seed: TestSeed;
let env: NodeJS.ProcessEnv;
beforeAll(async () => {
  copy = await copyRepository();
  env = readersEnvironment();
  const settings: Record<string, string> = {};
  for (const { text: block } of EXAMPLES.map(pageOf).flatMap(shellBlocks)) {
    if (!isStart(block)) continue;
    const lines = block.trim().split('\n');
    for (const [, name = '', value = ''] of lines.pop()?.matchAll(/(\w+)=(\S+)/g) ?? []) settings[name] = value;
    await runBlock(lines.join('\n'));
  }
  // Where the page has a port of its own, one that nobody has here.
  for (const [name, value] of Object.entries(settings))
    settings[name] = value.replace(/(?<=127\.0\.0\.1:)\d+/, String(await freePort()));
  const { startAllInOne } = await import(pathToFileURL(join(copy.folder, 'src/all-in-one.ts')).href);
  seed = await startSeed({ ...settings, SEED_PACKS: '' }, () => undefined, startAllInOne);
  Object.assign(env, settings, { SEED_API_URL: seed.url, SEED_API_KEY: seed.adminKey });
}, 180_000);
afterAll(async () => {
  await seed?.remove();
  await copy?.[Symbol.asyncDispose]();
});

/** Of whoever has cloned the repository: nothing of this test run's, and the machine's own Node. */
function readersEnvironment(): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(
    ([name]) => !/^(VITEST|SEED_|NODE_|DATABASE_URL|npm_|CI)/.test(name),
  );
  const path = (process.env['PATH'] ?? '').split(':').filter((folder) => !folder.includes('node_modules'));
  return {
    ...Object.fromEntries(own),
    PATH: path.join(':'),
    NO_COLOR: '1',
    NO_PROXY: '127.0.0.1',
    PYTHONDONTWRITEBYTECODE: '1',
    SEED_CACHE_DIR: cacheDirSetting(),
    SEED_DATA_DIR: join(copy.folder, '.seed'),
    NODE_COMPILE_CACHE: join(copy.folder, 'node_modules/.cache/node'),
  };
}

function start(command: string, args: readonly string[], more: NodeJS.ProcessEnv = {}) {
  const child = spawn(command, args, {
    cwd: copy.folder,
    env: { ...env, ...more },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      output += chunk;
    });
  const ended = once(child, 'close').then(([code]) => ({ code: code as number | null, output }));
  return { child, ended, output: () => output };
}

/** @returns what it prints. Any POSIX shell takes the lines of the pages. */
async function runBlock(block: string): Promise<string> {
  const { code, output } = await start('sh', ['-e', '-c', block], { PORT: String(await freePort()) }).ended;
  expect(code, `${block}\n${output}`).toBe(0);
  return output;
}

const python = await new Promise<string | null>((resolve) => {
  const child = spawn('python3', ['-c', 'import sys; sys.exit(sys.version_info < (3, 9))'], { stdio: 'ignore' });
  child.on('error', () => resolve('there is no python3'));
  child.on('exit', (code) => resolve(code === 0 ? null : 'python3 is older than 3.9, or does not run'));
});
if (python !== null) console.warn(`SKIPPED: the client in Python, since ${python}`);

describe('with the commands of its README', () => {
  for (const example of EXAMPLES) {
    it.skipIf(example.includes('python') && python !== null)(example, { timeout: 120_000 }, async () => {
      const runs = shellBlocks(pageOf(example)).filter(({ text: block }) => !isStart(block));
      expect(runs).not.toEqual([]);
      let output = '';
      for (const { text: block } of runs) output += await runBlock(block);
      const said = docBlocks(pageOf(example)).filter(({ language }) => language === 'text');
      expect(said).not.toEqual([]);
      for (const line of said.flatMap(({ text: lines }) => lines.trimEnd().split('\n')))
        expect(output).toContain(line);
    });
  }
});

describe('a CI job', () => {
  const script = async (job: string, task: object) => {
    await writeFile(join(copy.folder, 'task.json'), JSON.stringify(task));
    const args = ['examples/10-a-ci-job/hand-over.sh', 'task.json', `artifacts-${job}`];
    return start('sh', args, { CI_JOB_ID: job });
  };
  const newest = async () => (await seed.call<{ items: [Task] }>('GET', '/api/v1/tasks?limit=1')).body.items[0];

  it('ends as its task does, has what that left, and does not start it twice', async () => {
    const instruction = bash('mkdir -p /workspace/out/a; echo kept > "/workspace/out/a/so far.txt"', 'x');
    const task = { instruction, scopes: [], budget: { calls: 1 } };
    const first = await (await script('17', task)).ended;
    expect(first.output).toContain('The task is failed.');
    expect(first.code).not.toBe(0);
    expect(await readFile(join(copy.folder, 'artifacts-17/out/a/so far.txt'), 'utf8')).toBe('kept\n');
    const { id } = await newest();
    const again = await (await script('17', task)).ended;
    expect(again.output).toContain(`Task ${id}\n`);
    expect((await newest()).id).toBe(id);
  });

  it('stops its task when it is cancelled', async () => {
    const { child, ended, output } = await script('18', { instruction: bash('echo begun; sleep 50'), scopes: [] });
    await until('it works', () => output().includes('"chunk":"begun'), 30_000);
    child.kill('SIGINT');
    expect((await ended).code).toBe(130);
    expect((await newest()).status).toBe('stopped');
  });
});
