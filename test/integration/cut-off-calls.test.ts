// Calls of models that are cut off before their upstream has told what they took: by the agent, by the end of the
// task, by the server. None is free, and a budget is passed by one call at most.
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Lease } from '../../src/protocol/runner.ts';
import { llmSettings } from '../fixtures/llm-settings.ts';
import {
  answer,
  type Behaviour,
  chunk,
  DONE,
  hang,
  type LlmUpstream,
  startLlmUpstream,
  startStream,
  stream,
} from '../fixtures/llm-upstream.ts';
import { startTestServer, type TestServer } from '../fixtures/server.ts';
import { expectSumsToAgree } from '../fixtures/sums.ts';

/** Forty bytes: ten tokens. */
const PART = 'forty bytes of text that a model wrote, ';
/** The first of many events, and then nothing. */
const neverEnding: Behaviour = (response) => {
  startStream(response);
  response.write(chunk(PART));
};

let upstream: LlmUpstream;
let server: TestServer;
beforeAll(async () => {
  upstream = await startLlmUpstream();
  server = await startTestServer({
    llm: llmSettings({ baseUrl: upstream.baseUrl, defaultModels: ['m'] }),
  });
});
beforeEach(() => {
  upstream.requests.length = 0;
  upstream.behave(neverEnding);
});
afterAll(async () => {
  await server?.stop();
  await upstream?.close();
});

async function start(body: object = {}): Promise<Lease> {
  const runner = server.runner();
  await runner.appear();
  const { status } = await server.call('POST', '/api/v1/tasks/run', { body: { instruction: 'hi', ...body } });
  expect(status).toBe(202);
  return runner.lease();
}

const messages = [{ role: 'user', content: 'Tell me a long story. '.repeat(20) }];

function post({ taskKey, model }: Lease, more: object, signal?: AbortSignal, at = server.url): Promise<Response> {
  return fetch(`${at}/llm/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${taskKey}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model, messages, stream: true, ...more }),
    signal: signal ?? null,
  });
}

/** Goes away after the first event. Returns the status of the answer. */
async function cutOff(lease: Lease, more: object = {}, at?: string): Promise<number> {
  const gone = new AbortController();
  const response = await post(lease, more, gone.signal, at);
  await response.body?.getReader().read();
  gone.abort();
  return response.status;
}

async function taskOf({ taskId }: Lease) {
  return (await server.call('GET', `/api/v1/tasks/${taskId}`)).body.task;
}

/** When so many calls are settled. */
async function settled(lease: Lease, calls: number) {
  await vi.waitUntil(async () => (await taskOf(lease)).used.calls === calls, { timeout: 10_000 });
  return taskOf(lease);
}

describe('an agent that cuts off every call', () => {
  it.each([
    ['one after the other', 1, {}],
    ['ten at once', 10, {}],
    ['ten at once that limit their answers', 10, { max_tokens: 300 }],
  ])('%s gets fifty for the budget of three and a half', async (_how, atOnce, more) => {
    const probe = await start();
    await cutOff(probe, more);
    const { used } = await settled(probe, 1);
    expect(used.tokens).toBeGreaterThan(100);
    const budget = { tokens: Math.round(used.tokens * 3.5) };
    const lease = await start({ budget });
    upstream.requests.length = 0;
    const statuses: number[] = [];
    for (let calls = 0; calls < 50; calls += atOnce) {
      statuses.push(...(await Promise.all(Array.from({ length: atOnce }, () => cutOff(lease, more)))));
    }
    const made = statuses.filter((status) => status === 200).length;
    expect(made).toBe(upstream.requests.length);
    expect(statuses).toContain(402);
    // Two seconds after its first refusal the task ends, and with it its key.
    expect(statuses.filter((status) => ![200, 402, 401].includes(status))).toEqual([]);
    const task = await settled(lease, made);
    expect(task.used.tokens).toBeGreaterThanOrEqual(budget.tokens);
    expect(task.used.tokens).toBeLessThanOrEqual(budget.tokens + used.tokens);
    expect(task).toMatchObject({ costSource: 'estimated', outputTokens: made * 10 });
    await expectSumsToAgree(server.databaseUrl);
  });
});

describe('a call is settled by estimate', () => {
  it('when its agent goes away before the first event', async () => {
    upstream.behave(hang);
    const lease = await start();
    const gone = new AbortController();
    const answered = post(lease, {}, gone.signal).catch(() => null);
    await vi.waitUntil(() => upstream.requests.length === 1);
    gone.abort();
    await answered;
    const task = await settled(lease, 1);
    expect(task.inputTokens).toBeGreaterThan(100);
    expect(task).toMatchObject({ outputTokens: 0, costSource: 'estimated' });
  });

  it('when its task is stopped', async () => {
    const lease = await start();
    const response = await post(lease, {});
    const reader = response.body?.getReader();
    await reader?.read();
    await server.call('POST', `/api/v1/tasks/${lease.taskId}/stop`);
    // Its runner kills the sandbox, and with it the connection.
    await reader?.cancel();
    expect(await settled(lease, 1)).toMatchObject({ outputTokens: 10, costSource: 'estimated' });
  });

  it('when it goes away from a server that stops, before that has stopped', async () => {
    const sibling = await server.sibling();
    const lease = await start();
    const gone = new AbortController();
    const response = await post(lease, {}, gone.signal, sibling.url);
    await response.body?.getReader().read();
    const stopped = sibling.stop();
    gone.abort();
    await stopped;
    expect(await taskOf(lease)).toMatchObject({
      used: { calls: 1 },
      outputTokens: 10,
      costSource: 'estimated',
    });
  });

  it.each<[string, Behaviour, boolean, number]>([
    ['a stream', stream(chunk(PART) + chunk(PART, 'stop') + DONE), true, 20],
    [
      'a stream of reasoning and tool calls',
      stream(
        `data: ${JSON.stringify({ choices: [{ delta: { reasoning_content: PART } }] })}\n\n` +
          `data: ${JSON.stringify({ choices: [{ delta: { tool_calls: [{ index: 0, id: 'c', type: 'function', function: { name: 'bash', arguments: PART.slice(4) } }] }, finish_reason: 'tool_calls' }] })}\n\n${DONE}`,
      ),
      true,
      20,
    ],
    ['JSON', answer(200, JSON.stringify({ choices: [{ message: { content: PART } }] })), false, 10],
    [
      'JSON, but zeros',
      answer(
        200,
        JSON.stringify({
          choices: [{ message: { content: PART } }],
          usage: { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 },
        }),
      ),
      false,
      10,
    ],
  ])('when its upstream tells nothing in %s', async (_what, behaviour, isStream, outputTokens) => {
    upstream.behave(behaviour);
    const lease = await start();
    await (await post(lease, { stream: isStream })).text();
    const task = await settled(lease, 1);
    expect(task.inputTokens).toBeGreaterThan(100);
    expect(task).toMatchObject({ outputTokens, costSource: 'estimated' });
  });

  it('and shows in the costs', async () => {
    const { secret, id } = await server.newKey(['tasks:*', 'obs:read']);
    const runner = server.runner();
    await runner.appear();
    await server.call('POST', '/api/v1/tasks/run', { body: { instruction: 'hi' }, key: secret });
    const lease = await runner.lease();
    await cutOff(lease);
    await settled(lease, 1);
    const { body } = await server.call('GET', `/api/v1/obs/costs?keyId=${id}`);
    expect(body.totals).toMatchObject({ modelCalls: 1, estimated: 1, unpriced: 1, outputTokens: 10 });
  });
});
