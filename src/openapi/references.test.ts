// References that stand in the place of a whole map or list, in documents of several files.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadDocument } from './load-document.ts';
import { mapDocument } from './map-document.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'seed-references-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const done = { 204: { description: 'Done' } };
const openapi = (paths: object, more: object = {}) => ({ openapi: '3.1.0', info: { title: 'T' }, paths, ...more });

/** @param files the document first */
async function imported(files: Record<string, object>) {
  for (const [name, content] of Object.entries(files))
    await writeFile(join(folder, name), JSON.stringify(content));
  const { document } = await loadDocument(join(folder, Object.keys(files)[0] ?? ''), []);
  const { file, leftOut, partly } = mapDocument(document);
  return { file, paths: file.operations.map(({ path }) => path), why: leftOut.map(({ why }) => why), partly };
}

describe('references', () => {
  it('may stand in the place of a map or a list', async () => {
    const json = (schema: unknown) => ({ content: { 'application/json': { schema } } });
    const files = {
      'a.json': openapi(
        { $ref: 'paths.json', '/more': { get: { responses: { $ref: 'parts.json#/responses' } } } },
        { components: { $ref: 'components.json' } },
      ),
      'paths.json': {
        '/a': {
          post: {
            parameters: { $ref: 'parts.json#/parameters' },
            requestBody: {
              required: true,
              ...json({
                properties: { $ref: 'parts.json#/fields', own: { type: 'integer' } },
                required: { $ref: 'parts.json#/needed' },
              }),
            },
            responses: { 200: { description: '', content: { $ref: 'parts.json#/content' } } },
          },
        },
      },
      'parts.json': {
        parameters: [{ name: 'q', in: 'query', schema: { type: 'string', enum: { $ref: '#/choices' } } }],
        choices: ['one', 'two'],
        fields: {
          ids: { type: 'array', items: { $ref: 'components.json#/schemas/Id' } },
          own: { type: 'boolean' },
        },
        needed: ['ids'],
        responses: { $ref: '#/others' },
        others: done,
        content: json({ $ref: 'a.json#/components/schemas/Answer' }).content,
      },
      'components.json': { schemas: { $ref: 'schemas.json' } },
      'schemas.json': {
        Id: { type: 'integer' },
        Answer: { type: 'object', properties: { ok: { type: 'boolean' } } },
      },
    };
    const { file, why, partly } = await imported(files);
    expect([why, partly]).toEqual([[], []]);
    expect(file.operations.map(({ path }) => path)).toEqual(['/a', '/more']);
    expect(file.operations[0]).toMatchObject({
      properties: { q: { enum: ['one', 'two'] }, ids: { items: { type: 'integer' } }, own: { type: 'integer' } },
      required: ['ids'],
      answers: 'object',
      fields: { ok: { type: 'boolean' } },
    });
    expect(Object.keys(file.operations[0]?.properties ?? {}).sort()).toEqual(['ids', 'own', 'q']);
  });

  it('in the place of a map or a list that lead nowhere are named', async () => {
    const json = (schema: unknown) => ({ content: { 'application/json': { schema } } });
    const lost = { $ref: '#/components/lost' };
    const post = (schema: unknown) => ({
      post: { requestBody: { required: true, ...json(schema) }, responses: done },
    });
    const files = {
      'a.json': openapi({
        '/properties': post({ type: 'object', properties: lost }),
        '/required': post({ type: 'object', properties: { a: {} }, required: lost }),
        '/parts': post({ allOf: lost }),
        '/choices': post({ type: 'string', enum: { $ref: '#/info/title' } }),
        '/parameters': { get: { parameters: lost, responses: done } },
        '/responses': { get: { responses: lost } },
        '/content': { get: { responses: { 200: { description: '', content: lost } } } },
      }),
    };
    const { paths, why } = await imported(files);
    expect(paths).toEqual([]);
    expect(why.map((each) => /has (\w+) that refers to/.exec(each)?.[1] ?? each)).toEqual([
      'properties',
      'required',
      'allOf',
      'enum',
      'parameters',
      'responses',
      'content',
    ]);
    const none = await imported({ 'b.json': { openapi: '3.1.0', paths: { $ref: 'none.json' } } });
    expect(none.why).toEqual([expect.stringMatching(/^it refers to .*none\.json/)]);
  });
});
