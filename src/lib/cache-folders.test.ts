import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { ensureFolder, makeFolder, markUsed, removePartialFolders, removeUnused } from './cache-folders.ts';
import { contentHash } from './content-hash.ts';

const parent = await mkdtemp(join(tmpdir(), 'seed-atomic-'));
afterAll(() => rm(parent, { recursive: true }));

test('appears only when it is whole', async () => {
  await makeFolder(join(parent, 'a'), async (partial) => {
    await writeFile(join(partial, 'x'), '1');
    expect(await readdir(parent)).not.toContain('a');
  });
  expect(await readFile(join(parent, 'a/x'), 'utf8')).toBe('1');
});

test('a failure leaves nothing and is thrown', async () => {
  const failing = makeFolder(join(parent, 'b'), async () => {
    throw new Error('expected');
  });
  await expect(failing).rejects.toThrow('expected');
  expect(await readdir(parent)).toEqual(['a']);
});

test('who comes second keeps the first', async () => {
  await makeFolder(join(parent, 'a'), (partial) => writeFile(join(partial, 'x'), '2'));
  expect(await readFile(join(parent, 'a/x'), 'utf8')).toBe('1');
});

test('what killed makers left is removed', async () => {
  await mkdir(join(parent, '.partial-c-1234'));
  await removePartialFolders(parent);
  expect(await readdir(parent)).toEqual(['a']);
});

test('a damaged folder is made anew, a complete one is kept', async () => {
  const folder = join(parent, 'kept', contentHash('x'));
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'damaged'), '');
  let fills = 0;
  const ensure = () =>
    ensureFolder(
      folder,
      () => existsSync(join(folder, 'whole')),
      async (partial) => {
        fills += 1;
        await writeFile(join(partial, 'whole'), '');
      },
    );
  await Promise.all([ensure(), ensure()]);
  await ensure();
  expect(fills).toBe(1);
  expect(await readdir(folder)).toEqual(['whole']);
});

test('removes only what is neither recent nor among the newest five', async () => {
  const cache = join(parent, 'cache');
  await mkdir(cache);
  const names = Array.from({ length: 8 }, (_, index) => contentHash(String(index)));
  for (const [index, name] of names.entries()) {
    await mkdir(join(cache, name));
    await utimes(join(cache, name), new Date(index * 1000), new Date(index * 1000));
  }
  await mkdir(join(cache, 'bases'));
  await markUsed(join(cache, names[0] ?? ''));
  await removeUnused(cache);
  const kept = [names[0], ...names.slice(4), 'bases'];
  expect((await readdir(cache)).sort()).toEqual(kept.sort());
});
