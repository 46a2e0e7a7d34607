// The gateway in front of an upstream that works: streams, JSON, what is passed on and what is not.
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { setTimeout } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type GatewayServer, startGateway, TASK_ID, TASK_KEY } from '../fixtures/llm-gateway-server.ts';
import { llmSettings } from '../fixtures/llm-settings.ts';
import {
  chunk,
  completion,
  DONE,
  type LlmUpstream,
  startLlmUpstream,
  startStream,
  stream,
  usageChunk,
} from '../fixtures/llm-upstream.ts';

const UPSTREAM_KEY = 'canary-upstream-key-4711';
const messages = [{ role: 'user' as const, content: 'Say hello' }];

let upstream: LlmUpstream;
let server: GatewayServer;

beforeEach(async () => {
  upstream = await startLlmUpstream();
  const settings = llmSettings({
    baseUrl: upstream.baseUrl,
    apiKey: UPSTREAM_KEY,
    defaultModels: ['m'],
  });
  server = await startGateway('m', { settings });
});
afterEach(async () => {
  await server.close();
  await upstream.close();
});

/** So often that the connection is never silent for long. */
function pingUntilClosed(response: ServerResponse): void {
  const timer = setInterval(() => response.write(': ping\n\n'), 5);
  response.once('close', () => clearInterval(timer));
}

async function collect(body: object = {}): Promise<string> {
  const answer = await server.client.chat.completions.create({ model: 'm', messages, stream: true, ...body });
  let text = '';
  for await (const part of answer as AsyncIterable<{ choices: { delta: { content?: string | null } }[] }>) {
    text += part.choices[0]?.delta.content ?? '';
  }
  return text;
}

describe('streams', () => {
  const whole = `: keep-alive\n\n${chunk('Grüße, ')}${chunk('Welt 🌍', 'stop')}${usageChunk()}${DONE}`;

  it.each([1, 2, 7, 64, 4096])(
    'arrive whole when the upstream cuts them into pieces of %i bytes',
    async (bytes) => {
      upstream.behave(stream(whole, bytes));
      expect(await collect()).toBe('Grüße, Welt 🌍');
      expect(server.recorded).toMatchObject([
        { taskId: TASK_ID, call: { inputTokens: 11, outputTokens: 7, outcome: 'ok' } },
      ]);
    },
  );

  it('arrive with CRLF line ends and without a [DONE]', async () => {
    upstream.behave(stream((chunk('a') + chunk('b', 'stop') + usageChunk()).replaceAll('\n', '\r\n')));
    expect(await collect()).toBe('ab');
    expect(server.recorded).toHaveLength(1);
  });

  it('pass each part on before the next one exists', async () => {
    let goOn = () => {};
    const seen = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    upstream.behave(async (response) => {
      startStream(response);
      response.write(chunk('first'));
      await seen;
      response.end(chunk('second', 'stop') + DONE);
    });
    const parts: string[] = [];
    for await (const part of await server.client.chat.completions.create({
      model: 'm',
      messages,
      stream: true,
    })) {
      const said = part.choices[0]?.delta.content;
      if (said) parts.push(said);
      goOn();
    }
    expect(parts).toEqual(['first', 'second']);
  });

  it('hold the upstream back when the caller does not read', async () => {
    const line = chunk('x'.repeat(60_000));
    const total = 64 * 1024 * 1024;
    let written = 0;
    upstream.behave(async (response) => {
      startStream(response);
      for (; written < total && !response.destroyed; written += line.length) {
        if (!response.write(line)) await once(response, 'drain');
      }
    });
    const answer = await server.gateway.chatCompletions(
      { model: 'm', messages, stream: true },
      { taskId: TASK_ID, model: 'm', signal: new AbortController().signal },
    );
    let before = -1;
    const isHeldBack = () => {
      const still = written > 0 && written === before;
      before = written;
      return still;
    };
    await vi.waitUntil(isHeldBack, { interval: 200, timeout: 10_000 });
    expect(written).toBeLessThan(total / 2);
    await answer.body?.cancel();
    expect(await upstream.requests[0]?.closed).toEqual({ abandoned: true });
  });

  it('abort the upstream when the caller goes away, and count the usage that had come', async () => {
    upstream.behave((response) => {
      startStream(response);
      response.write(usageChunk() + chunk('never ending'));
    });
    const answer = await server.client.chat.completions.create({ model: 'm', messages, stream: true });
    for await (const part of answer) if (part.choices[0]?.delta.content) break;
    expect(await upstream.requests[0]?.closed).toEqual({ abandoned: true });
    await vi.waitFor(() =>
      expect(server.recorded).toMatchObject([{ call: { inputTokens: 11, outcome: 'cancelled' } }]),
    );
    expect(server.logged).toEqual([]);
  });

  it('abort the upstream when the caller goes away before the answer', async () => {
    upstream.behave(() => undefined);
    const caller = new AbortController();
    const answer = server.client.chat.completions.create({ model: 'm', messages }, { signal: caller.signal });
    const refused = expect(answer).rejects.toThrow();
    await vi.waitFor(() => expect(upstream.requests).toHaveLength(1));
    caller.abort();
    await refused;
    expect(await upstream.requests[0]?.closed).toEqual({ abandoned: true });
  });

  it('leave their connection to the next call', async () => {
    upstream.behave(async (response) => {
      startStream(response);
      response.write(whole);
      // Some upstreams close an answer a moment after its last event.
      await setTimeout(20);
      response.end();
    });
    for (let call = 0; call < 6; call++) {
      await collect();
      expect(await upstream.requests[call]?.closed).toEqual({ abandoned: false });
    }
    expect(new Set(upstream.requests.map(({ clientPort }) => clientPort)).size).toBeLessThan(6);
  });

  it.each<[string, (response: ServerResponse) => void]>([
    ['says nothing more', () => undefined],
    ['only pings', (response) => pingUntilClosed(response)],
    ['breaks the connection', (response) => void response.destroy()],
  ])('that have said why they ended are whole when the upstream then %s', async (_, then) => {
    upstream.behave(async (response) => {
      startStream(response);
      await new Promise<void>((resolve) => response.write(chunk('a', 'stop') + usageChunk(), () => resolve()));
      then(response);
    });
    const quick = await startGateway('m', {
      settings: llmSettings({ baseUrl: upstream.baseUrl, defaultModels: ['m'] }),
      limits: { endedIdleMs: 50, endedMs: 200 },
    });
    const parts: unknown[] = [];
    for await (const { choices } of await quick.client.chat.completions.create({
      model: 'm',
      messages,
      stream: true,
    }))
      parts.push(choices[0]?.delta.content ?? choices[0]?.finish_reason);
    expect(parts).toEqual(['a', 'stop', undefined]);
    expect(quick.recorded).toMatchObject([{ call: { inputTokens: 11, outputTokens: 7, outcome: 'ok' } }]);
    await upstream.requests[0]?.closed;
    await quick.close();
  });

  it('of a model that nobody knows the price of count tokens and warn once', async () => {
    upstream.behave(stream(chunk('a', 'stop') + usageChunk() + DONE));
    await collect();
    await collect();
    const unpriced = {
      inputTokens: 11,
      costNanoUsd: 0,
      costSource: 'unknown',
      unpriced: true,
      outcome: 'ok',
    };
    expect(server.recorded).toMatchObject([{ call: unpriced }, { call: unpriced }]);
    expect(server.logged.map(({ message }) => message)).toEqual([expect.stringContaining('is not known')]);
  });
});

it('many calls that end at once are all recorded, some at a time', async () => {
  let writing = 0;
  let most = 0;
  const recorded: string[] = [];
  const busy = await startGateway('m', {
    settings: llmSettings({ baseUrl: upstream.baseUrl, defaultModels: ['m'] }),
    recordCall: async (taskId) => {
      writing += 1;
      most = Math.max(most, writing);
      await setTimeout(5);
      writing -= 1;
      recorded.push(taskId);
    },
  });
  upstream.behave((response) => {
    startStream(response);
    response.write(chunk('a'));
  });
  const caller = new AbortController();
  const calls = Array.from({ length: 60 }, (_, index) => {
    const call = { taskId: `task ${index}`, model: 'm', signal: caller.signal };
    return busy.gateway.chatCompletions({ model: 'm', messages, stream: true }, call);
  });
  await Promise.all(calls);
  caller.abort();
  await busy.gateway.allRecorded();
  expect(recorded).toHaveLength(calls.length);
  expect(new Set(recorded).size).toBe(calls.length);
  expect(most).toBeLessThanOrEqual(8);
  await busy.close();
});

describe('JSON answers', () => {
  it('are passed on and counted', async () => {
    upstream.behave(completion('hello'));
    const answer = await server.client.chat.completions.create({ model: 'm', messages });
    expect(answer.choices[0]?.message.content).toBe('hello');
    expect(server.recorded).toMatchObject([
      { taskId: TASK_ID, call: { inputTokens: 11, outputTokens: 7, outcome: 'ok' } },
    ]);
  });
});

describe('the request', () => {
  it("carries the upstream's key and nothing of the caller's", async () => {
    upstream.behave(completion('hello'));
    await server.client.chat.completions.create({ model: 'm', messages }, { headers: { 'x-trace': 'mine' } });
    const [request] = upstream.requests;
    expect(request?.headers.authorization).toBe(`Bearer ${UPSTREAM_KEY}`);
    expect(JSON.stringify(request?.headers)).not.toContain(TASK_KEY);
    expect(request?.headers).not.toHaveProperty('x-trace');
  });

  it('asks for the usage of a stream, even when told not to', async () => {
    upstream.behave(stream(chunk('a', 'stop') + usageChunk() + DONE));
    await collect({ stream_options: { include_usage: false } });
    expect(upstream.requests[0]?.body['stream_options']).toEqual({ include_usage: true });
  });

  it.each([
    ['a field', { store: true }, /^store /],
    ['a field that nobody knows', { fetch_this: 'https://evil.example' }, /^fetch_this /],
    ['a tool', { tools: [{ type: 'mcp', server_url: 'https://evil.example' }] }, /^tools\.0 /],
    [
      'an address',
      {
        messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'http://evil.example' } }] }],
      },
      /^messages\.0\.content\.0\.image_url\.url /,
    ],
  ])('is refused, and by name, for %s that would make the upstream fetch or store', async (_, more, message) => {
    const answer = await fetch(`${server.url}/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'm', messages, ...more }),
    });
    const { error } = (await answer.json()) as { error: { code: string; message: string } };
    expect([answer.status, error.code]).toEqual([400, 'field_not_allowed']);
    expect(error.message).toMatch(message);
    expect(upstream.requests).toEqual([]);
    expect(server.recorded).toEqual([]);
  });

  it("for another model than the task's is refused without asking the upstream", async () => {
    const answer = server.client.chat.completions.create({ model: 'other', messages });
    await expect(answer).rejects.toMatchObject({ status: 400, code: 'unknown_model' });
    expect(upstream.requests).toEqual([]);
  });

  it.each([
    [{}],
    [{ model: 'm' }],
    [{ model: 'm', messages: [] }],
    [{ model: 'm', messages, stream: 'yes' }],
    [[]],
    [null],
  ])('is refused when malformed: %j', async (body) => {
    const call = { taskId: TASK_ID, model: 'm', signal: new AbortController().signal };
    await expect(server.gateway.chatCompletions(body, call)).rejects.toMatchObject({ code: 'invalid_input' });
    expect(upstream.requests).toEqual([]);
  });
});

it('names its models', () => {
  expect(server.gateway.defaultModels).toEqual(['m']);
  expect(server.gateway.models().data.map(({ id }) => id)).toEqual(['m', 'scripted']);
});
