// `models test`: a model is asked once to call a tool, and what works is said and kept; `models list` shows it.

import { randomUUID } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { llmSettings } from '../fixtures/llm-settings.ts';
import {
  answer,
  type Behaviour,
  chunk,
  DONE,
  type LlmUpstream,
  startLlmUpstream,
  stream,
  usageChunk,
} from '../fixtures/llm-upstream.ts';
import { startTestServer, type TestServer } from '../fixtures/server.ts';
import { expectSumsToAgree } from '../fixtures/sums.ts';

const modelsFile = join(tmpdir(), `seed-models-${randomUUID()}.json`);
let aheadMs = 0;
const clock = { now: () => new Date(Date.now() + aheadMs) };
let upstream: LlmUpstream;
let server: TestServer;
beforeAll(async () => {
  upstream = await startLlmUpstream();
  upstream.tell({
    '/v1/models': {
      data: [
        { id: 'listed', max_model_len: 8192 },
        { id: 'tiny-1.5b', max_model_len: 4096 },
      ],
    },
  });
  const models = {
    'set-*': { contextTokens: 1000, price: { input: 1, output: 2 }, sampling: { temperature: 0.5 } },
  };
  await writeFile(modelsFile, JSON.stringify({ models }));
  const llm = llmSettings({ baseUrl: upstream.baseUrl, defaultModels: ['listed', 'tiny-1.5b'] });
  server = await startTestServer({ llm, modelsFile }, undefined, clock);
});
afterAll(async () => {
  await server?.stop();
  await upstream?.close();
  await rm(modelsFile, { force: true });
});
beforeEach(() => {
  upstream.requests.length = 0;
});

const testOf = (model: string, key?: string) =>
  server.call('POST', '/api/v1/models/test', { body: { model }, ...(key !== undefined && { key }) });

let tested = 0;
/** Each with a model of its own and, so that none waits for another, with a new account. */
async function testWith(behaviour: Behaviour, name = `m${tested}`) {
  tested += 1;
  upstream.behave(behaviour);
  const account = await server.call('POST', '/api/v1/accounts', { body: { name: `for ${tested}` } });
  return testOf(name, account.body.secret);
}

const callEvents = (call: object, finish: string | null = null) =>
  `data: ${JSON.stringify({ choices: [{ index: 0, delta: { tool_calls: [call] }, finish_reason: finish }] })}\n\n`;
const nativeCall = stream(
  callEvents({ index: 0, id: 'call_1', type: 'function', function: { name: 'bash', arguments: '' } }) +
    callEvents({ index: 0, function: { arguments: '{"command":"date -u"}' } }, 'tool_calls') +
    usageChunk() +
    DONE,
);

const FENCE = '```json\n{"name": "bash", "arguments": {"command": "date -u"}}\n```';

describe('what it says', () => {
  it('of native calls in a stream that tells its usage', async () => {
    const { status, body } = await testWith(nativeCall);
    expect(status).toBe(200);
    expect(body.test).toMatchObject({
      answered: true,
      toolCalls: 'native',
      streaming: true,
      usage: 'told',
      reasoning: false,
      contextTokens: 128_000,
      contextFrom: 'usual',
      error: null,
    });
    expect(body.test.firstPartMs).toBeLessThanOrEqual(body.test.durationMs);
    expect(body.test.says).toMatch(/native.*streaming: yes.*told by the upstream.*128,000/s);
    expect(upstream.requests).toHaveLength(1);
    const [{ body: sent }] = upstream.requests as [LlmUpstream['requests'][number]];
    expect(sent).toMatchObject({ stream: true, max_tokens: 1024, tools: [{ function: { name: 'bash' } }] });
  });

  it('of a model that only talks, in one piece and without usage, after it has thought', async () => {
    const message = { role: 'assistant', content: 'It is late.', reasoning_content: 'Hm.' };
    const body = { choices: [{ index: 0, message, finish_reason: 'stop' }] };
    const { body: said } = await testWith(answer(200, JSON.stringify(body)));
    expect(said.test).toMatchObject({
      answered: true,
      toolCalls: 'none',
      streaming: false,
      usage: 'estimated',
      reasoning: true,
      said: 'It is late.',
    });
    expect(said.test.says).toMatch(/none came.*in one piece.*estimated.*thought first/s);
  });

  it('of a model that fails: the upstream’s own reason', async () => {
    const { status, body } = await testWith(answer(400, '{"error":{"message":"this model takes no tools"}}'));
    expect(status).toBe(200);
    expect(body.test).toMatchObject({ answered: false, toolCalls: null, streaming: null, usage: null });
    expect(body.test.error.message).toContain('this model takes no tools');
    expect(body.test.says).toContain('this model takes no tools');
  });

  it('of an answer that breaks off', async () => {
    const broken = stream(`${chunk('Hello')}data: {"error":{"message":"out of memory"}}\n\n`);
    const { body } = await testWith(broken);
    expect(body.test).toMatchObject({ answered: false, error: { code: 'llm_unavailable' } });
    expect(body.test.error.message).toContain('out of memory');
  });

  it('of a model that its server still loads: it waits for it', async () => {
    const loading = answer(503, '{"error":{"message":"Loading model"}}', { 'retry-after': '1' });
    let asked = 0;
    const { body } = await testWith((...request) => (asked++ === 0 ? loading : nativeCall)(...request));
    expect(body.test).toMatchObject({ answered: true, toolCalls: 'native' });
    expect(upstream.requests).toHaveLength(2);
  });

  it('of calls written as text: from then on they are recovered, on every server', async () => {
    const name = 'writes/text:1.5b';
    const other = await server.sibling();
    const { secret } = await server.newKey(['tasks:*'], { allowedModels: [name] });
    const known = async () => (await other.call('GET', '/api/v1/models', { key: secret })).body.items[0];
    expect(await known()).toMatchObject({ name, toolCalls: 'native', sources: { toolCalls: 'usual' } });
    const { body } = await testWith(stream(chunk(FENCE, 'stop') + DONE), name);
    expect(body.test).toMatchObject({ answered: true, toolCalls: 'text', said: null });
    await expect.poll(known).toMatchObject({ name, toolCalls: 'text', sources: { toolCalls: 'test' } });
    await other.stop();

    await server.call('POST', '/api/v1/tasks/run', { body: { instruction: 'hi', model: name }, key: secret });
    const lease = await server.runner().lease();
    expect(lease.model).toBe(name);
    const parameters = { type: 'object', properties: { command: { type: 'string' } }, required: ['command'] };
    const answered = await server.call('POST', '/llm/v1/chat/completions', {
      key: lease.taskKey,
      body: {
        model: name,
        messages: [{ role: 'user', content: 'What time is it?' }],
        tools: [{ type: 'function', function: { name: 'bash', description: 'a shell', parameters } }],
      },
    });
    const [choice] = answered.body.choices;
    expect(choice.finish_reason).toBe('tool_calls');
    expect(JSON.parse(choice.message.tool_calls[0].function.arguments)).toEqual({ command: 'date -u' });
  });
});

describe('what was found out', () => {
  it('is shown by the list, with the sources of all that is known', async () => {
    upstream.behave(nativeCall);
    expect((await testOf('listed')).status).toBe(200);
    const { body } = await server.call('GET', '/api/v1/models');
    const [listed, tiny] = body.items;
    expect(listed).toMatchObject({
      name: 'listed',
      contextTokens: 8192,
      outputTokens: 4096,
      tools: 'all',
      toolCalls: 'native',
      price: null,
      sources: { contextTokens: 'upstream', toolCalls: 'test', tools: 'usual' },
      test: { model: 'listed', answered: true, toolCalls: 'native' },
    });
    expect(tiny).toMatchObject({
      tools: 'bash',
      temperature: 0.2,
      sources: { tools: 'size', temperature: 'size' },
      test: null,
    });
  });

  it('stays when a later test fails', async () => {
    const name = 'fails-later';
    await testWith(nativeCall, name);
    const key = await server.newKey(['tasks:*'], { allowedModels: [name] });
    const list = async () => (await server.call('GET', '/api/v1/models', { key: key.secret })).body.items[0];
    expect(await list()).toMatchObject({ sources: { toolCalls: 'test' }, test: { answered: true } });
    aheadMs += 11_000;
    expect((await testWith(answer(400, '{"error":{"message":"no"}}'), name)).status).toBe(200);
    expect(await list()).toMatchObject({
      toolCalls: 'native',
      sources: { toolCalls: 'test' },
      test: { answered: false },
    });
  });
});

describe('what it costs', () => {
  it('is a call of the key, at the price of the settings, and counts for its limits', async () => {
    upstream.behave(nativeCall);
    const limited = await server.newKey(['tasks:*'], { spendPerDay: 0.00002 });
    const first = await testOf('set-one', limited.secret);
    expect(first.body.test).toMatchObject({ contextTokens: 1000, contextFrom: 'settings' });
    expect(upstream.requests.at(-1)?.body).toMatchObject({ temperature: 0.5 });
    // 11 tokens in and 7 out, at one and two dollars a million: 25 millionths, more than the key may spend.
    const second = await testOf('set-two', limited.secret);
    expect([second.status, second.body.error.code]).toEqual([429, 'spend_limit_reached']);
    const { body } = await server.call('GET', '/api/v1/obs/costs?by=model&since=24h');
    expect(body.items.find((row: { group: string }) => row.group === 'set-one')).toMatchObject({ modelCalls: 1 });
  });

  it('is refused to a key with a limit in US dollars when nobody knows the price', async () => {
    const limited = await server.newKey(['tasks:*'], { spendPerDay: 1 });
    const { status, body } = await testOf('dear', limited.secret);
    expect([status, body.error.code]).toEqual([400, 'unpriced_model']);
    expect(upstream.requests).toHaveLength(0);
  });

  it('is bounded: one test of a model in ten seconds, and some a minute by one account', async () => {
    upstream.behave(nativeCall);
    const account = await server.call('POST', '/api/v1/accounts', { body: { name: 'eager' } });
    const key = account.body.secret;
    const post = (model: string) => testOf(model, key);
    expect((await post('eager-0')).status).toBe(200);
    const again = await post('eager-0');
    expect([again.status, again.body.error.code]).toEqual([429, 'too_many_requests']);
    expect(again.headers.get('retry-after')).toBe('10');
    for (let index = 1; index < 10; index += 1) expect((await post(`eager-${index}`)).status).toBe(200);
    expect((await post('eager-10')).body.error.code).toBe('too_many_requests');
  });
});

describe('who may', () => {
  it('only whoever may start tasks, of models that the key allows', async () => {
    const reader = await server.newKey(['tasks:read']);
    const refused = await testOf('m', reader.secret);
    expect(refused.body.error.code).toBe('missing_scope');
    const narrow = await server.newKey(['tasks:*'], { allowedModels: ['other'] });
    const wrong = await testOf('m', narrow.secret);
    expect(wrong.body.error.code).toBe('model_not_allowed');
    const online = await testOf('m:online');
    expect(online.body.error.code).toBe('unknown_model');
    expect(upstream.requests).toHaveLength(0);
  });

  it('a task’s own test counts for the task', async () => {
    upstream.behave(nativeCall);
    const posted = await server.call('POST', '/api/v1/tasks/run', {
      body: { instruction: 'hi', scopes: ['tasks:write'], model: 'listed' },
    });
    const lease = await server.runner().lease();
    expect(lease.taskId).toBe(posted.body.task.id);
    expect(lease.modelTraits).toEqual({ contextTokens: 8192, outputTokens: 4096, reasoning: false, tools: 'all' });
    const { status } = await testOf('by-a-task', lease.taskKey);
    expect(status).toBe(200);
    const { body } = await server.call('GET', `/api/v1/tasks/${lease.taskId}`);
    expect(body.task).toMatchObject({ inputTokens: 11, outputTokens: 7 });
    await expectSumsToAgree(server.databaseUrl);
  });
});

it('`scripted` can be tested, too', async () => {
  const { body } = await testOf('scripted');
  expect(body.test).toMatchObject({ answered: true, toolCalls: 'native', streaming: true, usage: 'told' });
});
