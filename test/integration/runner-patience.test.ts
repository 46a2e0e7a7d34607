// What a guest asks for while its server is away: the runner's end of the stream waits, and asks again what is
// safe to ask again.

import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type RunnerSetUp, startFakeRunner } from '../fixtures/fake-runner.ts';
import { type Answer, type FakeServer, json } from '../fixtures/fake-server.ts';
import { createStreamDriver, type PlayedGuest } from '../fixtures/stream-driver.ts';

let server: FakeServer;
let guest: PlayedGuest;
let logged: RunnerSetUp['logged'];
let stop: RunnerSetUp['stop'];

beforeEach(async () => {
  const driver = createStreamDriver();
  ({ server, logged, stop } = await startFakeRunner(driver));
  server.queue({ files: [{ name: 'a.csv', size: 3, type: 'text/plain', sha256: '' }] });
  guest = await driver.nextGuest();
});
afterEach(() => stop());

const get = (path: string) => guest.send({ ':method': 'GET', ':path': path });
const post = (path: string, body = '{}', headers: Record<string, string> = {}) =>
  guest.send({ ':method': 'POST', ':path': path, ...headers }, body);

/** Answers one call after the other; the last answer is repeated. */
function answersInTurn(...answers: Answer[]): Answer {
  let calls = 0;
  return (request, response) => answers[Math.min(calls++, answers.length - 1)]?.(request, response);
}

const ok: Answer = (_request, response) => json(response, 200, { ok: true });
const error = (status: number, code: string): Answer => {
  return (_request, response) => {
    response.setHeader('retry-after', '0');
    json(response, status, { error: { code, message: code, hint: null, requestId: null } });
  };
};
const page = (status: number): Answer => {
  return (_request, response) => void response.writeHead(status, { 'content-type': 'text/html' }).end('<h1>nginx');
};
const cut: Answer = (_request, response) => void response.destroy();
const cutInside: Answer = (_request, response) => {
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': '100' }).write('{"ok"');
  setImmediate(() => response.destroy());
};
const stream = (response: ServerResponse) =>
  response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
const cutAfterHeaders: Answer = (_request, response) => {
  stream(response);
  setImmediate(() => response.destroy());
};

const away = {
  'cuts the connection': cut,
  'breaks off in a short answer': cutInside,
  'is stopping': error(503, 'unavailable'),
  'has no room': error(503, 'storage_full'),
  'has a proxy that answers 502': page(502),
  'has a proxy that answers 503': page(503),
  'has a proxy that answers 504': page(504),
};

describe.each(Object.entries(away))('a server that %s', (_name, problem) => {
  test('is asked again for a command', async () => {
    server.api = answersInTurn(problem, problem, ok);
    expect(await get('/api/v1/keys')).toMatchObject({ status: 200, body: '{"ok":true}' });
    expect(server.seen.length).toBe(3);
  });

  test('is sent a write again, as the same one', async () => {
    server.api = answersInTurn(problem, ok);
    expect((await post('/api/v1/keys', '{"name":"x"}')).status).toBe(200);
    const [first, second] = server.seen;
    expect(second?.body).toBe('{"name":"x"}');
    expect(first?.headers['idempotency-key']).toMatch(/^[0-9a-f-]{36}$/);
    expect(second?.headers['idempotency-key']).toBe(first?.headers['idempotency-key']);
    await post('/api/v1/keys', '{"name":"x"}');
    expect(server.seen[2]?.headers['idempotency-key']).not.toBe(first?.headers['idempotency-key']);
  });

  test('is sent a model call again', async () => {
    server.llm = [problem, ok];
    expect((await post('/llm/v1/chat/completions')).status).toBe(200);
  });
});

test('a model call of which only the headers came is sent again', async () => {
  server.llm = [cutAfterHeaders, ok];
  expect(await post('/llm/v1/chat/completions')).toMatchObject({ status: 200, body: '{"ok":true}' });
  expect(server.seen.length).toBe(2);
});

test('a model call of which something was handed on is broken off, and not sent again', async () => {
  server.llm = [
    (_request, response) => {
      stream(response);
      response.write('data: 1\n\n', () => setTimeout(() => response.destroy(), 50));
    },
    ok,
  ];
  const asked = guest.session.request({ ':method': 'POST', ':path': '/llm/v1/chat/completions' });
  asked.end('{}');
  asked.resume();
  const [problem] = (await once(asked, 'error')) as [NodeJS.ErrnoException];
  expect(problem.code).toBe('ERR_HTTP2_STREAM_ERROR');
  expect(server.seen.length).toBe(1);
});

test.each([
  ['llm_unavailable', 502],
  ['platform_unavailable', 502],
  ['no_usable_driver', 503],
  ['outcome_unknown', 409],
  ['conflict', 409],
  ['internal', 500],
  ['rate_limited', 429],
])('what the server answers with %s is passed on as it is', async (code, status) => {
  server.api = error(status, code);
  const answer = await post('/api/v1/keys');
  expect(answer.status).toBe(status);
  expect(JSON.parse(answer.body).error.code).toBe(code);
  expect(server.seen.length).toBe(1);
});

test('a write whose first sending still runs is waited for', async () => {
  server.api = answersInTurn(cut, error(409, 'idempotency_in_progress'), ok);
  expect((await post('/api/v1/keys')).status).toBe(200);
});

test('the key that a guest sends itself is kept', async () => {
  server.api = answersInTurn(cut, ok);
  await post('/api/v1/tasks/run', '{}', { 'idempotency-key': 'its-own' });
  expect(server.seen.map(({ headers }) => headers['idempotency-key'])).toEqual(['its-own', 'its-own']);
});

test('a server that is down is waited for by all that a guest asks', async () => {
  server.files.set('a.csv', 'one');
  await server.down();
  const waiting = Promise.all([
    get('/cli/seed.mjs'),
    get('/api/v1/commands'),
    post('/api/v1/keys'),
    post('/llm/v1/chat/completions'),
    post('/events', `${JSON.stringify({ type: 'text', text: 'hello' })}\n`),
  ]);
  await expect.poll(() => logged().split('a call of the guest waits').length - 1).toBe(4);
  await server.up();
  expect((await waiting).map(({ status }) => status)).toEqual([200, 200, 200, 200, 204]);
  expect(server.events).toEqual([{ type: 'text', text: 'hello' }]);
});

test('a guest that turns away is waited for no longer', async () => {
  server.api = error(503, 'unavailable');
  const asked = guest.session.request({ ':method': 'GET', ':path': '/api/v1/keys' });
  await expect.poll(() => server.seen.length).toBeGreaterThan(0);
  asked.close();
  await once(asked, 'close');
  // What is asked next is answered after whatever would have come of that one.
  server.api = ok;
  const { length } = server.seen;
  await get('/api/v1/whoami');
  await get('/api/v1/whoami');
  expect(server.seen.slice(length).map(({ url }) => url)).toEqual(['/api/v1/whoami', '/api/v1/whoami']);
});

test('artifacts that were not taken because the server was away do not count', async () => {
  const size = 32 * 1024 * 1024;
  await server.down();
  const put = () =>
    guest
      .send({ ':method': 'PUT', ':path': '/artifacts/a', 'content-length': '3' }, 'one')
      .then(({ status }) => status);
  expect(await put()).toBe(503);
  for (let sent = 0; sent < 17; sent += 1) {
    const stream = guest.session.request({
      ':method': 'PUT',
      ':path': '/artifacts/large',
      'content-length': String(size),
    });
    stream.on('error', () => undefined);
    const [answer] = await once(stream, 'response');
    expect(answer[':status']).toBe(503);
    stream.close();
  }
  await server.up();
  expect(await put()).toBe(204);
});
