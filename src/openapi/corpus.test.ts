// What becomes of the documents of real platforms, compared with the table of docs/imports.md.
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CORPUS, hasShared, scratchFolder } from '../../test/fixtures/openapi/corpus.ts';
import { corpusRow } from '../../test/fixtures/openapi/corpus-row.ts';
import { type PreparedImport, prepareImport } from './import-pack.ts';
import { NAME_LENGTH } from './names.ts';

const page = readFileSync(new URL('../../docs/imports.md', import.meta.url), 'utf8');
const rows = new Map(
  [...page.matchAll(/^\| (?!document)([a-z]+) +\|.*$/gm)].map(([row, name]) => [name, row.replace(/ +\|/g, ' |')]),
);

let scratch: Awaited<ReturnType<typeof scratchFolder>>;
beforeAll(async () => {
  scratch = await scratchFolder();
});
afterAll(() => scratch[Symbol.asyncDispose]());

it('has a row for each, and no other', () => {
  expect(CORPUS.length).toBeGreaterThanOrEqual(12);
  expect([...rows.keys()].sort()).toEqual(CORPUS.map(({ name }) => name).sort());
});

describe.each(CORPUS)('$name', ({ name, isShared, file }) => {
  const isAway = isShared && !hasShared;
  const title = `is what the table says${isAway ? ' (../shared/openapi is not there)' : ''}`;
  it.skipIf(isAway)(title, { timeout: 120_000 }, async () => {
    const folder = pathToFileURL(`${scratch.path}/none/`);
    const prepared = await prepareImport({ source: await file(scratch.path), name, folder });
    expect(corpusRow(name, prepared.report)).toBe(rows.get(name));
    expectNames(prepared);
  });
});

/** That MCP, models and the CLI take, each once. */
function expectNames({ imported: { operations } }: PreparedImport): void {
  const names = operations.map(({ noun, verb }) => `${noun} ${verb}`);
  expect(new Set(names).size).toBe(names.length);
  expect(
    names.filter((each) => !/^[a-z][a-z0-9-]* [a-z][a-z0-9-]*$/.test(each) || each.length > NAME_LENGTH),
  ).toEqual([]);
  expect(new Set(operations.map(({ id }) => id)).size).toBe(operations.length);
  const inputs = operations.flatMap(({ properties }) => Object.keys(properties));
  expect(inputs.filter((each) => !/^[A-Za-z]\w{0,63}$/.test(each))).toEqual([]);
}
