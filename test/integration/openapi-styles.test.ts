// Any value in any style of OpenAPI arrives at the platform unchanged, however it is given to Seed, or is refused
// where the style cannot say it.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Client } from '@modelcontextprotocol/client';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { commandHelp } from '../../src/cli/help.ts';
import { parseInput } from '../../src/cli/parse-input.ts';
import { restCall } from '../../src/lib/rest-call.ts';
import type { ManifestCommand } from '../../src/protocol/manifest.ts';
import { connectClient } from '../fixtures/mcp-client.ts';
import { type ImportedPack, importedPack } from '../fixtures/openapi/imported-pack.ts';
import {
  DOWNLOAD,
  type Shape,
  STYLE_CASES,
  STYLES_DOCUMENT,
  type StyleCase,
  startStylesPlatform,
} from '../fixtures/openapi/styles-document.ts';
import { startTestServer, type TestServer } from '../fixtures/server.ts';

let platform: Awaited<ReturnType<typeof startStylesPlatform>>;
let pack: ImportedPack;
let server: TestServer;
let client: Client & AsyncDisposable;
let commands: ManifestCommand[];

beforeAll(async () => {
  platform = await startStylesPlatform();
  process.env['SEED_PACK_STYLES_URL'] = platform.url;
  const folder = await mkdtemp(join(tmpdir(), 'styles-'));
  const file = join(folder, 'styles.json');
  await writeFile(file, STYLES_DOCUMENT);
  pack = await importedPack('styles', file, {});
  await rm(folder, { recursive: true });
  server = await startTestServer({ packs: pack.settings });
  commands = (await server.call('GET', '/api/v1/commands')).body.commands;
  client = await connectClient(server.url, server.adminKey);
}, 120_000);
afterAll(async () => {
  await client?.[Symbol.asyncDispose]();
  await server?.stop();
  await pack?.[Symbol.asyncDispose]();
  await platform?.close();
});

type Input = Record<string, unknown>;
/** What came of it: the answer, or that it was refused for its input. */
type Outcome = { answer: Record<string, unknown> } | { refused: string };

/** As its name is written in a command's. */
const commandOf = (name: string) =>
  commandNamed(`styles ${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`);

function commandNamed(name: string): ManifestCommand {
  const found = commands.find((command) => command.name === name);
  if (!found) throw new Error(`there is no command "${name}"`);
  return found;
}

async function overRest(command: ManifestCommand, input: Input): Promise<Outcome> {
  let call: ReturnType<typeof restCall>;
  try {
    call = restCall(command, input);
  } catch (error) {
    return { refused: (error as Error).message };
  }
  const { method, path, body } = call;
  const { status, body: answer } = await server.call(method, path, body === null ? {} : { raw: body });
  if (status === 400) return { refused: answer.error.message };
  expect({ status, answer }).toMatchObject({ status: 200 });
  return { answer };
}

/** As it is typed; what begins with a dash stands behind an equals sign. */
async function overCli(command: ManifestCommand, input: Input): Promise<Outcome> {
  const args = Object.entries(input).map(
    ([name, value]) => `--${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
  );
  const parsed = await parseInput(command, args, () => Promise.resolve('-'));
  return overRest(command, parsed.input);
}

async function overMcp(command: ManifestCommand, input: Input): Promise<Outcome> {
  const result = await client.callTool({ name: command.name.replaceAll(' ', '_'), arguments: input });
  const [content] = result.content as { text: string }[];
  if (result.isError !== true) return { answer: result.structuredContent as Record<string, unknown> };
  expect(content?.text).toMatch(/^invalid_input/);
  return { refused: content?.text ?? '' };
}

const WAYS = { rest: overRest, cli: overCli, mcp: overMcp };
const way = fc.constantFrom(...(Object.keys(WAYS) as (keyof typeof WAYS)[]));

const CHARACTERS = [...'aZ09 ,.;:/?#[]@!$&\'()*+=%|~-_"\\{}éß漢😀\t'];
const text = fc.oneof(
  fc.string({ unit: fc.constantFrom(...CHARACTERS), maxLength: 6 }),
  fc.constantFrom('', '.', '..', 'null', 'true', '7', '-', '[1]', '{"a":1}', '"x"', '%2F', 'a,b', ' x '),
);
const key = fc.oneof(
  fc.stringMatching(/^[a-z]{1,3}$/),
  fc.constantFrom('a b', 'é', 'x-y', 'a,b', 'a=b', 'a[b]', ''),
);
const { deep } = fc.letrec((tie) => ({
  deep: fc.dictionary(key, tie('value'), { maxKeys: 3 }),
  value: fc.oneof({ maxDepth: 2 }, text, fc.array(tie('value'), { maxLength: 3 }), tie('deep')),
}));
const VALUES: Record<Shape, fc.Arbitrary<unknown>> = {
  text,
  list: fc.array(text, { maxLength: 4 }),
  object: fc.dictionary(key, text, { maxKeys: 3 }),
  deep: deep as fc.Arbitrary<unknown>,
};

const textsIn = (value: unknown): string[] =>
  typeof value === 'string' ? [value] : Object.values(value as object).flatMap(textsIn);
const keysIn = (value: unknown): string[] => {
  if (typeof value === 'string') return [];
  const inner = Object.values(value as object).flatMap(keysIn);
  return Array.isArray(value) ? inner : [...Object.keys(value as object), ...inner];
};
const hasEmpty = (value: unknown): boolean =>
  typeof value !== 'string' &&
  (Object.keys(value as object).length === 0 || Object.values(value as object).some(hasEmpty));

/** What no server could tell apart, or HTTP does not carry: only this may be refused. */
function mayBeRefused({ where, shape, how, name }: StyleCase, value: unknown): boolean {
  const words = [...textsIn(value), ...(shape === 'object' ? keysIn(value) : [])];
  const has = (pattern: RegExp) => words.some((word) => pattern.test(word));
  const isJson = 'content' in how || /json$/.test(name);
  if (!isJson && hasEmpty(value)) return true;
  if (how['style'] === 'deepObject') return keysIn(value).some((each) => each === '' || /[[\]]/.test(each));
  if (how['style'] === 'spaceDelimited') return has(/ /);
  if (how['style'] === 'pipeDelimited') return has(/\|/);
  if (where === 'header') {
    const isLong = shape !== 'text';
    return has(/[^\t\x20-\x7e]|^\s|\s$/) || (isLong && has(/,/)) || keysIn(value).some((each) => /[=]/.test(each));
  }
  if (where === 'cookie' && how['explode'] === true) return keysIn(value).some((each) => !/^[\w-]+$/.test(each));
  if (where !== 'path') return false;
  if (how['style'] === 'label' && how['explode'] === true && shape !== 'text' && has(/\./)) return true;
  return has(/^\.*$/);
}

it.each(STYLE_CASES.map((each) => [each.name, each] as const))('%s', { timeout: 60_000 }, async (name, each) => {
  const command = commandOf(name);
  await fc.assert(
    fc.asyncProperty(way, VALUES[each.shape], async (through, value) => {
      const outcome = await WAYS[through](command, { v: value });
      if ('refused' in outcome)
        expect([outcome.refused, mayBeRefused(each, value)]).toEqual([outcome.refused, true]);
      else expect(JSON.parse(String(outcome.answer['got']))).toEqual(value);
    }),
    { numRuns: Number(process.env['SEED_PROPERTY_RUNS'] ?? 25) },
  );
});

const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String);
const decimal = fc
  .tuple(fc.bigInt({ min: 1n, max: 10n ** 30n }), fc.stringMatching(/^\d{1,25}$/))
  .map((it) => it.join('.'));

it('every digit of a number arrives, and comes back', { timeout: 60_000 }, async () => {
  const command = commandOf('numbers');
  await fc.assert(
    fc.asyncProperty(way, int64, decimal, async (through, id, price) => {
      const inner = [{ id, inner: [{ id, price }] }];
      const outcome = await WAYS[through](command, { id, price, inner });
      expect(outcome).toEqual({ answer: { id, price, inner } });
    }),
    { numRuns: 40 },
  );
  // As numbers, where JSON is written by hand.
  const digits = '9007199254740993';
  const raw = `{"id":${digits},"price":0.10000000000000000000001,"any":12345678901234567890.5}`;
  const { path } = restCall(command, {});
  expect((await server.call('POST', path, { raw })).body).toEqual({
    id: digits,
    price: '0.10000000000000000000001',
    any: '12345678901234567890.5',
  });
});

it.each([
  ['{"id":9223372036854775808}', /does not fit into int64/],
  ['{"id":"-9223372036854775809"}', /does not fit into int64/],
  ['{"id":1.5}', /expected integer/],
  ['{"id":"7a"}', /expected a string of digits/],
  ['{"inner":[{"id":1e30}]}', /inner\.0\.id/],
])('%s is refused', async (raw, why) => {
  const { path } = restCall(commandOf('numbers'), {});
  const { status, body } = await server.call('POST', path, { raw });
  expect([status, body.error.code]).toEqual([400, 'invalid_input']);
  expect(body.error.message).toMatch(why);
});

it('a file of this machine arrives as it is, and one of the platform comes as it is', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'styles-'));
  await writeFile(join(folder, 'a "b".png'), DOWNLOAD);
  const upload = commandOf('upload');
  const args = ['--photo', join(folder, 'a "b".png'), '--note', '{"by":"Ada"}'];
  const parsed = await parseInput(upload, args, () => Promise.resolve(''));
  await rm(folder, { recursive: true });
  const parts = [`photo a %22b%22.png application/octet-stream ${DOWNLOAD.toString('hex')}`, '{"by":"Ada"}'];
  const { answer } = (await overRest(upload, parsed.input)) as { answer: { parts: string[] } };
  expect(answer.parts.toSorted()).toEqual(parts.toSorted());
  const response = await fetch(`${server.url}${restCall(commandOf('download'), {}).path}`, {
    headers: { authorization: `Bearer ${server.adminKey}` },
  });
  expect(Buffer.from(await response.arrayBuffer())).toEqual(DOWNLOAD);
  expect([response.headers.get('content-type'), response.headers.get('content-disposition')]).toEqual([
    'application/zip',
    expect.stringContaining('all.zip'),
  ]);
});

it('help shows one level of fields, and commands show all of them', async () => {
  const style = { bold: (text: string) => text, dim: (text: string) => text };
  const help = commandHelp(commandOf('numbers'), style as never);
  expect(help).toMatch(/--id <number>/);
  expect(help).toMatch(/--inner <json or @file>.*\n {2} {2}\.id <number>/);
  expect(help).toContain('All fields: seed commands show styles numbers');
  const { body } = await server.call('GET', '/api/v1/commands/styles%20numbers');
  const { input, answer } = body.command;
  expect(input.$defs.Numbers.properties).toMatchObject({
    id: { type: 'string', format: 'int64' },
    inner: { items: { $ref: '#/$defs/Numbers' } },
  });
  expect(answer.$defs.Numbers.properties.price).toMatchObject({ type: 'string', format: 'decimal' });
  expect((await server.call('GET', '/api/v1/commands/nobody')).status).toBe(404);
  const parsed = await parseInput(commandNamed('commands show'), ['styles', 'numbers'], () => Promise.resolve(''));
  expect(parsed.input).toEqual({ name: 'styles numbers' });
});
