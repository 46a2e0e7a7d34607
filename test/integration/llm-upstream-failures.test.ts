// The gateway in front of an upstream that fails in every way it can: a clear error, no secret, nothing left open.
import type { ServerResponse } from 'node:http';
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

const UPSTREAM_KEY = 'canary-upstream-key-4711';
const messages = [{ role: 'user' as const, content: 'Say hello' }];
const limits = {
  answerMs: 300,
  idleMs: 200,
  totalMs: 2_000,
  retryAfterMs: 1_000,
  retryMs: 1,
  loadingMs: 500,
  loadingPauseMs: 10,
  lineBytes: 10_000,
  answerBytes: 50_000,
};

let upstream: LlmUpstream;
let server: GatewayServer;

beforeEach(async () => {
  upstream = await startLlmUpstream();
  const settings = llmSettings({
    baseUrl: upstream.baseUrl,
    apiKey: UPSTREAM_KEY,
    defaultModels: ['m'],
  });
  server = await startGateway('m', { settings, limits });
});
afterEach(async () => {
  await server.close();
  await upstream.close();
});

const ask = (body: object = {}) => server.client.chat.completions.create({ model: 'm', messages, ...body });

async function post(body: object): Promise<{ status: number; text: string }> {
  const response = await fetch(`${server.url}/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'm', messages, ...body }),
  });
  return { status: response.status, text: await response.text() };
}

/** Some of an answer in JSON, and then whatever the test says. */
function halfAnswer(then: (response: ServerResponse) => void, status = 200): Behaviour {
  return async (response) => {
    response.writeHead(status, { 'content-type': 'application/json', 'content-length': '1000' });
    await new Promise<void>((resolve) => response.write('{"choices":[', () => resolve()));
    then(response);
  };
}

/** The same piece of a stream again and again. */
function endless(piece: string): Behaviour {
  return (response) => {
    startStream(response);
    const timer = setInterval(() => response.write(piece), 20);
    response.once('close', () => clearInterval(timer));
  };
}

/** The last event of a stream. */
const lastEvent = (text: string) => eventOf(text.trimEnd().split('\n').at(-1));
const firstEvent = (text: string) => eventOf(text.split('\n')[0]);

function eventOf(line = ''): unknown {
  return JSON.parse(line.replace(/^data: /, ''));
}

const unavailable = (message: RegExp) => ({
  status: 502,
  code: 'llm_unavailable',
  message: expect.stringMatching(message),
});

/** Asking again would be refused again: clients do not, by the status. */
const refused = (message: RegExp) => ({
  status: 400,
  code: 'llm_refused',
  message: expect.stringMatching(message),
});

/** The estimate of one request with these messages, as `post` and `ask` send it. */
const INPUT = 16;
const FREE = { inputTokens: 0, outputTokens: 0, costNanoUsd: 0, costSource: 'none' };
/** So many requests may have been served, and nothing tells. */
const read = (requests: number) => ({ inputTokens: requests * INPUT, costSource: 'estimated' });
/** `"stream":true` makes it longer. */
const STREAM_READ = { inputTokens: INPUT + 4, outputTokens: 0, costSource: 'estimated' };

describe('before the answer has begun', () => {
  it.each<[string, Behaviour, RegExp, number?]>([
    ['a 500 without a body', answer(500, ''), /answered 500$/, 2],
    // Five waits at the most.
    ['a 503 that says when', answer(503, 'busy', { 'retry-after': '0' }), /answered 503: busy/, 6],
    ['a 503 that says much later', answer(503, 'busy', { 'retry-after': '60' }), /answered 503: busy/],
    ['an error that stops coming', halfAnswer(() => undefined, 500), /no more for 0\.2 s/],
    [
      'an error with status 200',
      answer(200, '{"error":{"message":"provider down"}}'),
      /no completion: provider down/,
    ],
  ])('%s is llm_unavailable, and costs nothing', async (_, behaviour, message, requests = 1) => {
    upstream.behave(behaviour);
    await expect(ask()).rejects.toMatchObject(unavailable(message));
    expect(server.recorded).toMatchObject([{ call: { ...FREE, outcome: 'llm_unavailable' } }]);
    expect(upstream.requests).toHaveLength(requests);
  });

  it.each<[string, Behaviour, RegExp]>([
    ['a 400', answer(400, '{"error":{"message":"no such field"}}'), /answered 400: no such field/],
    ['a 401', answer(401, '{"error":{"message":"User not found."}}'), /answered 401: User not found\./],
    ['a 404 with plain text', answer(404, 'no such\n model'), /answered 404: no such model/],
    ['a redirect', answer(302, '', { location: 'http://127.0.0.1:1/' }), /answered 302/],
    ['no money', answer(200, '{"error":{"message":"out of credits"}}'), /no completion: out of credits/],
  ])('%s is llm_refused, asked once, and costs nothing', async (_, behaviour, message) => {
    upstream.behave(behaviour);
    await expect(ask()).rejects.toMatchObject(refused(message));
    expect(server.recorded).toMatchObject([{ call: { ...FREE, outcome: 'llm_refused' } }]);
    expect(upstream.requests).toHaveLength(1);
  });

  it.each<[string, Behaviour]>([
    ['a 400', answer(400, '{"error":{"code":"context_length_exceeded","message":"no"}}')],
    ['a 413', answer(413, 'Request Entity Too Large', { 'content-type': 'text/plain' })],
    ['a 500', answer(500, '{"error":{"message":"Context size has been exceeded."}}')],
    [
      'an error in a stream',
      stream('event: error\ndata: {"error":"the input length exceeds the context length"}\n\n'),
    ],
  ])(
    '%s of a model that cannot take so much is context_too_long, asked once, and costs nothing',
    async (_, behaviour) => {
      upstream.behave(behaviour);
      const tooLong = { status: 400, code: 'context_too_long' };
      await expect(ask({ stream: true })).rejects.toMatchObject(tooLong);
      expect(server.recorded).toMatchObject([{ call: { ...FREE, outcome: 'context_too_long' } }]);
      expect(upstream.requests).toHaveLength(1);
    },
  );

  it.each<[string, Behaviour, RegExp, number?]>([
    ['a broken connection', (response) => void response.destroy(), /could not be reached/, 2],
    ['no JSON', answer(200, '<html>'), /not JSON/],
    ['JSON that is no completion', answer(200, '[1]'), /no completion/],
    ['an answer that is too long', answer(200, `"${'x'.repeat(60_000)}"`), /more than 50000 bytes/],
    ['a stream without end instead', endless(chunk('x'.repeat(5_000))), /more than 50000 bytes/],
    ['an answer that breaks off', halfAnswer((response) => response.destroy()), /broke the connection/],
    ['an answer that stops coming', halfAnswer(() => undefined), /no more for 0\.2 s/],
    ['silence', hang, /no answer for 0\.3 s/],
  ])('%s is llm_unavailable, and its input counts', async (_, behaviour, message, requests = 1) => {
    upstream.behave(behaviour);
    await expect(ask()).rejects.toMatchObject(unavailable(message));
    expect(server.recorded).toMatchObject([{ call: { ...read(requests), outcome: 'llm_unavailable' } }]);
    expect(upstream.requests).toHaveLength(requests);
  });

  it.each<[string, Behaviour, RegExp, object?]>([
    ['JSON', answer(200, '{"error":{"message":"no streams here"}}'), /no completion: no streams here/, FREE],
    ['a page', answer(200, '<html>login', { 'content-type': 'text/html' }), /not JSON: login$/],
    ['nothing', answer(204, ''), /an empty answer/],
    ['an empty stream', stream(''), /ended its answer in the middle/],
    ['comments without an end', endless(': thinking\n\n'), /longer than 2 s/],
    ['garbage', stream('MZ\x90\x00'), /not JSON/],
    ['an error', stream('data: {"error":{"message":"no provider"}}\n\n'), /broke off: no provider/, FREE],
    ['silence after its headers', startStream, /no event for 0\.3 s/],
  ])('%s instead of a stream is llm_unavailable', async (_, behaviour, message, took = STREAM_READ) => {
    upstream.behave(behaviour);
    await expect(ask({ stream: true })).rejects.toMatchObject(unavailable(message));
    expect(server.recorded).toMatchObject([{ call: { ...took, outcome: 'llm_unavailable' } }]);
    expect(server.logged).toHaveLength(1);
    await upstream.requests[0]?.closed;
  });

  it('a redirect is not followed, and the key stays where it belongs', async () => {
    const elsewhere = await startLlmUpstream();
    for (const status of [301, 302, 307, 308]) {
      upstream.behave(answer(status, '', { location: `${elsewhere.baseUrl}/chat/completions` }));
      await expect(ask()).rejects.toMatchObject(refused(new RegExp(`answered ${status}`)));
    }
    expect(elsewhere.requests).toEqual([]);
    await elsewhere.close();
  });

  it.each<[string, Behaviour, object]>([
    ['a 500', answer(500, ''), { inputTokens: 11, costSource: 'unknown' }],
    [
      'a broken connection',
      (response) => void response.destroy(),
      { inputTokens: 11 + INPUT, costSource: 'estimated' },
    ],
  ])('%s is tried again once', async (_, behaviour, took) => {
    upstream.behave(behaviour, completion('second try'));
    const { choices } = await ask();
    expect(choices[0]?.message.content).toBe('second try');
    // A refusal is free; a request that is lost may have been served.
    const [call] = server.recorded.map((one) => one.call);
    expect(call).toMatchObject({ outcome: 'ok', outputTokens: 7, ...took });
  });

  it('an upstream that is not there is llm_unavailable, its address kept from the caller', async () => {
    await upstream.close();
    const error = await ask().catch((thrown: unknown) => thrown);
    expect(error).toMatchObject(unavailable(/could not be reached \(ECONNREFUSED\)/));
    expect(server.recorded).toMatchObject([{ call: FREE }]);
    expect(String(error)).not.toContain('127.0.0.1');
  });

  it('secrets in the message of the upstream are removed, for the caller and in the log', async () => {
    const message = `bad key ${UPSTREAM_KEY}, sk-or-v1-0123456789abcdef, sk-ab***yz; Authorization: Bearer abc.def-ghi`;
    upstream.behave(answer(500, JSON.stringify({ error: { message } })));
    const error = await ask().catch((thrown: unknown) => thrown);
    const shown = JSON.stringify([error, String(error), server.logged]);
    expect(shown).toContain('bad key [removed]');
    for (const secret of [UPSTREAM_KEY, '0123456789abcdef', 'sk-ab', 'abc.def'])
      expect(shown).not.toContain(secret);
  });

  it('a 429 with a small Retry-After is retried once', async () => {
    upstream.behave(answer(429, '{}', { 'retry-after': '1' }), completion('second try'));
    const started = performance.now();
    const { choices } = await ask();
    expect(choices[0]?.message.content).toBe('second try');
    expect(performance.now() - started).toBeGreaterThan(950);
    expect(server.recorded).toHaveLength(1);
  });

  it.each([
    ['again and again', '0', 6],
    ['with a long Retry-After', '60', 1],
    ['with a date far away', new Date(Date.now() + 3_600_000).toUTCString(), 1],
    ['with a Retry-After that is none', 'soon', 1],
  ])('a 429 %s is llm_unavailable', async (_, retryAfter, requests) => {
    upstream.behave(answer(429, '{"error":{"message":"slow down"}}', { 'retry-after': retryAfter }));
    await expect(ask()).rejects.toMatchObject(unavailable(/answered 429: slow down/));
    expect(upstream.requests).toHaveLength(requests);
  });
});

describe('once the stream has begun', () => {
  it.each<[string, Behaviour, RegExp]>([
    [
      'silence',
      (response) => {
        startStream(response);
        response.write(chunk('a'));
      },
      /no more for 0\.2 s/,
    ],
    [
      'a broken connection',
      async (response) => {
        startStream(response);
        await new Promise<void>((resolve) => response.write(chunk('a'), () => resolve()));
        response.destroy();
      },
      /broke the connection|ended its answer/,
    ],
    ['an end in the middle', stream(chunk('a')), /ended its answer in the middle/],
    ['an end within a line', stream(`${chunk('a')}data: {"choi`), /not JSON/],
    [
      'an endless line',
      (response) => {
        startStream(response);
        response.write(`${chunk('a')}data: `);
        const timer = setInterval(() => response.write('x'.repeat(5_000)), 1);
        response.once('close', () => clearInterval(timer));
      },
      /a line of more than 10000 bytes/,
    ],
    ['garbage', stream(`${chunk('a')}<html>nonsense</html>\n\n`), /not an event stream/],
    [
      'an error event',
      stream(`${chunk('a')}data: {"error":{"message":"overloaded, sk-secret123"}}\n\n`),
      /broke off: overloaded, \[removed\]/,
    ],
    ['more than its time', endless(chunk('a')), /took longer than 2 s/],
  ])('%s ends it with an error event', async (_, behaviour, message) => {
    upstream.behave(behaviour);
    const { status, text } = await post({ stream: true });
    expect(status).toBe(200);
    expect(firstEvent(text)).toMatchObject({ id: 'c1', model: 'm', choices: [{ delta: { content: 'a' } }] });
    expect(text).not.toContain('[DONE]');
    expect(lastEvent(text)).toEqual({
      error: { message: expect.stringMatching(message), code: 'llm_unavailable' },
    });
    expect(server.logged.map((entry) => entry.message)).toEqual([expect.stringMatching(message)]);
    const took = { ...STREAM_READ, outputTokens: expect.any(Number), outcome: 'llm_unavailable' };
    expect(server.recorded).toMatchObject([{ call: took }]);
    expect(server.recorded[0]?.call.outputTokens).toBeGreaterThan(0);
    await upstream.requests[0]?.closed;
  });

  it('the client library throws the error, and usage that came before it is counted', async () => {
    upstream.behave(stream(`${chunk('a') + usageChunk()}garbage\n${DONE}`));
    const read = async () => {
      for await (const part of await server.client.chat.completions.create({
        model: 'm',
        messages,
        stream: true,
      }))
        void part;
    };
    await expect(read()).rejects.toThrow(/not an event stream/);
    expect(server.recorded).toMatchObject([
      { call: { inputTokens: 11, outputTokens: 7, outcome: 'llm_unavailable' } },
    ]);
  });
});

it('the answer survives when its tokens cannot be recorded', async () => {
  const settings = llmSettings({ baseUrl: upstream.baseUrl, defaultModels: ['m'] });
  const failing = await startGateway('m', {
    settings,
    recordCall: () => Promise.reject(new Error('database gone')),
  });
  upstream.behave(stream(chunk('a', 'stop') + usageChunk() + DONE));
  const parts: string[] = [];
  for await (const part of await failing.client.chat.completions.create({
    model: 'm',
    messages,
    stream: true,
  })) {
    parts.push(part.choices[0]?.delta.content ?? '');
  }
  expect(parts.join('')).toBe('a');
  expect(failing.logged.map(({ level }) => level)).toContain('error');
  expect(upstream.requests[0]?.headers).not.toHaveProperty('authorization');
  await failing.close();
});
