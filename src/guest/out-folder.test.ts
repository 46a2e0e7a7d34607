// The folder that the agent owns: whatever it plants there, only plain files of its own are read.
import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { LIMITS } from '../protocol/limits.ts';
import { type OutFolder, openOutFolder } from './out-folder.ts';

let root: string;
let out: string;
let folder: OutFolder;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'seed-out-'));
  out = join(root, 'out');
  await mkdir(join(out, 'deep/er'), { recursive: true });
  await writeFile(join(root, 'secret'), 'secret');
  await writeFile(join(out, 'plain'), 'plain');
  await writeFile(join(out, 'deep/er/file'), 'deep');
  folder = await openOutFolder(out, null);
});
afterEach(() => rm(root, { recursive: true }));

const names = async () => [...(await folder.scan()).files.keys()].sort();
async function read(name: string): Promise<string | null> {
  const found = await folder.open(name);
  if (found === null) return null;
  const content = await text(found.handle.createReadStream());
  return content;
}

it('finds plain files in all folders, and reads them', async () => {
  expect(await names()).toEqual(['deep/er/file', 'plain']);
  expect(await read('deep/er/file')).toBe('deep');
  const { size } = (await folder.scan()).files.get('plain') ?? {};
  expect(size).toBe(5);
});

it('a name that is written in two parts is kept in one, and only one file has it', async () => {
  const [one, two] = ['NFC', 'NFD'].map((form) => 'Zoë'.normalize(form)) as [string, string];
  await mkdir(join(out, two));
  await writeFile(join(out, two, two), 'two');
  expect(await names()).toEqual([`${one}/${one}`, 'deep/er/file', 'plain']);
  expect(await read(`${one}/${one}`)).toBe('two');
  await writeFile(join(out, two, one), 'another');
  const scan = await folder.scan();
  expect([...scan.files.keys()].filter((name) => name.startsWith(one))).toHaveLength(1);
  expect(scan.misnamed).toContain('another file is called so');
});

it('sees that a file has changed, also when its time was set back and its size is the same', async () => {
  const before = (await folder.scan()).files.get('plain');
  await writeFile(join(out, 'plain'), 'other');
  execFileSync('touch', ['-d', '2001-01-01', join(out, 'plain')]);
  expect((await folder.scan()).files.get('plain')).not.toEqual(before);
});

it('neither lists nor opens links, folders and pipes', async () => {
  await symlink(join(root, 'secret'), join(out, 'link'));
  await symlink(root, join(out, 'folder-link'));
  execFileSync('/usr/bin/mkfifo', [join(out, 'pipe')]);
  expect(await names()).toEqual(['deep/er/file', 'plain']);
  expect(await read('link')).toBeNull();
  expect(await read('folder-link/secret')).toBeNull();
  expect(await read('pipe')).toBeNull();
  expect(await read('deep')).toBeNull();
  expect(await read('missing')).toBeNull();
});

it('is not led out by a folder that became a link after it was looked at', async () => {
  await writeFile(join(root, 'file'), 'secret');
  await rm(join(out, 'deep/er'), { recursive: true });
  await symlink(root, join(out, 'deep/er'));
  expect(await read('deep/er/file')).toBeNull();
  await rename(out, join(root, 'moved'));
  await symlink(root, out);
  expect(await read('secret')).toBeNull();
});

it('reads what belongs to the agent only', async () => {
  const uid = process.getuid?.() ?? 0;
  const others = await openOutFolder(out, uid + 1);
  expect(await others.open('plain')).toBeNull();
  const own = await openOutFolder(out, uid);
  const found = await own.open('plain');
  expect(found?.state.size).toBe(5);
  await found?.handle.close();
});

it('tells of names that cannot be kept, and goes on', async () => {
  await writeFile(join(out, 'a\nb'), '');
  await writeFile(join(out, 'zz'), '');
  const scan = await folder.scan();
  expect(scan.misnamed).toMatch(/^"a\\nb": the name has control/);
  expect([...scan.files.keys()]).toContain('zz');
});

it('looks at no more than it may, however much is there', async () => {
  for (let count = 0; count < LIMITS.artifactsPerTask + 10; count += 1) await writeFile(join(out, `${count}`), '');
  const scan = await folder.scan();
  expect(scan.isCut).toBe(true);
  expect(scan.files.size).toBeLessThanOrEqual(LIMITS.artifactsPerTask + 1);
  for (let count = 0; count < 1_100; count += 1) await mkdir(join(out, 'deep', `${count}`));
  expect((await folder.scan()).isCut).toBe(true);
});
