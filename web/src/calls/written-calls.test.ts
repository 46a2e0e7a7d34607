// What is shown to be copied is what a shell makes of it: the same input, by the CLI's own parser and in curl's
// body.
import { execFileSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { parseInput } from '../../../src/cli/parse-input.ts';
import { toManifest } from '../../../src/command/manifest.ts';
import { BUILT_IN } from '../../../src/server/built-in.ts';
import { writtenCli, writtenCurl, writtenMcp } from './written-calls.ts';

const { commands } = toManifest(BUILT_IN, '1.0.0');

const ORIGIN = 'https://seed.example';

function command(name: string) {
  const found = commands.find((one) => one.name === name);
  if (!found) throw new Error(`there is no command ${name}`);
  return found;
}

/** The words that a shell makes of the line. */
function wordsOf(line: string): string[] {
  const printed = execFileSync('sh', ['-c', `printf '%s\\0' ${line}`], { env: { SEED_API_KEY: 'KEY' } });
  return printed.toString().split('\0').slice(0, -1);
}

const INPUTS: [string, Record<string, unknown>][] = [
  ['tasks run', { instruction: 'Tidy up', scopes: ['keys:read', 'obs:*'], timeout: 60_000 }],
  ['tasks run', { instruction: `It's "$HOME" \`id\` \\ and\nmore; {x}`, scopes: [], model: 'a/b:free' }],
  ['tasks run', { instruction: '--json', budget: { usd: 0.5, calls: 3 }, resources: { vcpus: 2 } }],
  ['keys create', { name: '- a, b', scopes: ['*'], tasksMayCreateLastingKeys: true, requestsPerMinute: 3 }],
  [
    'keys update',
    {
      id: '5b1c2f0e-8f0a-4b51-9d0b-2f6f3c1a7e55',
      enabled: false,
      allowedCidrs: null,
      allowedModels: ['a,b'],
    },
  ],
];

it.each(INPUTS)('%s %j is read so by the CLI', async (name, input) => {
  const [seed, ...words] = wordsOf(writtenCli(command(name), input));
  expect([seed, ...words.slice(0, 2)]).toEqual(['seed', ...name.split(' ')]);
  const parsed = await parseInput(command(name), words.slice(2), async () => '');
  expect(parsed.input).toEqual(input);
});

it.each(INPUTS)('%s %j is what curl sends', (name, input) => {
  const words = wordsOf(writtenCurl({ command: command(name), input, origin: ORIGIN }));
  expect(words).toContain('Authorization: Bearer KEY');
  const body = JSON.parse(words[words.indexOf('-d') + 1] ?? '');
  const { id, ...rest } = input;
  expect(body).toEqual(rest);
  if (id) expect(words).toContain(`https://seed.example/api/v1/keys/${id}`);
});

it('sends files as parts of a form', () => {
  const input = { instruction: 'Add up; type=x' };
  const words = wordsOf(
    writtenCurl({ command: command('tasks run'), input, origin: ORIGIN, files: ['a b.csv', 'c;d".txt'] }),
  );
  expect(words[words.indexOf('--form-string') + 1]).toBe(`task=${JSON.stringify(input)}`);
  expect(words.filter((_, at) => words[at - 1] === '-F')).toEqual(['file=@a b.csv', 'file=@"c;d\\".txt"']);
  expect(wordsOf(writtenCli(command('tasks run'), input, ['a b.csv'])).slice(-2)).toEqual(['--file', 'a b.csv']);
});

it('names the tool of MCP', () => {
  expect(JSON.parse(writtenMcp(command('tasks run'), { instruction: 'x' }) ?? '').params).toEqual({
    name: 'runTask',
    arguments: { instruction: 'x' },
  });
});
