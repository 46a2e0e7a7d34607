// The program of the installed package, under the machine's own Node: what it goes on with, and that signals and exit
// codes are those of what it has started.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { SEED_ROOT } from '../../src/lib/own-files.ts';

const REPOSITORY = fileURLToPath(SEED_ROOT);
/** The one that is not this repository's: a user's, of version 20 or newer. */
const PATH = (process.env['PATH'] ?? '')
  .split(':')
  .filter((folder) => !folder.includes('node_modules'))
  .join(':');
/** In the CLI's place: says what it runs with, and does what it is told. */
const STUB = `
process.stdout.write(process.version + '\\n');
const [what, value] = process.argv.slice(2);
if (what === 'exit') process.exit(Number(value));
if (what === 'die') process.kill(process.pid, value);
if (what === 'wait') {
  let seen = 0;
  process.on('SIGINT', () => { seen += 1; setTimeout(() => process.exit(40 + seen), 200); });
  process.on('SIGTERM', () => process.exit(30));
  process.stdout.write('ready\\n');
  setInterval(() => undefined, 1000);
}
`;

let root: string;
let bin: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'seed-bin-'));
  const files: Record<string, string> = {
    'package.json': '{"type": "module"}',
    'src/cli/repository.mjs': STUB,
  };
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  }
  bin = join(root, 'bin/seed.mjs');
  await cp(join(REPOSITORY, 'bin/seed.mjs'), bin);
  const name = `node-${process.platform}-${process.arch}`;
  const packed = join(root, 'node_modules', name);
  await mkdir(join(packed, 'bin'), { recursive: true });
  await writeFile(join(packed, 'package.json'), '{}');
  await cp(process.execPath, join(packed, 'bin/node'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

function start(...args: string[]) {
  // In a group of its own, which is no terminal's: what it is sent is sent to it alone.
  const child = spawn(bin, args, { env: { PATH }, stdio: ['ignore', 'pipe', 'inherit'], detached: true });
  let output = '';
  const ready = new Promise<void>((resolve) => {
    child.stdout.setEncoding('utf8').on('data', (part: string) => {
      output += part;
      if (output.includes('ready')) resolve();
    });
  });
  return { child, ready, ended: ended(child), output: () => output };
}

const ended = (child: ChildProcess) => once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>;

it.each([0, 1, 5, 130])(
  'exits with %i, as the CLI does, which has run with the Node of the package',
  async (code) => {
    const seed = start('exit', String(code));
    expect(await seed.ended).toEqual([code, null]);
    expect(seed.output()).toBe(`${process.version}\n`);
  },
);

it.each(['SIGKILL', 'SIGTERM', 'SIGINT'])('ends by %s when the CLI does', async (signal) => {
  expect(await start('die', signal).ended).toEqual([null, signal]);
});

it.each([
  ['SIGTERM', 30],
  ['SIGINT', 41],
] as const)('passes %s on, once', async (signal, code) => {
  const seed = start('wait');
  await seed.ready;
  seed.child.kill(signal);
  expect(await seed.ended).toEqual([code, null]);
});
