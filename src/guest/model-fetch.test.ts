import { type Http2Session, performServerHandshake, type ServerHttp2Stream } from 'node:http2';
import { duplexPair } from 'node:stream';
import { afterEach, expect, test } from 'vitest';
import { LIMITS } from '../protocol/limits.ts';
import { type Link, openLink } from './link.ts';
import { createLlmWatch } from './llm-watch.ts';
import { MODEL_BASE_URL, modelFetch } from './model-fetch.ts';

let runner: Http2Session | null = null;
afterEach(() => runner?.destroy());

interface Asked {
  headers: Record<string, unknown>;
  body: string;
}

function asking(answer: (stream: ServerHttp2Stream) => void) {
  const [guestEnd, runnerEnd] = duplexPair();
  const asked: Asked[] = [];
  runner = performServerHandshake(runnerEnd);
  runner.on('stream', (stream: ServerHttp2Stream, headers) => {
    const one: Asked = { headers: { ...headers }, body: '' };
    asked.push(one);
    stream.on('error', () => undefined).setEncoding('utf8');
    stream.on('data', (chunk: string) => {
      one.body += chunk;
    });
    stream.on('end', () => answer(stream));
  });
  const link: Link = openLink(guestEnd);
  const llm = createLlmWatch();
  let answers = 0;
  const fetch = modelFetch(link, llm, () => {
    answers += 1;
  });
  const ask = (more: RequestInit = {}) =>
    fetch(`${MODEL_BASE_URL}/chat/completions`, { method: 'POST', body: '{"a":1}', ...more });
  return { ask, asked, link, llm, answers: () => answers };
}

const stream200 = { ':status': 200, 'content-type': 'text/event-stream', 'x-inner': 'kept back' };

test('a request goes over the link with the headers that may pass, and its answer comes back', async () => {
  const { ask, asked, link, answers } = asking((stream) => {
    stream.respond(stream200);
    stream.end('data: hello\n\n');
  });
  const headers = { 'content-type': 'application/json', authorization: 'Bearer none', 'x-stainless': '1' };
  const response = await ask({ headers });
  expect(response.status).toBe(200);
  expect(Object.fromEntries(response.headers)).toEqual({ 'content-type': 'text/event-stream' });
  expect(await response.text()).toBe('data: hello\n\n');
  const [{ headers: seen, body } = { headers: {}, body: '' }] = asked;
  expect(seen).toMatchObject({ ':method': 'POST', ':path': '/llm/v1/chat/completions' });
  expect(Object.keys(seen)).not.toContain('authorization');
  expect(Object.keys(seen)).not.toContain('x-stainless');
  expect(body).toBe('{"a":1}');
  expect(answers()).toBe(1);
  await link.close();
});

test('an answer that is not read to its end does not hold the link', async () => {
  const { ask, link } = asking((stream) => {
    stream.respond(stream200);
    stream.end('x'.repeat(50_000));
  });
  await ask();
  await link.close();
});

test('what is not read is not kept without end', async () => {
  const { ask, link } = asking((stream) => {
    stream.respond(stream200);
    stream.end('x'.repeat(1_000_000));
  });
  const response = await ask();
  expect((await response.text()).length).toBe(1_000_000);
  await link.close();
});

test('an answer of which its reader has enough is still taken whole, not reset', async () => {
  const wasReset = Promise.withResolvers<boolean>();
  const { ask, link } = asking((stream) => {
    stream.once('close', () => wasReset.resolve(stream.rstCode !== 0));
    stream.respond(stream200);
    stream.write('data: [DONE]\n\n');
    stream.end('x'.repeat(1_000_000));
  });
  const reader = (await ask()).body?.getReader();
  await reader?.read();
  await reader?.cancel();
  expect(await wasReset.promise).toBe(false);
  await link.close();
});

test('an error is told to the watch, word for word', async () => {
  const { ask, llm, link } = asking((stream) => {
    stream.respond({ ':status': 502, 'content-type': 'application/json' });
    stream.end(JSON.stringify({ error: { message: 'no credit left' } }));
  });
  const response = await ask();
  expect(response.status).toBe(502);
  await response.text();
  expect(llm.failure()).toEqual({ code: null, message: 'no credit left', mayChange: true });
  await link.close();
});

test.each(['reset', 'cancel'] as const)('a stream that breaks (%s) before its answer rejects', async (how) => {
  const { ask } = asking((stream) => stream.close(how === 'reset' ? 2 : 8));
  await expect(ask()).rejects.toThrow();
});

test.each(['stream', 'link'] as const)('an answer whose %s breaks off is not taken for whole', async (what) => {
  const { ask } = asking((stream) => {
    stream.respond(stream200);
    stream.write('data: hel', () => {
      if (what === 'stream') stream.destroy(new Error('broken'));
      else runner?.destroy();
    });
  });
  const response = await ask();
  // Words by which Pi knows that it may ask again.
  await expect(response.text()).rejects.toThrow(what === 'stream' ? 'connection lost' : undefined);
});

test('a request that is aborted ends with its reason', async () => {
  const { ask } = asking(() => undefined);
  const stop = new AbortController();
  const asked = ask({ signal: stop.signal });
  stop.abort();
  await expect(asked).rejects.toMatchObject({ name: 'AbortError' });
});

test('a body over the limit is not sent', async () => {
  const { ask, asked } = asking(() => undefined);
  const body = 'x'.repeat(LIMITS.guest.bodyBytes + 1);
  await expect(ask({ body })).rejects.toMatchObject({ code: 'body_too_large' });
  expect(asked).toEqual([]);
});

test('an answer over the limit breaks off', async () => {
  const { ask } = asking((stream) => {
    stream.respond(stream200);
    stream.end(Buffer.alloc(LIMITS.guest.answerBytes + 1));
  });
  const response = await ask();
  await expect(response.text()).rejects.toThrow('larger than');
});
