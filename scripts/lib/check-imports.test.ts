// The rule for packs: the public face, their own files, packages; and nothing else of Seed.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { checkPackImports } from './check-imports.ts';

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'seed-imports-'));
  await mkdir(join(root, 'crm', 'commands'), { recursive: true });
});
afterAll(() => rm(root, { recursive: true, force: true }));

it.each([
  ['the public face', 'crm/pack.ts', 'seed/pack', true],
  ['a file of its own', 'crm/commands/contacts.ts', '../tables.ts', true],
  ['a package', 'crm/pack.ts', 'stripe', true],
  ['the face for tests, in a test', 'crm/crm.test.ts', 'seed/testing', true],
  ['the face for tests, elsewhere', 'crm/pack.ts', 'seed/testing', false],
  ['a file of Seed', 'crm/pack.ts', '../../src/store/store.ts', false],
  ['another pack', 'crm/pack.ts', '../commerce/tables.ts', false],
])('%s', async (_, file, target, allowed) => {
  await writeFile(join(root, file), `import { x } from '${target}';\n`);
  const wrong = await checkPackImports(root);
  await rm(join(root, file));
  expect(wrong).toEqual(allowed ? [] : [expect.stringContaining(`packs/${file}`)]);
});
