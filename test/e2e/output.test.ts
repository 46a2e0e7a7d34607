// The answer as a value on the real path: real sandbox, real agent, and a local upstream that plays the model.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LIMITS } from '../../src/protocol/limits.ts';
import type { Task } from '../../src/protocol/task.ts';
import { type Play, type Said, startPlayedModel } from '../fixtures/played-model.ts';
import { startSeed, type TestSeed } from '../fixtures/seed.ts';

const SCHEMA = {
  type: 'object',
  properties: { total: { type: 'integer', minimum: 0 }, note: { type: 'string' } },
  required: ['total'],
  additionalProperties: false,
};
/** Known to have bash alone. */
const SMALL = 'qwen2.5-coder:1.5b';

let model: Awaited<ReturnType<typeof startPlayedModel>>;
let seed: TestSeed;

beforeAll(async () => {
  model = await startPlayedModel();
  seed = await startSeed({ SEED_LLM_BASE_URL: model.baseUrl, SEED_LLM_MODEL: 'test/model', SEED_POOL_SIZE: '1' });
});
afterAll(async () => {
  await seed?.remove();
  await model?.close();
});

const finish = (value: unknown, text?: string): Said => ({ text, calls: [{ name: 'finish', input: value }] });
const bash = (command: string): Said => ({ calls: [{ name: 'bash', input: { command } }] });

/** Runs a task whose model says this, one after the other; the last it says again and again. */
async function run(says: readonly Said[], more: object = {}): Promise<Task & Pick<Play, 'asked'>> {
  const { instruction, asked } = model.play(says);
  const task = await seed.runTask({ instruction, output: { schema: SCHEMA }, ...more });
  return Object.assign(task, { asked });
}

const toolsOf = ({ tools = [] }: { tools?: { function: { name: string; parameters: object } }[] }) =>
  tools.map((tool) => tool.function.name);

describe('the tool finish', () => {
  it('has the schema as its parameters, and what it is called with is the answer', async () => {
    const task = await run([bash('echo found 3'), finish({ total: 3 }, 'I found three.')]);
    expect(task).toMatchObject({
      ...{ status: 'completed', exitCode: 0, error: null, stdout: 'I found three.' },
      ...{ output: { total: 3 }, outputAttempts: 1, outputError: null },
    });
    expect(task.asked).toHaveLength(2);
    const tool = task.asked[0]?.tools?.find((one) => one.function.name === 'finish');
    expect(tool?.function.parameters).toEqual(SCHEMA);
    const listed = await seed.call<{ items: Task[] }>('GET', '/api/v1/tasks?limit=1');
    expect(listed.body.items[0]).toMatchObject({ id: task.id, output: { total: 3 }, outputAttempts: 1 });
  });

  it('comes back with what is wrong, and may be mended', async () => {
    const task = await run([finish({ total: '3', more: 1 }), finish({ total: 3 })]);
    expect(task).toMatchObject({
      status: 'completed',
      output: { total: 3 },
      outputAttempts: 2,
      outputError: null,
    });
    const told = JSON.stringify(task.asked[1]?.messages.at(-1));
    expect(told).toContain('Not taken (1 of 5)');
    expect(told).toContain('/total must be integer');
    expect(told).toContain('additional properties');
  });

  it(`is taken ${LIMITS.outputAttempts} times at the most; what was done and said stays`, async () => {
    const task = await run([bash('echo effect > /workspace/out/kept.txt'), finish({ total: -1 }, 'Minus one.')]);
    expect(task).toMatchObject({
      ...{ status: 'failed', error: { code: 'output_invalid' }, stdout: 'Minus one.', output: null },
      ...{ outputAttempts: LIMITS.outputAttempts, outputError: '/total must be >= 0' },
    });
    expect(task.error?.message).toContain('/total must be >= 0');
    expect(task.artifacts.map(({ name }) => name)).toEqual(['kept.txt']);
    expect(task.asked).toHaveLength(1 + LIMITS.outputAttempts);
  });

  it('called twice in one message ends with the first that is taken', async () => {
    const calls = [{ total: -1 }, { total: 1 }, { total: 2 }].map((input) => ({ name: 'finish', input }));
    const task = await run([{ calls }]);
    expect(task).toMatchObject({ status: 'completed', output: { total: 1 }, outputAttempts: 2 });
    expect(task.asked).toHaveLength(1);
  });

  it('beside other calls is not taken, before their results could be read; they are run', async () => {
    const both: Said = {
      calls: [
        { name: 'finish', input: { total: 1 } },
        { name: 'bash', input: { command: 'echo 2' } },
      ],
    };
    const task = await run([both, finish({ total: 2 })]);
    expect(task).toMatchObject({ status: 'completed', output: { total: 2 }, outputAttempts: 2 });
    const told = JSON.stringify(task.asked[1]?.messages);
    expect(told).toContain('it came beside other calls');
    expect(told).toContain('"2');
  });

  it('with a placeholder is asked about once; the same again is meant', async () => {
    const mended = await run([finish({ total: 0, note: 'TODO' }), finish({ total: 7, note: 'Seven.' })]);
    expect(mended).toMatchObject({ status: 'completed', output: { total: 7, note: 'Seven.' }, outputAttempts: 2 });
    const meant = await run([finish({ total: 0, note: 'TODO' })]);
    expect(meant).toMatchObject({ status: 'completed', output: { total: 0, note: 'TODO' }, outputAttempts: 2 });
    const empty = await run([finish({}), finish({ note: 'Here.' })], {
      output: { schema: { type: 'object', properties: { note: { type: 'string' } } } },
    });
    expect(empty).toMatchObject({ status: 'completed', output: { note: 'Here.' }, outputAttempts: 2 });
  });

  it('takes arguments that are a text of JSON; those that are none count', async () => {
    expect(await run([finish(JSON.stringify({ total: 4 }))])).toMatchObject({ output: { total: 4 } });
    const raw: Said = { calls: [{ name: 'finish', input: {}, raw: '{"total": ' }] };
    const task = await run([raw, finish({ total: 5 })]);
    expect(task).toMatchObject({ status: 'completed', output: { total: 5 } });
    const never = await run([raw]);
    expect(never).toMatchObject({ status: 'failed', error: { code: 'output_invalid' } });
    expect(never.asked.length).toBeLessThanOrEqual(LIMITS.outputAttempts + 2);
  });

  it('keeps the order of fields and every sign, and refuses what could only be kept changed', async () => {
    const schema = { type: 'object', properties: { z: {}, a: {} } };
    const odd = { z: '\u202e😀 <b>\n', a: { 'ü/~': [1, 0.1, -2.5e-9, 9007199254740991, null] } };
    const kept = await run([finish(odd)], { output: { schema } });
    expect(JSON.stringify(kept.output)).toBe(JSON.stringify(odd));
    const large: Said = { calls: [{ name: 'finish', input: {}, raw: '{"z": 9007199254740993}' }] };
    const nul = finish({ z: 'a\u0000b' });
    const huge = finish({ z: 'x'.repeat(LIMITS.outputBytes) });
    const task = await run([large, nul, huge, finish({ z: '9007199254740993' })], { output: { schema } });
    expect(task).toMatchObject({ status: 'completed', output: { z: '9007199254740993' }, outputAttempts: 4 });
    const told = JSON.stringify(task.asked.at(-1)?.messages);
    expect(told).toContain('beyond 2^53');
    expect(told).toContain('NUL character');
    expect(told).toContain(`larger than ${LIMITS.outputBytes} bytes`);
  });

  it('never called: one reminder without other tools, then failed, with the text and the effects', async () => {
    const task = await run([bash('echo 1 > /workspace/out/a.txt'), { text: 'It is one.' }]);
    expect(task).toMatchObject({
      ...{ status: 'failed', error: { code: 'output_invalid' }, stdout: 'It is one.', output: null },
      ...{ outputAttempts: 0, outputError: null },
    });
    expect(task.artifacts).toHaveLength(1);
    expect(task.asked.map(toolsOf)).toEqual([
      ['bash', 'read', 'write', 'edit', 'finish'],
      ['bash', 'read', 'write', 'edit', 'finish'],
      ['finish'],
    ]);
    const reminded = await run([{ text: 'It is one.' }, finish({ total: 1 })]);
    expect(reminded).toMatchObject({ status: 'completed', output: { total: 1 }, outputAttempts: 1 });
    expect(reminded.used.calls).toBe(2);
  });

  it('is not there for a task that asks for none', async () => {
    const { instruction, asked } = model.play([{ text: 'Hello.' }]);
    const task = await seed.runTask({ instruction });
    expect(task).toMatchObject({ status: 'completed', stdout: 'Hello.', output: null, outputAttempts: null });
    expect(asked.flatMap(toolsOf)).not.toContain('finish');
  });

  it('counts in the budget: what ends it ends the task, with what was wrong last', async () => {
    const task = await run([finish({ total: -1 })], { budget: { calls: 2 } });
    expect(task).toMatchObject({ status: 'failed', error: { code: 'budget_exceeded' }, outputAttempts: 2 });
    expect(task.outputError).toBe('/total must be >= 0');
  });
});

describe('an upstream that takes less of JSON Schema', () => {
  it('is asked with types and fields alone, and at the last with the schema in words', async () => {
    const schema = {
      type: 'object',
      properties: { code: { $ref: '#/$defs/code' } },
      required: ['code'],
      $defs: { code: { type: 'string', pattern: '^[A-Z]{3}$' } },
    };
    const refusesReferences = (body: string) =>
      body.includes('$ref') ? 'Unknown name "$ref" in function schema' : null;
    const plain = model.play([finish({ code: 'abc' }), finish({ code: 'ABC' })], refusesReferences);
    const task = await seed.runTask({ instruction: plain.instruction, output: { schema } });
    expect(task).toMatchObject({ status: 'completed', output: { code: 'ABC' }, outputAttempts: 2 });
    const shown = plain.asked.at(-1)?.tools?.find((one) => one.function.name === 'finish')?.function.parameters;
    expect(shown).toMatchObject({
      properties: { code: { type: 'string', description: expect.stringContaining('^[A-Z]{3}$') } },
    });

    const takesNone = (body: string) => (body.includes('"code":{') ? 'tools.4.parameters: unsupported' : null);
    const none = model.play([finish({ code: 'XYZ' })], takesNone);
    const last = await seed.runTask({ instruction: none.instruction, output: { schema } });
    expect(last).toMatchObject({ status: 'completed', output: { code: 'XYZ' } });
  });

  it('that refuses for another reason fails as ever', async () => {
    const { instruction } = model.play([finish({ total: 1 })], () => 'tool calls are not for you');
    const task = await seed.runTask({ instruction, output: { schema: SCHEMA } });
    expect(task).toMatchObject({
      status: 'failed',
      error: { code: 'llm_refused' },
      output: null,
      outputAttempts: 0,
    });
  });
});

describe('a model that has bash only', () => {
  const small = { model: SMALL };

  it('answers by seed finish, judged by the same', async () => {
    const task = await run(
      [
        bash(`seed finish --json '{"total": "3"}'`),
        bash(`seed finish --json - <<'EOF'\n{"total": 3, "note": "it's three"}\nEOF`),
      ],
      small,
    );
    expect(task).toMatchObject({
      status: 'completed',
      output: { total: 3, note: "it's three" },
      outputAttempts: 2,
    });
    expect(task.asked.map(toolsOf)).toEqual([['bash'], ['bash']]);
    expect(JSON.stringify(task.asked[0]?.messages[0])).toContain('seed finish --json -');
    expect(JSON.stringify(task.asked[1]?.messages.at(-1))).toContain('/total must be integer');
  });

  it('finds the schema and the commands there, too', async () => {
    const task = await run(
      [bash(`seed finish --help; seed whoami; echo '{"total": 1}' > a.json; seed finish --json @a.json`)],
      small,
    );
    expect(task).toMatchObject({ status: 'completed', output: { total: 1 } });
    const events = await seed.eventsSoFar(task.id);
    const told = JSON.stringify(events.find(({ type }) => type === 'tool_result'));
    expect(told).toContain('additionalProperties');
    expect(told).toContain('the task is done');
  });

  it('is reminded of it, and what it then writes and nothing else is taken', async () => {
    const task = await run([{ text: 'It is three.' }, { text: '```json\n{"total": 3}\n```' }], small);
    expect(task).toMatchObject({ status: 'completed', output: { total: 3 }, outputAttempts: 1 });
    const never = await run([{ text: 'It is three.' }], small);
    expect(never).toMatchObject({ status: 'failed', error: { code: 'output_invalid' }, stdout: 'It is three.' });
    expect(never.asked).toHaveLength(2);
  });
});

describe('scripted', () => {
  it('answers with a block of JSON, or with output that is JSON', async () => {
    const output = { schema: SCHEMA };
    const given = 'Count.\n```bash\necho counted\n```\n```json\n{"total": 9}\n```';
    expect(await seed.runTask({ instruction: given, model: 'scripted', output })).toMatchObject({
      output: { total: 9 },
    });
    const printed = '```bash\necho \'{"total": 8}\'\n```';
    expect(await seed.runTask({ instruction: printed, model: 'scripted', output })).toMatchObject({
      output: { total: 8 },
    });
  });
});
