// The gateway in front of an upstream that cannot answer yet: it loads, it named a time, it reads a long prompt.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type GatewayServer, startGateway, TASK_ID } from '../fixtures/llm-gateway-server.ts';
import { llmSettings } from '../fixtures/llm-settings.ts';
import {
  answer,
  type Behaviour,
  chunk,
  completion,
  DONE,
  type LlmUpstream,
  startLlmUpstream,
  startStream,
  stream,
  usageChunk,
} from '../fixtures/llm-upstream.ts';

const messages = [{ role: 'user' as const, content: 'Say hello' }];
const limits = { answerMs: 300, idleMs: 200, totalMs: 2_000, retryMs: 1, loadingMs: 500, loadingPauseMs: 10 };

let upstream: LlmUpstream;
let server: GatewayServer;

beforeEach(async () => {
  upstream = await startLlmUpstream();
  server = await startGateway('m', {
    settings: llmSettings({ baseUrl: upstream.baseUrl, defaultModels: ['m'] }),
    limits,
  });
});
afterEach(async () => {
  await server.close();
  await upstream.close();
});

const ask = () => server.client.chat.completions.create({ model: 'm', messages });

/** The text that a stream comes to. */
async function streamed(): Promise<string> {
  let text = '';
  for await (const { choices } of await server.client.chat.completions.create({
    model: 'm',
    messages,
    stream: true,
  }))
    text += choices[0]?.delta.content ?? '';
  return text;
}

it('before its first event an upstream may be silent for longer, and give signs of life for longer yet', async () => {
  // Longer than between two events; and in all longer than either.
  upstream.behave(async (response) => {
    startStream(response);
    for (let sign = 0; sign < 3; sign += 1) {
      await sleep(230);
      response.write(': reads the prompt\n\n');
    }
    response.end(chunk('ok', 'stop') + usageChunk() + DONE);
  });
  expect(await streamed()).toBe('ok');
});

describe('what passes is waited for', () => {
  const loading = answer(503, '{"error":{"code":503,"message":"Loading model","type":"unavailable_error"}}');

  it('a server that loads its model', async () => {
    upstream.behave(loading, loading, loading, completion('at last'));
    const { choices } = await ask();
    expect(choices[0]?.message.content).toBe('at last');
    expect(server.recorded).toMatchObject([{ call: { inputTokens: 11, outcome: 'ok' } }]);
  });

  it('and one that loads for too long is told of', async () => {
    upstream.behave(loading);
    await expect(ask()).rejects.toMatchObject({
      code: 'llm_unavailable',
      message: expect.stringMatching(/answered 503: Loading model/),
    });
    expect(upstream.requests.length).toBeGreaterThan(5);
    expect(server.recorded).toMatchObject([
      { call: { inputTokens: 0, costNanoUsd: 0, costSource: 'none', outcome: 'llm_unavailable' } },
    ]);
  });

  it.each<[string, Behaviour]>([
    ['a header', answer(429, '{}', { 'retry-after-ms': '30' })],
    ['a body', answer(429, '[{"error":{"details":[{"retryDelay":"0.03s"}]}}]')],
    ['words', answer(429, '{"error":{"message":"Please try again in 30ms."}}')],
    ['the first event of a stream', stream('data: {"error":{"code":429,"message":"Try again in 30ms"}}\n\n')],
    ['a document with status 200', answer(200, '{"error":{"code":429,"message":"Try again in 30ms"}}')],
  ])('the time that is named in %s', async (_, behaviour) => {
    upstream.behave(behaviour, behaviour, behaviour, stream(chunk('ok', 'stop') + usageChunk() + DONE));
    expect(await streamed()).toBe('ok');
    expect(upstream.requests).toHaveLength(4);
    expect(server.recorded).toMatchObject([{ call: { inputTokens: 11, outcome: 'ok' } }]);
  });

  it('not past the end of the task, which is told at once what was said', async () => {
    upstream.behave(answer(429, '{"error":{"message":"slow down"}}', { 'retry-after': '1' }));
    const call = { taskId: 't', model: 'm', signal: new AbortController().signal, leftMs: 2_500 };
    const answered = server.gateway.chatCompletions({ model: 'm', messages }, call);
    await expect(answered).rejects.toMatchObject({
      retryAfterSeconds: 1,
      message: expect.stringMatching(/slow down/),
    });
    expect(upstream.requests).toHaveLength(1);
  });

  it('and whoever waits is told, in the log and by the task', async () => {
    const told: string[] = [];
    const settings = llmSettings({ baseUrl: upstream.baseUrl, defaultModels: ['m'] });
    const onWait = (taskId: string, text: string) => told.push(`${taskId}: ${text}`);
    const telling = await startGateway('m', { settings, onWait, limits });
    upstream.behave(answer(429, '{"error":{"message":"slow down"}}', { 'retry-after': '1' }), completion('ok'));
    await telling.client.chat.completions.create({ model: 'm', messages });
    const text =
      'the model m cannot answer yet, and is asked again in 1 s: the LLM upstream answered 429: slow down';
    expect(told).toEqual([`${TASK_ID}: ${text}`]);
    expect(telling.logged.map(({ message }) => message)).toContain(text);
    await telling.close();
  });

  it('until its caller is gone', async () => {
    const caller = new AbortController();
    upstream.behave((response, request) => {
      setTimeout(() => caller.abort(), 20);
      return loading(response, request);
    });
    const call = { taskId: 't', model: 'm', signal: caller.signal };
    const answered = server.gateway.chatCompletions({ model: 'm', messages }, call);
    await expect(answered).rejects.toMatchObject({ code: 'unavailable' });
    const asked = upstream.requests.length;
    await server.gateway.allRecorded();
    expect(upstream.requests).toHaveLength(asked);
  });
});
