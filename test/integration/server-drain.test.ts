// A server that stops: lets go of what is idle, finishes what it has begun, and takes nothing new.
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import type { Lease } from '../../src/protocol/runner.ts';
import { llmSettings } from '../fixtures/llm-settings.ts';
import {
  chunk,
  DONE,
  type LlmUpstream,
  startLlmUpstream,
  startStream,
  usageChunk,
} from '../fixtures/llm-upstream.ts';
import { connectClient, LEGACY, MODERN } from '../fixtures/mcp-client.ts';
import { startTestServer, type TestServer } from '../fixtures/server.ts';

let upstream: LlmUpstream;
let main: TestServer;
/** The one that is stopped. */
let server: Awaited<ReturnType<TestServer['sibling']>>;
let lease: Lease;
/** The upstream's answer begins when the first, and ends when the second resolves. */
let begins: PromiseWithResolvers<void>;
let ends: PromiseWithResolvers<void>;

beforeAll(async () => {
  upstream = await startLlmUpstream();
  const llm = llmSettings({ baseUrl: upstream.baseUrl, defaultModels: ['m'] });
  main = await startTestServer({ llm });
  const runner = main.runner();
  await runner.appear();
  await main.call('POST', '/api/v1/tasks/run', { body: { instruction: 'hi' } });
  lease = await runner.lease();
});
beforeEach(async () => {
  begins = Promise.withResolvers();
  ends = Promise.withResolvers();
  upstream.requests.length = 0;
  upstream.behave(async (response) => {
    await begins.promise;
    startStream(response);
    response.write(chunk('one'));
    await ends.promise;
    response.end(chunk('two', 'stop') + usageChunk() + DONE);
  });
  server = await main.sibling();
});
afterEach(async () => {
  begins.resolve();
  ends.resolve();
  await server.stop();
});
afterAll(async () => {
  await main?.stop();
  await upstream?.close();
});

const ask = () =>
  fetch(`${server.url}/llm/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${lease.taskKey}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'm', messages: [{ role: 'user', content: 'hi' }], stream: true }),
  });

async function line(): Promise<Socket> {
  const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
  socket.setEncoding('latin1').on('error', () => undefined);
  await once(socket, 'connect');
  return socket;
}

/** Resolves when that many answers have come, with all of them. */
async function answers(socket: Socket, count: number): Promise<string> {
  let text = '';
  for await (const piece of socket.iterator({ destroyOnReturn: false })) {
    text += piece;
    if (text.split('HTTP/1.1 ').length > count) return text;
  }
  return text;
}

it('a model call that has begun to be answered is answered to its end', async () => {
  begins.resolve();
  const response = await ask();
  const body = response.body?.getReader();
  await body?.read();
  const stopped = server.stop();
  ends.resolve();
  let rest = '';
  for (;;) {
    const { done, value } = (await body?.read()) ?? { done: true };
    if (done) break;
    rest += Buffer.from(value ?? []).toString();
  }
  expect(rest).toContain('"two"');
  expect(rest).toContain('[DONE]');
  expect(rest).not.toContain('"error"');
  await stopped;
});

it('a model call whose upstream has not answered yet is answered, and its connection is the last', async () => {
  const asked = ask();
  await expect.poll(() => upstream.requests.length).toBe(1);
  const stopped = server.stop();
  begins.resolve();
  ends.resolve();
  const response = await asked;
  expect(response.status).toBe(200);
  expect(response.headers.get('connection')).toBe('close');
  expect(await response.text()).toContain('[DONE]');
  await stopped;
});

it('idle connections are closed at once, those that were never used, too', async () => {
  const asked = ask();
  await expect.poll(() => upstream.requests.length).toBe(1);
  const [used, unused] = [await line(), await line()];
  used.write('GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n');
  await answers(used, 1);
  const closed = Promise.all([used, unused].map((socket) => once(socket.resume(), 'close')));
  const stopped = server.stop();
  // While the model call still runs.
  await closed;
  begins.resolve();
  ends.resolve();
  expect(await (await asked).text()).toContain('[DONE]');
  await stopped;
});

it.each(['/readyz', '/api/v1/whoami'])('%s over a kept connection is told to come again', async (path) => {
  begins.resolve();
  const kept = await line();
  const body = JSON.stringify({ model: 'm', messages: [{ role: 'user', content: 'hi' }], stream: true });
  kept.write(
    `POST /llm/v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${lease.taskKey}\r\n` +
      `content-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
  );
  await answers(kept, 1);
  const stopped = server.stop();
  kept.write(`GET ${path} HTTP/1.1\r\nhost: x\r\n\r\n`);
  ends.resolve();
  const text = await answers(kept, Number.POSITIVE_INFINITY);
  const [, refused] = text.split('HTTP/1.1 ').map((one) => one.toLowerCase());
  expect(refused).toMatch(/^503 /);
  expect(refused).toContain('"code":"unavailable"');
  expect(refused).toContain('retry-after: 1');
  expect(refused).toContain('connection: close');
  await stopped;
});

it.each(['application/x-ndjson', 'text/event-stream'])(
  'a stream of events (%s) is broken off: its proper end would say that the task is over',
  async (accept) => {
    const headers = { authorization: `Bearer ${main.adminKey}`, accept };
    const response = await fetch(`${server.url}/api/v1/tasks/${lease.taskId}/events`, { headers });
    const reader = response.body?.getReader();
    const first = Buffer.from((await reader?.read())?.value ?? []).toString();
    expect(first).toContain('"seq":1');
    const stopped = server.stop();
    const rest = (async () => {
      let text = '';
      for (;;) {
        const { done, value } = (await reader?.read()) ?? { done: true };
        if (done) return text;
        text += Buffer.from(value ?? []).toString();
      }
    })();
    await expect(rest).rejects.toThrow();
    await stopped;
  },
);

it.each([MODERN, LEGACY])('a tool that an MCP client (%s) has called answers', async (revision) => {
  await using client = await connectClient(server.url, main.adminKey, { revision });
  const called = client.callTool({ name: 'runTask', arguments: { instruction: revision, wait: 60 } });
  const tasks = async () => (await main.call('GET', '/api/v1/tasks', {})).body.items as { instruction: string }[];
  await expect.poll(async () => (await tasks()).some(({ instruction }) => instruction === revision)).toBe(true);
  const stopped = server.stop();
  expect((await called).structuredContent).toMatchObject({
    task: { instruction: revision, status: 'queued' },
  });
  await stopped;
});
