// The fallback list: another model answers when one cannot, and what that means for whom.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type GatewayServer, startGateway } from '../fixtures/llm-gateway-server.ts';
import { llmSettings } from '../fixtures/llm-settings.ts';
import {
  answer,
  type Behaviour,
  chunk,
  completion,
  DONE,
  hang,
  type LlmUpstream,
  startLlmUpstream,
  startStream,
  stream,
  usageChunk,
} from '../fixtures/llm-upstream.ts';
import { startTestServer, type TestServer } from '../fixtures/server.ts';

const messages = [{ role: 'user' as const, content: 'Say hello' }];
const limits = { answerWithOthersMs: 700, idleMs: 1_500, totalMs: 4_000, retryMs: 1 };

let upstream: LlmUpstream;
let server: GatewayServer;
let byModel: Record<string, Behaviour>;

beforeEach(async () => {
  upstream = await startLlmUpstream();
  byModel = {};
  upstream.behave((response, request) => {
    const asked = String(upstream.requests.at(-1)?.body['model']);
    return (byModel[asked] ?? completion(`${asked} says hello`))(response, request);
  });
  server = await startGateway('a', {
    settings: llmSettings({ baseUrl: upstream.baseUrl, defaultModels: ['a', 'b', 'c'] }),
    limits,
    fallbackModels: ['b', 'c'],
  });
});
afterEach(async () => {
  await server.close();
  await upstream.close();
});

const ask = async () => {
  const { choices } = await server.client.chat.completions.create({ model: 'a', messages });
  return choices[0]?.message.content;
};
const askForStream = async () => {
  let text = '';
  for await (const part of await server.client.chat.completions.create({
    model: 'a',
    messages,
    stream: true,
  })) {
    text += part.choices[0]?.delta.content ?? '';
  }
  return text;
};
const asked = () => upstream.requests.map(({ body }) => body['model']);
const recorded = () => server.recorded.map(({ call }) => [call.askedModel, call.outcome, call.outputTokens]);

describe('the next model is asked', () => {
  it.each<[string, Behaviour, string?]>([
    ['a 500', answer(500, '{}')],
    ['a 429 with a long Retry-After', answer(429, '{}', { 'retry-after': '60' })],
    ['a 402', answer(402, '{"error":{"message":"no credits"}}'), 'llm_refused'],
    ['a 404', answer(404, '{"error":{"message":"No endpoints found"}}'), 'llm_refused'],
    ['a 400 about the model', answer(400, '{"error":{"message":"a is not a valid model ID"}}'), 'llm_refused'],
    ['a broken connection', (response) => void response.destroy()],
    ['silence', hang],
    ['an error with status 200', answer(200, '{"error":{"message":"provider down"}}')],
    ['garbage', answer(200, '<html>')],
  ])('after %s', async (_, behaviour, outcome = 'llm_unavailable') => {
    byModel = { a: behaviour };
    expect(await ask()).toBe('b says hello');
    expect(recorded()).toEqual([
      ['a', outcome, 0],
      ['b', 'ok', 7],
    ]);
  });

  it.each<[string, Behaviour]>([
    ['an error as the first event', stream(`: one moment\n\ndata: {"error":{"message":"no provider"}}\n\n`)],
    ['no event stream', answer(200, '{}')],
    ['a stream that is empty', stream('')],
    ['a stream that never begins', (response) => startStream(response)],
  ])('after %s instead of a stream', async (_, behaviour) => {
    byModel = { a: behaviour, b: stream(chunk('hello', 'stop') + usageChunk() + DONE) };
    expect(await askForStream()).toBe('hello');
    expect(recorded()).toEqual([
      ['a', 'llm_unavailable', 0],
      ['b', 'ok', 7],
    ]);
  });

  it('after signs of life that no answer follows', async () => {
    byModel = {
      a: (response) => {
        startStream(response);
        const timer = setInterval(() => response.write(': thinking\n\n'), 50);
        response.once('close', () => clearInterval(timer));
      },
      b: stream(chunk('hello', 'stop') + usageChunk() + DONE),
    };
    const hasty = await startGateway('a', {
      settings: llmSettings({ baseUrl: upstream.baseUrl, defaultModels: ['a', 'b'] }),
      limits: { ...limits, firstEventWithOthersMs: 400 },
      fallbackModels: ['b'],
    });
    const call = { taskId: 't', model: 'a', fallbackModels: ['b'], signal: new AbortController().signal };
    const answered = await hasty.gateway.chatCompletions({ model: 'a', messages, stream: true }, call);
    expect(await answered.text()).toContain('hello');
    expect(hasty.logged.map(({ message }) => message)).toContain('the LLM upstream sent no event for 0.4 s');
    await hasty.close();
  });

  it('and the one after that, until one answers', async () => {
    byModel = { a: answer(503, ''), b: answer(503, '') };
    expect(await ask()).toBe('c says hello');
    expect(asked()).toEqual(['a', 'a', 'b', 'b', 'c']);
  });

  it('and what the first one used all the same is metered', async () => {
    const usage = { prompt_tokens: 5, completion_tokens: 3, cost: 0.25 };
    byModel = {
      a: answer(200, JSON.stringify({ error: { message: 'filtered' }, usage, model: 'a-2026' })),
      b: completion('hello'),
    };
    expect(await ask()).toBe('hello');
    expect(server.recorded).toMatchObject([
      {
        call: {
          askedModel: 'a',
          answeredModel: 'a-2026',
          inputTokens: 5,
          outputTokens: 3,
          costNanoUsd: 250_000_000,
          costSource: 'upstream',
          outcome: 'llm_unavailable',
        },
      },
      { call: { askedModel: 'b', answeredModel: 'm', outcome: 'ok' } },
    ]);
  });
});

it('each model is reserved for and recorded by itself', async () => {
  const settled: unknown[] = [];
  const bounded = await startGateway('a', {
    settings: llmSettings({ baseUrl: upstream.baseUrl, defaultModels: ['a', 'b'] }),
    reserve: async (_, { model }) => `reserved for ${model}`,
    recordCall: async (_, { askedModel, outcome }, reservation) =>
      void settled.push([askedModel, outcome, reservation]),
    fallbackModels: ['b'],
  });
  byModel = { a: answer(404, '') };
  await bounded.client.chat.completions.create({ model: 'a', messages });
  expect(settled).toEqual([
    ['a', 'llm_refused', 'reserved for a'],
    ['b', 'ok', 'reserved for b'],
  ]);
  await bounded.close();
});

describe('no other model is asked', () => {
  it.each([
    [400, 'the prompt is too long'],
    [401, 'bad key'],
    [413, 'too large'],
  ])('after a %i, which any would answer: %s', async (status, message) => {
    byModel = { a: answer(status, JSON.stringify({ error: { message } })) };
    await expect(ask()).rejects.toThrow(message);
    expect(asked()).toEqual(['a']);
  });

  it('once the answer has begun; but the next call goes to the next one', async () => {
    byModel = { a: stream(chunk('half an ')), b: stream(chunk('answer', 'stop') + DONE) };
    await expect(askForStream()).rejects.toThrow(/in the middle/);
    expect(await askForStream()).toBe('answer');
    expect(asked()).toEqual(['a', 'b']);
  });

  it('when the caller is gone', async () => {
    const caller = new AbortController();
    byModel = { a: () => caller.abort() };
    const call = { taskId: 't', model: 'a', fallbackModels: ['b'], signal: caller.signal };
    const answered = server.gateway.chatCompletions({ model: 'a', messages }, call);
    await expect(answered).rejects.toMatchObject({ code: 'unavailable' });
    expect(asked()).toEqual(['a']);
    expect(recorded()).toEqual([['a', 'cancelled', 0]]);
  });

  it('when the time for the whole call is over', async () => {
    byModel = {
      a: (response) => {
        startStream(response);
        const timer = setInterval(() => response.write(': thinking\n\n'), 50);
        response.once('close', () => clearInterval(timer));
      },
    };
    await expect(askForStream()).rejects.toThrow(/longer than 4 s/);
    expect(asked()).toEqual(['a']);
  });
});

it('says what each of them said when none answers', async () => {
  byModel = {
    a: answer(429, '{"error":{"message":"slow down"}}', { 'retry-after': '90' }),
    b: answer(429, '{}', { 'retry-after': '40' }),
    c: answer(503, 'busy'),
  };
  const response = await fetch(`${server.url}/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'a', messages }),
  });
  const { error } = (await response.json()) as { error: { code: string; message: string } };
  expect([response.status, error.code]).toEqual([502, 'llm_unavailable']);
  expect(error.message).toMatch(/^a: .*429: slow down; b: .*429: \{\}; c: .*503: busy$/);
});

describe('a model that failed', () => {
  const waitText =
    /^the model a cannot answer yet, and is asked again in 1 s: the LLM upstream answered 429: slow down$/;

  it('is waited for, which its task tells; and the list of models tells how it is', async () => {
    const seed = await startTestServer({
      llm: llmSettings({ baseUrl: upstream.baseUrl, defaultModels: ['a', 'b'] }),
    });
    try {
      const runner = seed.runner();
      await runner.appear();
      const run = { body: { instruction: 'x', model: 'a' } };
      const { id } = (await seed.call('POST', '/api/v1/tasks/run', run)).body.task;
      const lease = await runner.lease();
      let asked = 0;
      byModel = {
        a: (...call) => {
          asked += 1;
          const busy = answer(429, '{"error":{"message":"slow down"}}', { 'retry-after': '1' });
          return (asked === 1 ? busy : completion('a says hello'))(...call);
        },
      };
      const chat = () =>
        seed.call('POST', '/llm/v1/chat/completions', { key: lease.taskKey, body: { model: 'a', messages } });
      expect((await chat()).body.choices[0].message.content).toBe('a says hello');
      const health = async (name: string) => {
        const { body } = await seed.call('GET', '/api/v1/models');
        return body.items.find((model: { name: string }) => model.name === name).health;
      };
      expect(await health('a')).toEqual({ state: 'ok', restSeconds: 0, reason: null });
      byModel = { a: answer(500, 'boom') };
      expect((await chat()).body.error.code).toBe('llm_unavailable');
      expect(await health('a')).toEqual({ state: 'resting', restSeconds: 15, reason: 'answered 500' });
      expect((await health('b')).state).toBe('ok');
      byModel = {};
      await chat();
      expect((await health('a')).state).toBe('ok');

      await seed.call('POST', `/api/v1/tasks/${id}/stop`);
      const events: string = (await seed.call('GET', `/api/v1/tasks/${id}/events`)).body;
      const texts = [...events.matchAll(/"text":"([^"]*)"/g)].map(([, text]) => text);
      expect(texts).toEqual([expect.stringMatching(waitText)]);
    } finally {
      await seed.stop();
    }
  });
});

it('a model that named a time is not asked before it', async () => {
  byModel = { a: answer(429, '{}', { 'retry-after': '60' }) };
  for (let call = 0; call < 3; call += 1) expect(await ask()).toBe('b says hello');
  expect(asked()).toEqual(['a', 'b', 'b', 'b']);
});

describe('of a task', () => {
  it("are the server's defaults that its key may use, and none when it names its model", async () => {
    const defaultModels = ['a', 'b', 'c'];
    const seed = await startTestServer({
      llm: llmSettings({ baseUrl: upstream.baseUrl, defaultModels, allowedModels: defaultModels }),
    });
    try {
      const runner = seed.runner({ slots: 5, freeSlots: 5 });
      await runner.appear();
      const start = async (key: string, body: object = {}) => {
        const run = await seed.call('POST', '/api/v1/tasks/run', {
          key,
          body: { instruction: 'x', ...body },
        });
        return { task: run.body.task, lease: await runner.lease() };
      };
      const { secret } = await seed.newKey(['*'], { allowedModels: ['c', 'b'] });
      const any = await start(seed.adminKey);
      const narrowed = await start(secret);
      const named = await start(seed.adminKey, { model: 'a' });
      expect([any, narrowed, named].map(({ task }) => [task.model, task.fallbackModels])).toEqual([
        ['a', ['b', 'c']],
        ['b', ['c']],
        ['a', []],
      ]);

      byModel = { a: answer(404, ''), b: answer(404, '') };
      const complete = ({ task, lease }: typeof any) =>
        seed.call('POST', '/llm/v1/chat/completions', {
          key: lease.taskKey,
          body: { model: task.model, messages },
        });
      expect((await complete(any)).body.choices[0].message.content).toBe('c says hello');
      expect((await complete(narrowed)).body.choices[0].message.content).toBe('c says hello');
      expect((await complete(named)).body.error.code).toBe('llm_refused');

      const unknown = { body: { instruction: 'x', model: 'scripted' } };
      const refused = await seed.call('POST', '/api/v1/tasks/run', unknown);
      expect([refused.status, refused.body.error]).toMatchObject([
        400,
        { code: 'unknown_model', hint: 'There are: a, b, c.' },
      ]);
    } finally {
      await seed.stop();
    }
  });

  it('are its own list, or that of its key, of its account, of the server', async () => {
    const defaultModels = ['a', 'b', 'c'];
    const seed = await startTestServer({
      llm: llmSettings({ baseUrl: upstream.baseUrl, defaultModels, allowedModels: defaultModels }),
    });
    const sibling = await seed.sibling();
    try {
      const runner = seed.runner({ slots: 9, freeSlots: 9 });
      await runner.appear();
      const run = (key: string, body: object = {}, server: Pick<TestServer, 'call'> = seed) =>
        server.call('POST', '/api/v1/tasks/run', { key, body: { instruction: 'x', ...body } });
      const modelsOf = async (...asked: Parameters<typeof run>) => {
        const { task } = (await run(...asked)).body;
        return [task.model, ...task.fallbackModels];
      };
      const codeOf = async (...asked: Parameters<typeof run>) => (await run(...asked)).body.error.code;

      const other = await seed.call('POST', '/api/v1/accounts', { body: { name: 'Other', models: ['c', 'b'] } });
      const { account, secret: admin } = other.body;
      expect(account.models).toEqual(['c', 'b']);
      expect(await modelsOf(admin)).toEqual(['c', 'b']);
      const made = await seed.call('POST', '/api/v1/keys', {
        key: admin,
        body: { name: 'k', scopes: ['tasks:*', 'keys:*'], models: ['b', 'a'] },
      });
      const { secret, key } = made.body;
      expect(key.models).toEqual(['b', 'a']);
      expect(await modelsOf(secret)).toEqual(['b', 'a']);
      // It bounds nothing: what is named is served, and a key that it makes may have others.
      expect(await modelsOf(secret, { model: 'c' })).toEqual(['c']);
      expect(await modelsOf(secret, { models: ['a', 'c', 'a'] })).toEqual(['a', 'c']);
      const child = { name: 'child', scopes: ['tasks:*'] };
      const inherits = await seed.call('POST', '/api/v1/keys', { key: secret, body: child });
      expect(inherits.body.key.models).toEqual(['b', 'a']);
      const chooses = await seed.call('POST', '/api/v1/keys', { key: secret, body: { ...child, models: ['c'] } });
      expect(await modelsOf(chooses.body.secret)).toEqual(['c']);

      const change = (path: string, body: object, auth?: string) =>
        seed.call('PATCH', `/api/v1${path}`, { body, ...(auth && { key: auth }) });
      expect((await change(`/keys/${key.id}`, { models: null }, admin)).body.key.models).toBeNull();
      expect(await modelsOf(secret)).toEqual(['c', 'b']);
      expect((await change(`/accounts/${account.id}`, { models: ['b'] })).body.account).toEqual({
        ...account,
        models: ['b'],
      });
      expect(await modelsOf(secret)).toEqual(['b']);
      // Other servers know as soon as they hear of it.
      await vi.waitFor(async () => expect(await modelsOf(secret, {}, sibling)).toEqual(['b']));
      expect((await change(`/accounts/${account.id}`, { models: null })).body.account.models).toBeNull();
      expect(await modelsOf(secret)).toEqual(['a', 'b', 'c']);
      // A key that may use fewer gets what is left of its list.
      expect((await change(`/keys/${key.id}`, { models: ['b', 'a'], allowedModels: ['a'] }, admin)).status).toBe(
        200,
      );
      expect(await modelsOf(secret)).toEqual(['a']);
      const listed = await seed.call('GET', '/api/v1/models', { key: secret });
      expect(listed.body.items.map(({ name }: { name: string }) => name)).toEqual(['a']);

      expect(await codeOf(secret, { models: ['a', 'b'] })).toBe('model_not_allowed');
      expect(await codeOf(admin, { models: ['a', 'gone'] })).toBe('unknown_model');
      expect(await codeOf(admin, { model: 'a', models: ['b'] })).toBe('invalid_input');
      expect((await change(`/keys/${key.id}`, { models: ['gone'] }, admin)).body.error.code).toBe('unknown_model');
      expect((await change(`/keys/${key.id}`, { models: [] }, admin)).body.error.code).toBe('invalid_input');
      expect((await change(`/accounts/${account.id}`, {})).body.error.code).toBe('invalid_input');
      expect((await change(`/accounts/${key.id}`, { name: 'x' })).body.error.code).toBe('not_found');
      expect((await change(`/accounts/${account.id}`, { name: 'x' }, admin)).body.error.code).toBe(
        'operator_only',
      );
    } finally {
      await sibling.stop();
      await seed.stop();
    }
  });

  it('do not make a key that may do everything one with a limit', async () => {
    const seed = await startTestServer();
    try {
      const { body } = await seed.call('POST', '/api/v1/accounts', { body: { name: 'Other' } });
      const change = (changes: object) =>
        seed.call('PATCH', `/api/v1/keys/${body.key.id}`, { key: body.secret, body: changes });
      expect((await change({ models: ['scripted'] })).status).toBe(200);
      expect((await change({ tokensPerDay: 5 })).body.error.code).toBe('confirmation_needed');
    } finally {
      await seed.stop();
    }
  });
});
