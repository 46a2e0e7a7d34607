// What `seed packs import --check` tells of a pack that is not written: what a start would.
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { commandText, type PackFolder, packFile, packFolder } from '../../../test/fixtures/pack-folder.ts';
import { prepareImport } from '../../openapi/import-pack.ts';
import { BUILT_IN } from '../built-in.ts';
import { problemsOfImport } from './check-import.ts';

let packs: PackFolder;
beforeEach(async () => {
  packs = await packFolder({ 'crm/pack.ts': packFile('crm', commandText()) });
});
afterEach(() => packs[Symbol.asyncDispose]());

const ok = { 204: { description: 'Done' } };
const tagged = (tag: string) => ({ get: { tags: [tag], responses: ok }, post: { tags: [tag], responses: ok } });

async function prepare(paths: object, servers: object[] = [{ url: 'https://acme.example.com' }]) {
  const source = new URL('../acme.json', packs.settings.folder);
  await writeFile(source, JSON.stringify({ openapi: '3.1.0', info: { title: 'Acme' }, servers, paths }));
  const folder = new URL('acme/', packs.settings.folder);
  const prepared = await prepareImport({ source: fileURLToPath(source), name: 'acme', folder });
  const check = () => problemsOfImport({ name: 'acme', folder, ...prepared }, packs.settings, BUILT_IN);
  return { folder, prepared, check };
}

it('clashes with packs that are there, and none with Seed itself', async () => {
  const { check, folder } = await prepare({ '/a': tagged('notes'), '/b': tagged('tasks') });
  expect(await check()).toEqual({
    problems: [],
    clashes: [
      expect.stringMatching(
        /acme\/pack\.ts: the noun "notes" of "notes list-a" is taken by "notes list" of .*crm/,
      ),
      expect.stringMatching(/the scope namespace "notes:"/),
    ],
  });
  expect(existsSync(folder)).toBe(false);
});

it('what overrides.json says about what is gone, and an address that is missing', async () => {
  const first = await prepare({ '/a': tagged('users'), '/b': tagged('orders') });
  await first.prepared.write();
  await writeFile(new URL('overrides.json', first.folder), '{"nouns":{"orders":"purchases"}}');
  const gone = await prepare({ '/a': tagged('users') });
  expect(gone.prepared.report.changes).toEqual({ added: [], changed: [], removed: ['GET /b', 'POST /b'] });
  expect(await gone.check()).toEqual({
    problems: [expect.stringContaining('the document gives no noun "orders"')],
    clashes: [],
  });
  await writeFile(new URL('overrides.json', first.folder), '{"nouns":{"*":"acme-*"}}');
  const nowhere = await prepare({ '/a': tagged('notes') }, [{ url: '/v1' }]);
  expect(await nowhere.check()).toEqual({
    problems: [expect.stringContaining('SEED_PACK_ACME_URL')],
    clashes: [],
  });
  const apart = await prepare({ '/a': tagged('notes') });
  expect(await apart.check()).toEqual({ problems: [], clashes: [] });
});
