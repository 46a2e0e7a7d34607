// What the guest makes of models: those that call what is not there, repeat themselves, end without an answer, are
// refused, or have little room. The real guest and Pi, against a server that plays Seed.
import { readFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { CLOSING, FAILED } from '../../src/guest/tool-answers.ts';
import { USUAL_TRAITS } from '../../src/protocol/model.ts';
import { type RunnerSetUp, startFakeRunner } from '../fixtures/fake-runner.ts';
import { type Answer, calls, type FakeServer, json, runs, says, sse } from '../fixtures/fake-server.ts';
import { createProcessDriver, type ProcessDriver } from '../fixtures/process-driver.ts';

let driver: ProcessDriver;
let server: FakeServer;
let settled: RunnerSetUp['settled'];
let stop: RunnerSetUp['stop'];

beforeAll(async () => {
  driver = await createProcessDriver();
});
afterAll(() => driver.remove());
beforeEach(async () => {
  ({ server, settled, stop } = await startFakeRunner(driver, { drainMs: 100 }));
});
afterEach(() => stop());

interface Request {
  messages: { role: string; content: unknown }[];
  tools?: { function: { name: string } }[];
  max_tokens: number;
}

const requests = (): Request[] =>
  server.seen.filter(({ url }) => url === '/llm/v1/chat/completions').map(({ body }) => JSON.parse(body));

const textOf = (content: unknown): string =>
  typeof content === 'string' ? content : (content as { text: string }[]).map(({ text }) => text).join('');

/** What the last request says that the tools said. */
const toolTexts = () =>
  (requests().at(-1)?.messages ?? []).filter(({ role }) => role === 'tool').map(({ content }) => textOf(content));
const toolResults = () => server.events.flatMap((event) => (event.type === 'tool_result' ? [event.output] : []));

async function run(llm: Answer[], traits: Partial<typeof USUAL_TRAITS> = {}, instruction = 'do it') {
  server.llm = llm;
  const { taskId } = server.queue({ instruction, modelTraits: { ...USUAL_TRAITS, ...traits } });
  return settled(taskId);
}

/** A stream of the deltas, with how it ended. */
const streams =
  (
    deltas: object[],
    finish: string,
    usage = { prompt_tokens: 10, completion_tokens: 3, total_tokens: 13 },
  ): Answer =>
  (_request, response) => {
    const head = { id: 'c', object: 'chat.completion.chunk', created: 0, model: 'test-model' };
    const chunk = (delta: object, reason: string | null) => ({
      ...head,
      choices: [{ index: 0, delta, finish_reason: reason }],
    });
    const parts = deltas.map((delta) => chunk(delta, null));
    sse(response, [...parts, chunk({}, finish), { ...head, choices: [], usage }]);
  };

test('a small model is offered bash alone; what it calls by a name that is no tool is told how', async () => {
  const settlement = await run(
    [
      calls({ tool: 'keys_list', input: { limit: 3 } }, { tool: 'read', input: { path: 'x' } }),
      calls({ tool: 'seed', input: { command: 'keys list' } }),
      runs('seed /api/v1/keys'),
      says('one key'),
    ],
    { tools: 'bash' },
  );
  expect(settlement).toMatchObject({ outcome: 'completed', stdout: 'one key' });
  expect(requests()[0]?.tools?.map((tool) => tool.function.name)).toEqual(['bash']);
  const told = [
    'There is no tool "keys_list": run `seed keys list --limit 3` with bash.',
    'There is no tool "read". The tools are: bash. Commands run with bash.',
    'There is no tool "seed": run `seed keys list` with bash.',
    '200 {"ok":true}',
  ];
  const closing = [FAILED, FAILED, FAILED, CLOSING];
  expect(toolTexts()).toEqual(told.map((text, index) => `${text}\n\n${closing[index]}`));
  // The transcript says the same, without what only closes it.
  expect(toolResults()).toEqual(told);
});

test('a command that is written as if it were a tool is no answer: told so once, the model may call it', async () => {
  const written = '```json\n{"name": "keys list", "arguments": {"limit": 3}}\n```';
  const settlement = await run([says(written), runs('echo ran'), says('one key')]);
  expect(settlement).toMatchObject({ outcome: 'completed', stdout: 'one key' });
  expect(toolTexts()).toEqual(['ran\n']);
  expect(textOf(requests()[1]?.messages.at(-1)?.content)).toContain('named a command as if it were a tool');
});

test('a command that is written so twice is told as unreadable; what only looks alike is an answer', async () => {
  const written = '{"name": "seed_keys_list", "arguments": {}}';
  expect(await run([says(written), says(written)])).toMatchObject({
    outcome: 'failed',
    stdout: null,
    error: { code: 'tool_call_unreadable' },
  });
  // Where something was run in between it is told once more.
  const between = [says(written), runs('echo ran'), says(written), runs('echo again'), says('one key')];
  expect(await run(between)).toMatchObject({ outcome: 'completed', stdout: 'one key' });
  const on = [says(written), runs('echo ran'), says(written), runs('echo again'), says(written)];
  expect(await run(on)).toMatchObject({ outcome: 'failed', error: { code: 'tool_call_unreadable' } });
  // Also one that the task may not call: it is told so where it calls it.
  const notIts = '{"name": "seed keys revoke", "arguments": {"id": "ci"}}';
  expect(await run([says(notIts), says('I may not.')])).toMatchObject({ stdout: 'I may not.' });
  const other = '{"name": "monkeys list", "arguments": {}}';
  expect(await run([says(other)])).toMatchObject({ outcome: 'completed', stdout: other });
});

test('of a call whose JSON cannot be read it is told what is wrong with it', async () => {
  const broken = '```json\n{"name":"bash","arguments":{"command":"rg "order" note.txt"}}\n```';
  const settlement = await run([says(broken), runs('echo ran'), says('one order')], { tools: 'bash' });
  expect(settlement).toMatchObject({ outcome: 'completed', stdout: 'one order' });
  expect(textOf(requests()[1]?.messages.at(-1)?.content)).toContain("single quotes (') inside the command");
});

test('inputs are taken as they were meant; a timeout of nothing is none', async () => {
  const waits = (timeout: unknown) =>
    calls({ tool: 'bash', input: { command: 'sleep 0.2; echo waited', timeout } as object });
  await run([waits(0), waits(-1), waits(null), waits('30'), waits(0.01), says('waited')]);
  const [zero, less, nothing, words, short] = toolTexts();
  expect([zero, less, nothing, words]).toEqual([
    'waited\n',
    'waited\n',
    expect.stringMatching(/^waited\n/),
    expect.anything(),
  ]);
  expect(words).toMatch(/^waited\n/);
  expect(short).toBe('Command timed out after 0.01 seconds');
});

test('the third same call in a row with the same output has it, and a note', async () => {
  await run([runs('echo same'), runs('echo same'), runs('echo same'), says('stuck')]);
  const [first, second, third] = toolTexts();
  expect([first, second]).toEqual(['same\n', 'same\n']);
  expect(third).toMatch(/^same\n\n\n\[The same call has now brought the same output 3 times in a row/);
  expect(toolResults().at(-1)).toBe(third);
});

test.each([
  ['nothing', streams([{ content: '' }], 'stop'), 'its last message was empty'],
  ['blanks', streams([{ content: ' \n' }], 'stop'), 'its last message was empty'],
  ['reasoning only', streams([{ reasoning_content: 'hm' }], 'stop'), 'it only thought'],
  ['a refusal', streams([{ refusal: 'I will ' }, { refusal: 'not.' }], 'stop'), 'it refused: I will not.'],
  [
    'no room',
    streams([{ reasoning_content: 'hm' }], 'length', {
      prompt_tokens: 9,
      completion_tokens: 16_384,
      total_tokens: 16_393,
    }),
    'it reached its limit of output tokens before',
  ],
  ['a filter', streams([{ content: 'To make' }], 'content_filter'), "its service's content filter withheld it"],
])('an answer of %s after a command is no answer, and is said so', async (_what, answer, why) => {
  const settlement = await run([runs('echo found'), answer]);
  const message = `the model gave no answer: ${why}`;
  expect(settlement).toMatchObject({ outcome: 'failed', exitCode: 1, error: { code: 'no_answer', message } });
  expect(settlement?.stderr).toContain(message);
  expect(settlement?.stdout ?? '').not.toContain('found');
  expect(requests().length).toBe(2);
});

const refuses =
  (status: number, code: string): Answer =>
  (_request, response) =>
    json(response, status, { error: { code, message: `why 503 ${code}`, hint: null, requestId: null } });
const breaksOff =
  (code: string): Answer =>
  (_request, response) =>
    sse(response, [
      { choices: [{ index: 0, delta: { content: 'half' } }] },
      { error: { code, message: `why ${code}` } },
    ]);

test.each([
  ['a refusal for good', refuses(400, 'llm_refused'), 'llm_refused', 1],
  ['a refusal for good, inside a stream', breaksOff('llm_refused'), 'llm_refused', 1],
  ['a model that is not served', refuses(404, 'unknown_model'), 'llm_unavailable', 1],
  ['a conversation that is too long', refuses(400, 'context_too_long'), 'context_too_long', 1],
  ['an upstream that is away', refuses(502, 'llm_unavailable'), 'llm_unavailable', 3],
  ['an upstream that breaks off', breaksOff('llm_unavailable'), 'llm_unavailable', 3],
])('%s is told as it is, and asked no more than may help', async (_what, answer, code, asked) => {
  const settlement = await run([answer]);
  expect(settlement).toMatchObject({ outcome: 'failed', error: { code } });
  expect(settlement?.error?.message).toMatch(/^the LLM failed: why /);
  expect(requests().length).toBe(asked);
});

test('an output is shown in part where the context is small; all of it is in a file of the agent', async () => {
  await run([runs('seq 1 5000'), runs('wc -l < ~/output-1.txt; stat -c %U ~/output-1.txt'), says('counted')], {
    contextTokens: 16_384,
  });
  const [long = '', count = ''] = toolTexts();
  expect(Buffer.byteLength(long)).toBeLessThan(6_553 + 200);
  expect(long).toMatch(/^1\n2\n/);
  expect(long).toMatch(/\n4999\n5000\n$/);
  expect(long).toMatch(
    /\[… lines \d+ to \d+ of 5000 left out; all are in \S+\/output-1\.txt: grep in it, or sed -n /,
  );
  const [lines, owner] = count.split('\n');
  expect(lines).toBe('5000');
  const passwd = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((line) => line.split(':')[2] === '1000');
  if (process.getuid?.() === 0) expect(owner).toBe(passwd?.split(':')[0] ?? 'UNKNOWN');
});

test('a file is shown in part where the context is small, with where to go on', async () => {
  const read = (offset?: number) => calls({ tool: 'read', input: { path: 'numbers', ...(offset && { offset }) } });
  await run([runs('seq 1 5000 > numbers'), read(), read(1_000), says('read')], { contextTokens: 16_384 });
  const [, first = '', second = ''] = toolTexts();
  const [, next] = /go on with offset (\d+)/.exec(first) ?? [];
  expect(first).toContain(`\n${Number(next) - 1}\n[…`);
  expect(second.startsWith('1000\n1001\n')).toBe(true);
  expect(Number(/go on with offset (\d+)/.exec(second)?.[1])).toBeGreaterThan(2_000);
});

const HOW_TO =
  'You can count them with this command:\n\n```sh\nseed keys list | wc -l\n```\n\nIt prints the number.';

test('a small model that tells how to do it is told once that nothing was run', async () => {
  const settlement = await run([says(HOW_TO), runs('echo ran'), says('one key')], { tools: 'bash' });
  expect(settlement).toMatchObject({ outcome: 'completed', stdout: 'one key' });
  expect(settlement?.stderr).toContain('the model only told which command to run');
  // In the form in which it is to call, and without its command, which else would count as an echo.
  const told = requests()
    .flatMap(({ messages }) => messages.map((message) => JSON.stringify(message)))
    .find((message) => message.includes('Nothing has been run'));
  expect(told).toContain(JSON.stringify('{"name":"bash","arguments":{"command":"<command>"}}').slice(1, -1));
  expect(told).not.toContain('keys list');
  // Who wants to be told how gets it all the same, and a larger model is not asked.
  expect(await run([says(HOW_TO), says(HOW_TO)], { tools: 'bash' })).toMatchObject({
    outcome: 'completed',
    stdout: HOW_TO,
  });
  const asked = requests().length;
  expect(await run([says(HOW_TO)])).toMatchObject({ outcome: 'completed', stdout: HOW_TO, stderr: null });
  expect(requests().length).toBe(asked + 1);
});

test('a small model that says nothing after a command is asked once more', async () => {
  const settlement = await run([runs('exit 3'), says(''), says('it failed')], { tools: 'bash' });
  expect(settlement).toMatchObject({ outcome: 'completed', stdout: 'it failed' });
  expect(JSON.stringify(requests().at(-1)?.messages.at(-1))).toContain('the command before it failed');
  // Also one that was told of something else before.
  const called = [says('{"name": "keys list", "arguments": {}}'), runs('echo ran'), says(''), says('ran')];
  expect(await run(called, { tools: 'bash' })).toMatchObject({ outcome: 'completed', stdout: 'ran' });
  expect(await run([runs('echo ran'), says(''), says('')], { tools: 'bash' })).toMatchObject({
    outcome: 'failed',
    error: { code: 'no_answer' },
  });
});

const prints = (letter: string) => runs(`head -c 1900 /dev/zero | tr '\\0' ${letter}; echo`);
const SMALL = { contextTokens: 4_000, outputTokens: 500 };
const FULL = { prompt_tokens: 3_500, completion_tokens: 20, total_tokens: 3_520 };
/** Calls a command, by when the context is full. */
const fills = streams(
  [
    {
      tool_calls: [
        {
          index: 0,
          id: 'last',
          type: 'function',
          function: { name: 'bash', arguments: '{"command":"echo last"}' },
        },
      ],
    },
  ],
  'tool_calls',
  FULL,
);

test('a conversation that fills the context is summarised by the model, and goes on', async () => {
  const settlement = await run(
    [...['a', 'b', 'c', 'd'].map(prints), fills, says('SUMMARY: letters were printed'), says('all is done')],
    SMALL,
    'print a lot',
  );
  expect(settlement).toMatchObject({ outcome: 'completed', stdout: 'all is done' });
  expect(settlement?.stderr).toMatch(
    /^the conversation came near the model's context: \d+ tokens were summarised$/,
  );
  expect(requests().length).toBe(7);
  const [summary, last] = requests().slice(-2);
  // Through the same door, with no tool that it could call.
  expect(summary?.tools ?? []).toEqual([]);
  expect(JSON.stringify(summary)).toContain('print a lot');
  const sent = JSON.stringify(last);
  expect(sent).toContain('SUMMARY: letters were printed');
  expect(sent).not.toContain('a'.repeat(50));
  expect(sent).toContain('d'.repeat(50));
  // What the caller asked for is there word for word, whatever the summary says.
  expect(textOf(last?.messages[1]?.content)).toContain('print a lot');
  expect(last?.messages[0]?.role).toBe('system');
  expect(textOf(last?.messages[0]?.content)).toContain('seed keys list');
});

test('a conversation that the model says is too long is summarised once, and the call is made again', async () => {
  const llm = [
    ...['a', 'b', 'c', 'd'].map(prints),
    refuses(400, 'context_too_long'),
    says('SUMMARY'),
    says('done'),
  ];
  expect(await run(llm, SMALL)).toMatchObject({ outcome: 'completed', stdout: 'done' });
  expect(requests().length).toBe(7);
});

test('one that is still too long then ends as that', async () => {
  const tooLong = refuses(400, 'context_too_long');
  const llm = [...['a', 'b', 'c', 'd'].map(prints), tooLong, says('SUMMARY'), tooLong];
  expect(await run(llm, SMALL)).toMatchObject({ outcome: 'failed', error: { code: 'context_too_long' } });
  expect(requests().length).toBe(7);
});

test('a summary that the budget does not allow is told, and the task ends as without it', async () => {
  const llm = [...['a', 'b', 'c', 'd'].map(prints), fills, refuses(402, 'budget_exceeded')];
  const settlement = await run(llm, SMALL);
  expect(settlement).toMatchObject({ outcome: 'failed' });
  expect(settlement?.error?.message).toContain('budget_exceeded');
  expect(settlement?.stderr).toContain('the conversation could not be summarised: why 503 budget_exceeded');
  // The summary before the call and after it, and the call itself: none is repeated.
  expect(requests().length).toBe(5 + 3);
});
