// The fallback list: another model answers when one cannot, and what that means for whom.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
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
import { startTestServer } from '../fixtures/server.ts';

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
