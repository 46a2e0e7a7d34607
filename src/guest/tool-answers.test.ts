import { expect, test } from 'vitest';
import type { ToldCommand } from '../protocol/manifest.ts';
import { createToolAnswers, unknownTool } from './tool-answers.ts';

const told = (name: string, ...positional: string[]): ToldCommand => ({
  name,
  summary: '',
  effect: 'read',
  positional,
});
const COMMANDS = [told('keys list'), told('keys get', 'id'), told('whoami')];
const TOOLS = ['bash', 'read'];

test.each([
  ['keys_list', {}, 'seed keys list'],
  ['seed_keys_list', {}, 'seed keys list'],
  ['seed keys list', {}, 'seed keys list'],
  ['seed keys get 7', { id: '7' }, 'seed keys get 7'],
  ['seed-keys-list', {}, 'seed keys list'],
  ['functions.keysList', {}, 'seed keys list'],
  [
    'keys list',
    { limit: 5, sortBy: 'last used', filter: { a: 1 } },
    "seed keys list --limit 5 --sort-by 'last used'",
  ],
  ['keys_get', { id: 'k 1; rm' }, "seed keys get 'k 1; rm'"],
  ['keys_get', {}, 'seed keys get <id>'],
  ['seed_whoami', {}, 'seed whoami'],
  ['seed', { command: 'seed keys get abc --json' }, 'seed keys get abc --json'],
  ['seed', { args: ['keys', 'list'] }, 'seed keys list'],
  ['seed', { noun: 'cheese' }, 'seed --help'],
  ['seed', {}, 'seed --help'],
])('a call of %s %j is told the command line', (tool, input, line) => {
  expect(unknownTool({ tool, input }, TOOLS, COMMANDS)).toBe(
    `There is no tool "${tool}": run \`${line}\` with bash.`,
  );
});

test('a call of any other tool is told which there are', () => {
  expect(unknownTool({ tool: 'date', input: {} }, TOOLS, COMMANDS)).toBe(
    'There is no tool "date". The tools are: bash, read. Commands run with bash.',
  );
  const hostile = unknownTool({ tool: `x\n${'y'.repeat(1_000)}`, input: {} }, TOOLS, COMMANDS);
  expect(hostile.length).toBeLessThan(200);
  expect(hostile).not.toContain('\n');
});

test('the third same call in a row with the same output is told so, and nothing is withheld', () => {
  const answers = createToolAnswers(TOOLS, COMMANDS);
  let id = 0;
  const call = (command: string, output: string, sameness?: string) => {
    id += 1;
    answers.called(`c${id}`, { tool: 'bash', input: { command } });
    const answer = answers.answer(`c${id}`, output, { sameness });
    // The agent gets what the transcript has, and its own text stays where nothing is added.
    expect(answers.told(`c${id}`)).toBe(answer === output ? null : answer);
    expect(answers.told(`c${id}`)).toBeNull();
    return answer;
  };
  expect(call('poll', 'running')).toBe('running');
  expect(call('poll', 'running')).toBe('running');
  expect(call('poll', 'running')).toMatch(/^running\n\n\[The same call has now brought the same output 3 times/);
  expect(call('poll', 'running')).toContain('4 times');
  expect(call('poll', 'done')).toBe('done');
  expect(call('poll', 'done')).toBe('done');
  expect(call('other', 'done')).toBe('done');
  expect(call('poll', 'done')).toBe('done');
  // What is shown may differ, such as by a file's name, where the output is the same.
  expect(call('big', 'in file 1', 'digest')).toBe('in file 1');
  expect(call('big', 'in file 2', 'digest')).toBe('in file 2');
  expect(call('big', 'in file 3', 'digest')).toMatch(/^in file 3\n\n\[The same call/);
});

test('calls that run side by side are each answered for their own', () => {
  const answers = createToolAnswers(TOOLS, COMMANDS);
  answers.called('a', { tool: 'keys_list', input: {} });
  answers.called('b', { tool: 'bash', input: { command: 'ls' } });
  expect(answers.answer('b', 'file')).toBe('file');
  expect(answers.answer('a', 'Tool keys_list not found')).toContain('run `seed keys list` with bash');
  expect(answers.told('b')).toBeNull();
  expect(answers.told('a')).toContain('run `seed keys list` with bash');
});

test('an agent that has bash alone is told with each answer to go on or answer; the transcript has the output alone', () => {
  const answers = createToolAnswers(['bash'], COMMANDS);
  answers.called('a', { tool: 'bash', input: { command: 'date' } });
  expect(answers.answer('a', 'today\n')).toBe('today\n');
  expect(answers.told('a')).toMatch(/^today\n\nThat command is done\. When .* answer now in plain text\.$/);
  expect(answers.told('a')).toBeNull();
  answers.called('b', { tool: 'bash', input: { command: 'dates' } });
  answers.answer('b', 'not found', { isError: true });
  expect(answers.told('b')).toMatch(/^not found\n\nThat command failed\. /);
  answers.called('c', { tool: 'bash', input: { command: 'grep -i order note.txt' } });
  answers.answer('c', 'Command exited with code 1', { isError: true });
  expect(answers.told('c')).toMatch(
    /^Command exited with code 1\n\nThat command failed and printed nothing\. .*`cat`/,
  );
});

test('an agent that pipes text into jq is told how to get JSON', () => {
  const answers = createToolAnswers(TOOLS, COMMANDS);
  const misread = 'jq: parse error: Invalid numeric literal at line 1, column 3\n\n\nCommand exited with code 5';
  const answerTo = (command: string, text = misread) => {
    answers.called('a', { tool: 'bash', input: { command } });
    return answers.answer('a', text, { isError: true });
  };
  expect(answerTo('seed contacts get acme | jq .email')).toBe(
    `${misread}\n\n[jq reads JSON, and this printed text: run \`seed contacts get acme\` alone, or with --json before jq.]`,
  );
  expect(answerTo('seed contacts get acme --json | jq .[')).toBe(misread);
  expect(answerTo('seed contacts get acme | jq .email', 'not found')).toBe('not found');
  expect(answerTo('cat notes.txt | jq .email')).toBe(misread);
});

test('a switch is written without a value', () => {
  const tools = { tool: 'keys list', input: { expired: true, revoked: false, owner: 'me' } };
  expect(unknownTool(tools, TOOLS, COMMANDS)).toContain('run `seed keys list --expired --no-revoked --owner me`');
});
