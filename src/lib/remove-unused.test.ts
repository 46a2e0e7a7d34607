import { mkdir, mkdtemp, readdir, rm, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { contentHash } from './content-hash.ts';
import { markUsed, removeUnused } from './remove-unused.ts';

const parent = await mkdtemp(join(tmpdir(), 'seed-unused-'));
afterAll(() => rm(parent, { recursive: true }));

test('removes only what is neither recent nor among the newest five', async () => {
  const names = Array.from({ length: 8 }, (_, index) => contentHash(String(index)));
  for (const [index, name] of names.entries()) {
    await mkdir(join(parent, name));
    await utimes(join(parent, name), new Date(index * 1000), new Date(index * 1000));
  }
  await mkdir(join(parent, 'bases'));
  await markUsed(join(parent, names[0] ?? ''));
  await removeUnused(parent);
  const kept = [names[0], ...names.slice(4), 'bases'];
  expect((await readdir(parent)).sort()).toEqual(kept.sort());
});
