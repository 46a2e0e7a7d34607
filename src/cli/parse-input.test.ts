import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { manifestCommand } from '../../test/fixtures/manifest-command.ts';
import type { JsonSchema, ManifestCommand } from '../protocol/manifest.ts';
import { parseInput } from './parse-input.ts';

function commandWith(
  properties: Record<string, JsonSchema>,
  changes: Partial<ManifestCommand> = {},
): ManifestCommand {
  return manifestCommand('things make', {
    http: { method: 'POST', path: '/things/{id}' },
    effect: 'write',
    input: { type: 'object', properties: { id: { type: 'string' }, ...properties }, required: ['id'] },
    positional: ['id'],
    ...changes,
  });
}

const KINDS = commandWith({
  createdAfter: { anyOf: [{ type: 'string', format: 'date-time' }, { type: 'null' }] },
  count: { type: 'integer' },
  ratio: { type: 'number' },
  force: { type: 'boolean', default: true },
  tags: { type: 'array', items: { $ref: '#/$defs/Tag' } },
  labels: { type: 'object', additionalProperties: { type: 'string' } },
  filter: { type: 'object', properties: { a: { type: 'number' } } },
  colour: { type: 'string', enum: ['red', 'green'] },
  answer: { type: 'object', properties: { schema: { type: 'object' } }, 'x-field': 'schema' },
});
KINDS.input['$defs'] = { Tag: { type: 'string' } };

const noStdin = () => Promise.reject(new Error('stdin is not wanted'));
const inputOf = async (args: string[], command = KINDS) => (await parseInput(command, args, noStdin)).input;

it.each<[string[], Record<string, unknown>]>([
  [['7'], { id: '7' }],
  [['--id', '7'], { id: '7' }],
  [['7', '--created-after', 'now'], { id: '7', createdAfter: 'now' }],
  [['7', '--created-after', 'null'], { id: '7', createdAfter: null }],
  [['--count=-3', '7', '--ratio', '1.5'], { id: '7', count: -3, ratio: 1.5 }],
  [['7', '--force'], { id: '7', force: true }],
  [['7', '--no-force'], { id: '7', force: false }],
  [['7', '--force=false'], { id: '7', force: false }],
  [['7', '--tags', 'a, b', '--tags', 'c'], { id: '7', tags: ['a', 'b', 'c'] }],
  [['7', '--tags', '["a,b"]'], { id: '7', tags: ['a,b'] }],
  [['7', '--labels', 'a=1', '--labels', 'b=x=y'], { id: '7', labels: { a: '1', b: 'x=y' } }],
  [['7', '--filter', '{"a":1}'], { id: '7', filter: { a: 1 } }],
  [['7', '--colour', 'red'], { id: '7', colour: 'red' }],
  [['7', '--answer-schema', '{"a":1}'], { id: '7', answer: { schema: { a: 1 } } }],
  [['--', '--7'], { id: '--7' }],
])('%j is %j', async (args, input) => {
  expect(await inputOf(args)).toEqual(input);
});

it.each([
  [[], '<id> is missing'],
  [['7', '8'], 'unexpected argument "8"'],
  [['7', '--count', '1.5'], '--count is a whole number'],
  [['7', '--count', ''], '--count is a number'],
  [['7', '--count', '1', '--count', '2'], 'more than once'],
  [['7', '--count'], '--count needs a value'],
  [['7', '--count', '--force'], '--count needs a value'],
  [['7', '--force=perhaps'], '--force is true or false'],
  [['7', '--labels', 'a'], 'name=value'],
  [['7', '--filter', '{'], 'takes JSON'],
  [['7', '--colour', 'blue'], 'one of red, green'],
  [['7', '--no-count'], 'no flag --no-count'],
  [['7', '--detach'], 'no flag --detach'],
  [['7', '-x'], 'no flag -x'],
])('%j is refused', async (args, message) => {
  await expect(inputOf(args)).rejects.toMatchObject({
    code: 'usage',
    message: expect.stringContaining(message),
  });
});

const UNIONS = commandWith({
  title: { type: ['string', 'integer'] },
  milestone: { anyOf: [{ anyOf: [{ type: 'string' }, { type: 'integer' }] }, { type: 'null' }] },
  size: { type: ['integer', 'number', 'null'] },
  page: { oneOf: [{ type: 'integer' }, { type: 'null' }] },
  note: { type: ['string', 'object'] },
  both: { type: ['boolean', 'array'] },
  labels: { type: 'array', items: { anyOf: [{ type: 'string' }, { type: 'object' }] } },
} as unknown as Record<string, JsonSchema>);

it.each<[string[], Record<string, unknown>]>([
  [['--title', 'From a shell'], { title: 'From a shell' }],
  [['--title', '42'], { title: '42' }],
  [['--milestone', 'next week'], { milestone: 'next week' }],
  [['--milestone', 'null'], { milestone: null }],
  [['--size', '1.5', '--page', '3'], { size: 1.5, page: 3 }],
  [['--size', 'null', '--page', 'null'], { size: null, page: null }],
  [['--note', 'plain'], { note: 'plain' }],
  [['--note', '{"a":1}'], { note: { a: 1 } }],
  [['--both', '[1]'], { both: [1] }],
  [['--labels', 'bug', '--labels', 'ui'], { labels: ['bug', 'ui'] }],
])('of several types %j gives %j', async (args, expected) => {
  expect(await inputOf(['7', ...args], UNIONS)).toEqual({ id: '7', ...expected });
});

it('reads JSON from a file where that is named by @', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'seed-flags-'));
  const path = join(folder, 'filter.json');
  await writeFile(path, '{"a": 3}\n');
  expect(await inputOf(['7', '--filter', `@${path}`])).toEqual({ id: '7', filter: { a: 3 } });
  await expect(inputOf(['7', '--filter', `@${path}.not`])).rejects.toMatchObject({ code: 'usage' });
  await rm(folder, { recursive: true });
});

it('suggests the closest flag and shows the usage with all flags', async () => {
  await expect(inputOf(['7', '--colr', 'red'])).rejects.toMatchObject({
    hint: expect.stringMatching(
      /^Did you mean --colour\? Usage: seed things make <id> \[flags\]\nFlags: --\w.*--colour/,
    ),
  });
});

const TEXT = commandWith(
  { text: { type: 'string', maxLength: 32_768 }, json: { type: 'string' } },
  { follow: 'things events' },
);
TEXT.input.required = ['id', 'text'];

it('lets a bare word fill the first required text, and - read it from stdin', async () => {
  expect(await inputOf(['7', 'hello'], TEXT)).toEqual({ id: '7', text: 'hello' });
  const read = await parseInput(TEXT, ['7', '--text', '-'], async () => 'piped');
  expect(read.input).toEqual({ id: '7', text: 'piped' });
});

it.each([
  ['- first\n- second', '- first\n- second'],
  ['-v is what I need', '-v is what I need'],
  ['--force has to go from the scripts', '--force has to go from the scripts'],
  ['-- and so on', '-- and so on'],
  ['@@alice is to look at it', '@alice is to look at it'],
  ['@alice is to look at it', '@alice is to look at it'],
])('takes %j for text', async (typed, text) => {
  expect(await inputOf(['7', typed], TEXT)).toEqual({ id: '7', text });
  expect(await inputOf(['7', '--text', typed], TEXT)).toEqual({ id: '7', text });
});

it('takes a short text as it is typed', async () => {
  const short = commandWith({ text: { type: 'string', maxLength: 100 } });
  short.input.required = ['id', 'text'];
  expect(await inputOf(['7', '@alice'], short)).toEqual({ id: '7', text: '@alice' });
  expect(await inputOf(['7', '@@alice'], short)).toEqual({ id: '7', text: '@@alice' });
});

it('takes @path for what the file has', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'seed-text-'));
  const path = join(folder, 'task.md');
  await writeFile(path, '# Do\n- this\n');
  expect(await inputOf(['7', `@${path}`], TEXT)).toEqual({ id: '7', text: '# Do\n- this\n' });
  await expect(inputOf(['7', '@nowhere.md'], TEXT)).rejects.toMatchObject({
    code: 'usage',
    hint: expect.stringContaining('@@'),
  });
  await rm(folder, { recursive: true });
});

it.each(['-x', '--nope', '--nope=a b', '-rf'])('%s is a flag that is not there', async (typed) => {
  await expect(inputOf(['7', 'x', typed], TEXT)).rejects.toMatchObject({ code: 'usage' });
});

it('lets a bare word fill the one number that is all that is left to say', async () => {
  const price = commandWith({ price: { type: 'number' }, note: { type: 'string' } });
  price.input.required = ['id', 'price'];
  expect(await inputOf(['7', '19.99'], price)).toEqual({ id: '7', price: 19.99 });
  await expect(inputOf(['7', 'much'], price)).rejects.toMatchObject({ code: 'usage' });
  await expect(inputOf(['7', '1', '2'], price)).rejects.toMatchObject({ message: 'unexpected argument "2"' });
  price.input.required = ['id', 'price', 'note'];
  await expect(inputOf(['7', '19.99', '20'], price)).rejects.toMatchObject({ code: 'usage' });
});

it("knows the flags of every command, and prefers the command's own of the same name", async () => {
  const { input, quiet, detach, json } = await parseInput(
    TEXT,
    ['7', 'x', '--quiet', '--detach', '--json', 'own'],
    noStdin,
  );
  expect({ input, quiet, detach, json }).toEqual({
    input: { id: '7', text: 'x', json: 'own' },
    quiet: true,
    detach: true,
    json: false,
  });
});

it('asks for nothing else when help is wanted', async () => {
  expect((await parseInput(KINDS, ['-h'], noStdin)).help).toBe(true);
});
