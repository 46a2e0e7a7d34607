import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { zstdCompressSync } from 'node:zlib';
import { afterAll, expect, test } from 'vitest';
import { BAKED_FILES, findBaked, recipeHash, unpackBaked } from './baked.ts';

const folder = mkdtempSync(join(tmpdir(), 'seed-baked-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const EMPTY = { packages: [], npm: {}, setup: null };
const RECORD = {
  id: 'a',
  sizeBytes: 5,
  runscVersion: 'go-20260905',
  packages: ['x=1'],
  recipe: recipeHash(EMPTY),
};

function bake(record: object): void {
  writeFileSync(join(folder, 'hello'), 'hello', { mode: 0o640 });
  // Node is put into a folder that the archive has.
  mkdirSync(join(folder, 'usr/bin'), { recursive: true });
  const tar = execFileSync('tar', ['--create', `--directory=${folder}`, 'hello', 'usr']);
  writeFileSync(join(folder, BAKED_FILES.rootfs), zstdCompressSync(tar));
  writeFileSync(join(folder, BAKED_FILES.runsc), zstdCompressSync(Buffer.from('#!/bin/sh\n')));
  writeFileSync(join(folder, BAKED_FILES.record), JSON.stringify(record));
}

test('a base that came with Seed is unpacked, with Node and runsc where they belong', async () => {
  bake(RECORD);
  const baked = await findBaked(EMPTY, folder);
  if (baked === null) throw new Error('not found');
  const runsc = join(folder, 'tools/runsc-go-20260905/runsc');
  const rootfs = join(folder, 'rootfs');
  await unpackBaked(baked, rootfs, runsc);
  expect(readFileSync(join(rootfs, 'hello'), 'utf8')).toBe('hello');
  expect(statSync(join(rootfs, 'hello')).mode & 0o777).toBe(0o640);
  expect(statSync(join(rootfs, 'usr/bin/node')).mode & 0o111).toBe(0o111);
  expect(statSync(runsc).mode & 0o777).toBe(0o755);
});

test('an archive that is cut off is no base', async () => {
  bake(RECORD);
  const file = join(folder, BAKED_FILES.rootfs);
  writeFileSync(file, readFileSync(file).subarray(0, -20));
  const baked = await findBaked(EMPTY, folder);
  if (baked === null) throw new Error('not found');
  await expect(unpackBaked(baked, join(folder, 'cut'), join(folder, 'x/runsc'))).rejects.toMatchObject({
    code: 'setup_failed',
  });
});

test('a recipe is taken if it is the one that went in, and refused otherwise', async () => {
  const recipe = { ...EMPTY, packages: ['cowsay'] };
  bake(RECORD);
  await expect(findBaked(recipe, folder)).rejects.toThrow('asks for another sandbox');
  bake({ ...RECORD, recipe: recipeHash(recipe) });
  expect(await findBaked(recipe, folder)).not.toBeNull();
  // A container need not have the recipe.
  expect(await findBaked(EMPTY, folder)).not.toBeNull();
});

test('a folder without a whole record is named', async () => {
  await expect(findBaked(EMPTY, join(folder, 'nowhere'))).rejects.toThrow('nowhere');
  bake({ ...RECORD, runscVersion: '../../x' });
  await expect(findBaked(EMPTY, folder)).rejects.toThrow('runscVersion');
});
