// Documents of several files and by URL: what their references lead to, what they may read, and what bounds them.
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DOCUMENT_BOUNDS, loadDocument } from './load-document.ts';
import { mapDocument } from './map-document.ts';

type Files = Record<string, unknown>;

let folder: string;
const servers: Server[] = [];
beforeEach(async () => {
  folder = join(await mkdtemp(join(tmpdir(), 'seed-document-')), 'document');
  await mkdir(folder);
});
afterEach(async () => {
  await rm(dirname(folder), { recursive: true, force: true });
  for (const server of servers.splice(0)) await new Promise((closed) => server.close(closed));
});

const textOf = (content: unknown) =>
  typeof content === 'string' || Buffer.isBuffer(content) ? content : JSON.stringify(content);

async function write(files: Files): Promise<string> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), textOf(content));
  }
  return join(folder, Object.keys(files)[0] ?? '');
}

/** Serves the files; a string that begins with `→` is a redirect. Returns its origin, and what was asked for. */
async function serve(files: Files): Promise<{ origin: string; asked: string[] }> {
  const asked: string[] = [];
  const answer = (response: ServerResponse, content: unknown) => {
    if (content === undefined) return response.writeHead(404).end();
    const text = textOf(content);
    if (typeof text === 'string' && text.startsWith('→'))
      return response.writeHead(302, { location: text.slice(1) }).end();
    return response.end(text);
  };
  const server = createServer(({ url = '' }, response) => {
    asked.push(url);
    answer(response, files[url.slice(1)]);
  });
  servers.push(server);
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

const done = { 204: { description: 'Done' } };
const openapi = (paths: object, more: object = {}) => ({ openapi: '3.1.0', info: { title: 'T' }, paths, ...more });
const referring = ($ref: string) => openapi({ '/a': { $ref }, '/b': { get: { responses: done } } });

async function imported(source: string, allowedOrigins: readonly string[] = []) {
  const { document } = await loadDocument(source, allowedOrigins);
  const { file, leftOut, partly } = mapDocument(document);
  return { file, paths: file.operations.map(({ path }) => path), why: leftOut.map(({ why }) => why), partly };
}

describe('a document in a folder', () => {
  it.each<[string, (text: string) => unknown]>([
    ['a.yaml', (text) => text],
    ['a.json.gz', (text) => gzipSync(text)],
    ['a.txt', (text) => `\ufeff${text}`],
    ['a.utf16', (text) => Buffer.from(`\ufeff${text}`, 'utf16le')],
  ])('is read as it is: %s', async (name, encode) => {
    const source = await write({
      [name]: encode(JSON.stringify(openapi({ '/ä': { get: { responses: done } } }))),
    });
    expect((await imported(source)).paths).toEqual(['/ä']);
  });

  it('reads nothing above it, by path, link or address', async () => {
    await writeFile(join(dirname(folder), 'outside.json'), '{}');
    await symlink(dirname(folder), join(folder, 'link'));
    const { origin, asked } = await serve({ 'a.json': { get: { responses: done } } });
    const refs = [
      '../outside.json',
      'link/outside.json',
      `${origin}/a.json`,
      'file:///etc/passwd',
      'ftp://x/y',
      '.',
    ];
    const paths = Object.fromEntries(refs.map(($ref, index) => [`/${index}`, { $ref }]));
    const { why } = await imported(
      await write({ 'a.json': openapi({ ...paths, '/z': { get: { responses: done } } }) }),
    );
    expect(why).toEqual([
      expect.stringMatching(/does not lie below/),
      expect.stringMatching(/leads out of/),
      expect.stringMatching(/is of another origin/),
      expect.stringMatching(/does not lie below/),
      expect.stringMatching(/is neither a file nor an address/),
      expect.stringMatching(/leads out of/),
    ]);
    expect(asked).toEqual([]);
  });

  it('may lie elsewhere itself, and its origins are for the importer to allow', async () => {
    const { origin } = await serve({ 'a.json': { get: { responses: done } } });
    const file = await write({ 'real/a.json': referring(`${origin}/a.json`) });
    await mkdir(join(folder, 'linked'));
    await symlink(file, join(folder, 'linked/a.json'));
    expect((await imported(join(folder, 'linked/a.json'), [origin])).paths).toEqual(['/a', '/b']);
    await expect(loadDocument(file, ['nonsense'])).rejects.toMatchObject({ code: 'usage' });
  });
});

describe('a document by URL', () => {
  it('reads its own origin and those allowed, and no file', async () => {
    const other = await serve({ 'b.json': { get: { responses: done } } });
    await writeFile(join(folder, 'x.json'), JSON.stringify({ get: { responses: done } }));
    const own = await serve({
      'api/a.json': openapi({
        '/own': { $ref: '../paths/own.yaml' },
        '/other': { $ref: `${other.origin}/b.json` },
        '/file': { $ref: `file://${folder}/x.json` },
      }),
      'paths/own.yaml': 'get: { responses: { 204: { description: Done } } }',
    });
    const source = `${own.origin}/api/a.json`;
    const first = await imported(source);
    expect(first.paths).toEqual(['/own']);
    expect(first.why).toEqual([
      expect.stringContaining('is of another origin than the document'),
      expect.stringContaining('is no address on the web'),
    ]);
    expect(other.asked).toEqual([]);
    expect((await imported(source, [other.origin])).paths).toEqual(['/own', '/other']);
    // Without servers it is where its document is.
    expect(first.file.server).toBe(own.origin);
  });

  it('follows no redirect to another origin', async () => {
    const inside = await serve({ 'secret.json': referring('#/x'), 'c.json': { get: { responses: done } } });
    const own = await serve({
      'a.json': openapi({ '/a': { $ref: 'b.json' }, '/c': { $ref: 'moved.json' } }),
      'b.json': `→${inside.origin}/c.json`,
      'moved.json': '→/here.json',
      'here.json': { get: { responses: done } },
      'first.json': `→${inside.origin}/secret.json`,
      'round.json': '→/round.json',
    });
    const { paths, why } = await imported(`${own.origin}/a.json`);
    expect(paths).toEqual(['/c']);
    expect(why).toEqual([expect.stringMatching(/redirects to .*, which is of another origin/)]);
    await expect(loadDocument(`${own.origin}/first.json`, [])).rejects.toMatchObject({
      code: 'not_allowed',
      hint: expect.stringContaining(`--allow-origin ${inside.origin}`),
    });
    await expect(loadDocument(`${own.origin}/round.json`, [])).rejects.toMatchObject({ code: 'unreachable' });
    await expect(loadDocument(`${own.origin}/none.json`, [])).rejects.toThrow(/answers 404/);
    expect(inside.asked).toEqual([]);
  });

  it('is not led into a network by a redirect', async () => {
    const hosts = ['169.254.169.254', '10.0.0.1', 'localhost', '[::1]', '2130706433', '[::ffff:7f00:1]'];
    const moved = hosts.map((host, index) => [`moved${index}.json`, `→http://${host}:1/latest`]);
    const paths = hosts.map((_, index) => [`/${index}`, { $ref: `moved${index}.json` }]);
    const own = await serve({ 'a.json': openapi(Object.fromEntries(paths)), ...Object.fromEntries(moved) });
    const { why } = await imported(`${own.origin}/a.json`);
    expect(why).toHaveLength(hosts.length);
    for (const reason of why) expect(reason).toMatch(/redirects to .*, which is of another origin/);
  });
});

describe('references', () => {
  it('lead to files that are known by another address ($self, $id, $anchor)', async () => {
    const source = await write({
      'v1/openapi.json': {
        ...openapi({
          '/a': {
            get: { parameters: [{ $ref: 'https://specs.example.com/v1/parts.json#/page' }], responses: done },
          },
          '/b': { get: { parameters: [{ $ref: 'parts.json#/size' }], responses: done } },
        }),
        openapi: '3.2.0',
        $self: 'https://specs.example.com/v1/openapi.json',
      },
      'v1/parts.json': {
        page: { name: 'page', in: 'query', schema: { $ref: '#number' } },
        size: { name: 'size', in: 'query', schema: { $ref: 'https://other.example.com/kinds#small' } },
        schemas: {
          number: { $anchor: 'number', type: 'integer' },
          kinds: {
            $id: 'https://other.example.com/kinds',
            $defs: { small: { $anchor: 'small', type: 'number' } },
          },
        },
      },
    });
    const { file, why } = await imported(source);
    expect(why).toEqual([]);
    expect(file.operations.map(({ properties }) => properties)).toEqual([
      { page: { type: 'integer' } },
      { size: { type: 'number' } },
    ]);
  });

  it('are data in examples, and names of fields', async () => {
    const schema = {
      type: 'object',
      properties: { $ref: { type: 'string' }, default: { $ref: '#/components/schemas/D' } },
    };
    const body = { content: { 'application/json': { schema, example: { $ref: 'none.json' } } } };
    const source = await write({
      'a.json': openapi(
        { '/a': { post: { requestBody: body, responses: done } } },
        { components: { schemas: { D: { type: 'boolean' } } } },
      ),
    });
    const { file, partly } = await imported(source);
    expect(partly).toEqual([]);
    expect(file.operations[0]?.properties['default']).toMatchObject({ type: 'boolean' });
  });

  it('that lead nowhere take with them what needs them, in a request more than in an answer', async () => {
    const lost = { $ref: '#/components/schemas/Lost' };
    const holder = (required: string[]) => ({
      type: 'object',
      required,
      properties: { a: lost, b: { type: 'string' } },
    });
    const json = (schema: unknown) => ({ content: { 'application/json': { schema } } });
    const operation = (schema: unknown, answer: unknown = {}) => ({
      post: {
        requestBody: { required: true, ...json(schema) },
        responses: { 200: { description: '', ...json(answer) } },
      },
    });
    const source = await write({
      'a.json': openapi({
        '/needed': operation(holder(['a'])),
        '/deep': operation({
          type: 'object',
          required: ['x'],
          properties: { x: { type: 'array', items: holder(['a']) } },
        }),
        '/optional': operation(holder([])),
        '/kinds': operation({ type: 'object', properties: { k: { oneOf: [lost, { type: 'string' }] } } }),
        '/answer': operation({ type: 'string' }, holder(['a'])),
        '/answer-whole': operation({ type: 'string' }, lost),
      }),
    });
    const { paths, why, partly } = await imported(source);
    expect(paths).toEqual(['/optional', '/kinds', '/answer']);
    expect(why).toEqual([
      expect.stringContaining(
        'its body has the field a, which refers to #/components/schemas/Lost, which is not there',
      ),
      expect.stringContaining('its body has the field x, which has the field a'),
      expect.stringContaining('its answer 200 refers to'),
    ]);
    expect(partly.map(({ operation: of, why: reason }) => `${of}: ${reason}`)).toEqual([
      expect.stringMatching(/^POST \/optional: the field a \(body\.a\) refers to/),
      expect.stringMatching(/^POST \/kinds: one of the kinds of body\.k refers to/),
      expect.stringMatching(/^POST \/answer: the field a \(answer\.a\) refers to/),
    ]);
  });
});

describe('what is too much is refused', () => {
  const bomb = `openapi: 3.0.0\ninfo: { title: &a [x, x, x, x, x, x, x, x, x, x] }\nx-b: &b [${'*a,'.repeat(99)}]\nx-c: &c [${'*b,'.repeat(99)}]\nx-d: [${'*c,'.repeat(99)}]\npaths: {}\n`;
  it.each<[string, object, RegExp]>([
    ['files', { files: 3 }, /more than 3 files/],
    ['bytes of all files', { bytes: 300 }, /more than 300 bytes/],
    ['objects and lists of all files', { values: 20 }, /more than 20 objects and lists/],
  ])('%s, which together are many', async (_, bounds, reason) => {
    const path = { get: { responses: done } };
    const names = ['b.json', 'c.json', 'd.json', 'e.json'];
    const paths = Object.fromEntries(names.map((name) => [`/${name}`, { $ref: name }]));
    const source = await write({
      'a.json': openapi(paths),
      ...Object.fromEntries(names.map((name) => [name, path])),
    });
    await expect(loadDocument(source, [])).resolves.toMatchObject({ files: 5 });
    await expect(loadDocument(source, [], { ...DOCUMENT_BOUNDS, ...bounds })).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringMatching(reason),
    });
  });

  it.each<[string, () => unknown, RegExp]>([
    ['aliases that multiply', () => bomb, /alias/i],
    [
      'levels',
      () => openapi({ '/a': JSON.parse(`${'{"x-a":'.repeat(2_000)}1${'}'.repeat(2_000)}`) }),
      /nested deeper/,
    ],
    ['unpacked bytes', () => gzipSync(Buffer.alloc(65 * 1024 * 1024, 32)), /unpacked it has more than/],
    ['bytes that are packed wrongly', () => Buffer.from([0x1f, 0x8b, 1, 2, 3]), /cannot be unpacked/],
    ['bytes that are no text', () => Buffer.from([0x7b, 0xff, 0xfe, 0xff]), /no text in UTF-8/],
  ])('%s', async (_, content, reason) => {
    await expect(loadDocument(await write({ 'a.yaml': content() }), [])).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringMatching(reason),
    });
  });
});
