// operations.json and overrides.json as commands, and what keeps a server from starting.
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { FIGMA_FILE } from '../../../test/fixtures/openapi/documents.ts';
import { type ImportedPack, importedPack } from '../../../test/fixtures/openapi/imported-pack.ts';
import { BUILT_IN } from '../built-in.ts';
import { loadPacks } from './load-packs.ts';

let pack: ImportedPack;
beforeEach(async () => {
  pack = await importedPack('figma', FIGMA_FILE);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await pack[Symbol.asyncDispose]();
});

async function commands() {
  const [loaded] = await loadPacks(pack.settings, BUILT_IN);
  return loaded?.commands ?? [];
}
const find = async (name: string) => (await commands()).find((command) => command.name === name);

it('are for the operator, without what is deprecated, and beside nouns of Seed', async () => {
  expect(pack.report).toMatchObject({
    title: 'Figma API',
    credential: { kind: 'header', name: 'X-Figma-Token' },
  });
  expect(pack.report.partly).toEqual([{ operation: 'POST /v2/webhooks', why: 'its callbacks are not received' }]);
  const all = await commands();
  expect(all).toHaveLength(pack.report.commands);
  expect(all.every(({ operatorOnly }) => operatorOnly)).toBe(true);
  expect(all.find(({ name }) => name === 'comments post')).toMatchObject({
    http: 'POST /figma/v1/files/{file_key}/comments',
    scope: 'comments:write',
    effect: 'write',
    creates: true,
  });
  expect(all.find(({ name }) => name === 'figma-webhooks post')).toMatchObject({
    scope: 'figma-webhooks:write',
  });
});

it('take deprecated ones and all accounts where overrides.json says so', async () => {
  await pack.override({
    deprecated: true,
    accounts: 'all',
    operations: { 'post*': { scope: 'figma:post' } },
  });
  const all = await commands();
  expect(all).toHaveLength(pack.report.commands + pack.report.deprecated);
  expect(all.some(({ operatorOnly }) => operatorOnly)).toBe(false);
  expect(all.find(({ name }) => name === 'comments post')?.scope).toBe('figma:post');
});

it.each<[object, RegExp]>([
  [{ operations: { postComments: {} } }, /no operation "postComments"/],
  [{ operations: { 'zzz*': {} } }, /no operation "zzz\*"/],
  [{ nouns: { comment: 'remarks' } }, /no noun "comment"/],
  [{ operations: { postComment: { scopes: 'x:y' } } }, /scopes/],
  [{ operations: { postComment: { name: 'Remark' } } }, /"Remark": name is written as noun and verb/],
])('overrides %j', async (overrides, reason) => {
  await pack.override(overrides);
  await expect(loadPacks(pack.settings, BUILT_IN)).rejects.toMatchObject({
    code: 'invalid_settings',
    message: expect.stringMatching(reason),
  });
});

it('need an address, from the document or from the setting', async () => {
  const file = new URL('operations.json', pack.folder);
  await writeFile(file, (await readFile(file, 'utf8')).replace('"https://api.figma.com"', 'null'));
  await expect(loadPacks(pack.settings, BUILT_IN)).rejects.toMatchObject({
    hint: expect.stringContaining('SEED_PACK_FIGMA_URL'),
  });
});

it('need a credential that can stand in a header', async () => {
  vi.stubEnv('SEED_PACK_FIGMA_TOKEN', 'one\ntwo');
  await expect(loadPacks(pack.settings, BUILT_IN)).rejects.toMatchObject({
    code: 'invalid_settings',
    message: expect.not.stringContaining('two'),
  });
});

it('are read from what an import wrote and from nothing else', async () => {
  await writeFile(new URL('operations.json', pack.folder), '{"operations":[]}');
  await expect(loadPacks(pack.settings, BUILT_IN)).rejects.toThrow(
    /operations\.json: it is not what seed packs import writes/,
  );
});

it('change with the next import, which leaves alone what people write', async () => {
  await pack.override({ nouns: { comments: 'remarks' } });
  const own = await readFile(new URL('pack.ts', pack.folder), 'utf8');
  const operations = new URL('operations.json', pack.folder);
  const lines = (await readFile(operations, 'utf8'))
    .split('\n')
    .filter((line) => !line.startsWith('{"id":"postComment"'));
  await writeFile(
    operations,
    lines.join('\n').replace('Get file JSON"', 'Get it"').replace('"getFile"', '"gone"'),
  );
  const { changes, files } = await pack.import();
  expect(changes).toEqual({ added: ['getFile', 'postComment'], changed: [], removed: ['gone'] });
  expect(files.map((file) => fileURLToPath(file))).toEqual([fileURLToPath(operations)]);
  expect(await readFile(new URL('pack.ts', pack.folder), 'utf8')).toBe(own);
  expect(await find('remarks post')).toMatchObject({ scope: 'remarks:write' });
});
