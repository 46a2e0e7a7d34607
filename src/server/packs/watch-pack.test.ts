// The commands of a pack that is being written, taken anew as its files change: in a process of its own, for the
// modules of tests are not Node's.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';

const PROGRAM = `
const { watchPack } = await import(${JSON.stringify(new URL('./watch-pack.ts', import.meta.url).href)});
const folder = new URL(process.argv[1]);
const reload = async () => {
  const { name } = await import(new URL('pack.mjs', folder).href);
  if (name === 'wrong') throw Object.assign(new Error('it is wrong'), { hint: 'Mend it.' });
  return 'served: ' + name;
};
const watched = watchPack({ folder, reload, say: (line) => process.send(line) });
process.on('message', () => {
  watched[Symbol.dispose]();
  process.send('ended');
});
process.once('disconnect', () => process.exit());
process.send('watching');
`;

let path: string;
let child: ChildProcess;
const said: string[] = [];
beforeAll(async () => {
  path = await mkdtemp(join(tmpdir(), 'seed-watch-'));
  await mkdir(join(path, 'commands'));
  await write('pack.mjs', `export { name } from './commands/a.mjs';`);
  await write('commands/a.mjs', `export const name = 'one';`);
  const args = ['--input-type=module', '-e', PROGRAM, pathToFileURL(`${path}/`).href];
  child = spawn(process.execPath, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  child.on('message', (line) => said.push(String(line)));
  await hears('watching');
});
afterAll(async () => {
  child?.disconnect();
  if (child?.exitCode === null) await once(child, 'exit');
  await rm(path, { recursive: true, force: true });
});

const write = (file: string, text: string) => writeFile(join(path, file), text);
const hears = (text: string) => vi.waitFor(() => expect(said.at(-1)).toContain(text), { timeout: 20_000 });

it('takes what a file says now, also where another reads it, and says how long it took', async () => {
  await write('commands/a.mjs', `export const name = 'two';`);
  await hears('served: two');
  expect(said.at(-1)).toMatch(/\(\d+ ms\)$/);
  // As editors write: beside it, and in its place.
  await write('commands/a.mjs~', `export const name = 'three';`);
  await rename(join(path, 'commands/a.mjs~'), join(path, 'commands/a.mjs'));
  await hears('served: three');
});

it('tells what is wrong, with what to do, goes on with what was served, and takes it once it is right', async () => {
  await write('commands/a.mjs', `export const name = 'wrong';`);
  await hears('What was served goes on: it is wrong\n  → Mend it.');
  await write('commands/a.mjs', `export const name = ;`);
  await hears('What was served goes on: Unexpected token');
  await write('commands/a.mjs', `export const name = 'right';`);
  await hears('served: right');
});

it('sees the files of folders that come later', async () => {
  await mkdir(join(path, 'more'));
  await write('more/b.mjs', `export const name = 'other';`);
  await write('pack.mjs', `export { name } from './more/b.mjs';`);
  await hears('served: other');
  await write('more/b.mjs', `export const name = 'newer';`);
  await hears('served: newer');
});

it('outlives its folder', async () => {
  await rename(path, `${path}-away`);
  await hears('What was served goes on: ');
  await rm(`${path}-away`, { recursive: true });
  child.send('end');
  await hears('ended');
});
