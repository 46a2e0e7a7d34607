// The runner's end of the stream against a guest that the test plays: what it lets through, and as what.

import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { LIMITS } from '../../src/protocol/limits.ts';
import { type RunnerSetUp, startFakeRunner } from '../fixtures/fake-runner.ts';
import { type FakeServer, json, TASK_KEY } from '../fixtures/fake-server.ts';
import { createStreamDriver, type PlayedGuest } from '../fixtures/stream-driver.ts';

let server: FakeServer;
let guest: PlayedGuest;
let stop: RunnerSetUp['stop'];

beforeEach(async () => {
  const driver = createStreamDriver();
  ({ server, stop } = await startFakeRunner(driver));
  const about = { type: 'text/plain', sha256: '' };
  server.queue({
    instruction: 'the instruction',
    files: [
      { name: 'a.csv', size: 3, ...about },
      { name: 'b/c.csv', size: 1_000_000, ...about },
    ],
  });
  guest = await driver.nextGuest();
});
afterEach(() => stop());

const get = (path: string, headers: Record<string, string> = {}) =>
  guest.send({ ':method': 'GET', ':path': path, ...headers });
const post = (path: string, body: string | Buffer) => guest.send({ ':method': 'POST', ':path': path }, body);

test('the task and the CLI are there, and no key is in them', async () => {
  const task = await get('/task');
  expect(JSON.parse(task.body)).toMatchObject({ instruction: 'the instruction', model: 'test-model' });
  expect((await get('/cli/seed.mjs')).status).toBe(200);
  expect(task.body).not.toContain('sk_live_');
});

test.each([
  ['GET', '/'],
  ['GET', '/events'],
  ['POST', '/task'],
  ['GET', '/cli/seed.mjs?x=1'],
  ['GET', '/cli/other.mjs'],
  ['GET', '/healthz'],
  ['GET', '/mcp'],
  ['POST', '/runner/v1/lease'],
  ['GET', '/api/v1'],
  ['GET', '/api/v1/'],
  ['GET', '/api/v2/keys'],
  ['GET', '/API/v1/keys'],
  ['GET', '//api/v1/keys'],
  ['GET', '/api/v1//keys'],
  ['GET', '/api/v1/./keys'],
  ['GET', '/api/v1/../../runner/v1/lease'],
  ['GET', '/api/v1/%2e%2e/%2e%2e/runner/v1/lease'],
  ['GET', '/api/v1/..%2f..%2frunner/v1/lease'],
  ['GET', '/api/v1/..%5c..%5crunner'],
  ['GET', '/api/v1/..\\..\\runner'],
  ['GET', '/api/v1/keys%00'],
  ['GET', '/api/v1/keys%0d%0aHost:x'],
  ['GET', '/api/v1/keys#/x'],
  ['GET', '/api/v1/keys%zz'],
  ['TRACE', '/api/v1/keys'],
  ['OPTIONS', '/api/v1/keys'],
  ['DELETE', '/llm/v1/models'],
])('%s %s is refused and not sent on', async (method, path) => {
  const answer = await guest.send({ ':method': method, ':path': path });
  expect(answer.status).toBe(403);
  expect(JSON.parse(answer.body).error).toMatchObject({ code: 'not_allowed' });
  expect(server.seen).toEqual([]);
});

test('a path over the limit is refused', async () => {
  expect((await get(`/api/v1/${'k'.repeat(5000)}`)).status).toBe(403);
  expect(server.seen).toEqual([]);
});

test.each(['/api/v1/a b', '/api/v1/keys?a=b c', 'http://other.example/api/v1/keys', 'other.example/api/v1/keys'])(
  'the path %s breaks the protocol and is not sent on',
  async (path) => {
    await expect(get(path)).rejects.toThrow('PROTOCOL_ERROR');
    expect(server.seen).toEqual([]);
  },
);

test('a call is sent on with the key of the task and without what a guest could pretend', async () => {
  server.api = (_request, response) => {
    response.setHeader('set-cookie', 'a=b');
    response.setHeader('x-internal', 'secret');
    response.setHeader('ratelimit-remaining', '7');
    response.setHeader('retry-after', '3');
    json(response, 418, { teapot: true });
  };
  const answer = await get('/api/v1/keys?limit=5&cursor=a%20b', {
    ':authority': 'other.example',
    authorization: 'Bearer mine',
    cookie: 'a=b',
    'x-forwarded-for': '1.2.3.4',
    'x-forwarded-host': 'other.example',
    forwarded: 'for=1.2.3.4',
    'seed-lease': 'mine',
    te: 'trailers',
    accept: 'application/json',
    prefer: 'wait=5',
    'last-event-id': '7',
    'idempotency-key': 'k1',
  });
  const [seen] = server.seen;
  expect(seen).toMatchObject({ method: 'GET', url: '/api/v1/keys?limit=5&cursor=a%20b' });
  const { host, connection, ...headers } = seen?.headers ?? {};
  expect(headers).toEqual({
    authorization: `Bearer ${TASK_KEY}`,
    accept: 'application/json',
    prefer: 'wait=5',
    'last-event-id': '7',
    'idempotency-key': 'k1',
  });
  expect(host).toBe(new URL(server.url).host);
  expect(connection).toBe('keep-alive');
  expect(answer).toMatchObject({ status: 418, body: '{"teapot":true}' });
  const {
    'set-cookie': cookie,
    'x-internal': internal,
    'ratelimit-remaining': limit,
    'retry-after': retry,
  } = answer.headers;
  expect([cookie, internal, limit, retry]).toEqual([undefined, undefined, '7', '3']);
});

test('an answer without a body and a body without an answer of its own pass', async () => {
  server.api = (request, response) => void response.writeHead(204, { 'x-length': request.body.length }).end();
  expect(await post('/api/v1/keys', 'x'.repeat(1_000_000))).toMatchObject({ status: 204, body: '' });
  expect(server.seen[0]?.body.length).toBe(1_000_000);
});

test('an answer arrives piece by piece, and a guest that turns away ends the call', async () => {
  const upstream = Promise.withResolvers<ServerResponse>();
  server.api = (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: 1\n\n');
    upstream.resolve(response);
  };
  const stream = guest.session.request({ ':method': 'GET', ':path': '/api/v1/tasks/x/events' });
  const [first] = (await once(stream, 'data')) as [Buffer];
  expect(first.toString()).toBe('data: 1\n\n');
  const response = await upstream.promise;
  response.write('data: 2\n\n');
  const [second] = (await once(stream, 'data')) as [Buffer];
  expect(second.toString()).toBe('data: 2\n\n');
  stream.close();
  await once(response, 'close');
});

test('an answer that the server breaks off is broken off for the guest', async () => {
  server.api = (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/x-ndjson' }).write('half');
    setImmediate(() => response.destroy());
  };
  const stream = guest.session.request({ ':method': 'GET', ':path': '/api/v1/keys' });
  stream.resume();
  const [error] = (await once(stream, 'error')) as [NodeJS.ErrnoException];
  expect(error.code).toBe('ERR_HTTP2_STREAM_ERROR');
});

test('no more than 16 calls are at the server at a time, and the next goes through when one ends', async () => {
  const held: ServerResponse[] = [];
  server.api = (_request, response) => held.push(response);
  const calls = Array.from({ length: 40 }, () => get('/api/v1/keys').catch((error: Error) => error));
  await expect.poll(() => held.length).toBe(LIMITS.guest.serverCalls);
  expect(server.seen.length).toBe(LIMITS.guest.serverCalls);
  server.api = (_request, response) => json(response, 200, {});
  for (const response of held) json(response, 200, {});
  await Promise.all(calls);
  expect((await get('/api/v1/keys')).status).toBe(200);
});

test('headers over the limit close the stream and nothing is sent on', async () => {
  await expect(get('/api/v1/keys', { prefer: 'x'.repeat(LIMITS.guest.headerBytes) })).rejects.toThrow();
  expect(server.seen).toEqual([]);
});

test('a body over the limit is refused', async () => {
  const answer = await post('/api/v1/keys', Buffer.alloc(LIMITS.guest.bodyBytes + 1, 'x')).catch((error) => error);
  // The server may see the beginning; it never gets a whole request.
  expect(server.seen.filter(({ body }) => body.length > LIMITS.guest.bodyBytes)).toEqual([]);
  expect(answer.status).toBe(413);
});

test('events are checked, stripped and sent on in order', async () => {
  const text = (value: string) => JSON.stringify({ type: 'text', text: value, seq: 99 });
  expect((await post('/events', `${text('a')}\n${text('b')}\n`)).status).toBe(204);
  expect(server.events).toEqual([
    { type: 'text', text: 'a' },
    { type: 'text', text: 'b' },
  ]);
});

test.each([
  ['no JSON', 'oops', [{ type: 'diagnostic', text: expect.stringContaining('oops') }]],
  [
    'an event that only the server may make',
    JSON.stringify({ type: 'status', status: 'completed', phase: null, error: null }),
    [{ type: 'diagnostic', text: expect.stringContaining('"status":"completed"') }],
  ],
  [
    'one bad event among good ones',
    `${JSON.stringify({ type: 'text', text: 'a' })}\n{"type":"text"}\n{"type":"text","text":"b"}`,
    [
      { type: 'text', text: 'a' },
      { type: 'text', text: '' },
      { type: 'text', text: 'b' },
    ],
  ],
  [
    'an event over the limit',
    JSON.stringify({ type: 'text', text: 'x'.repeat(LIMITS.eventBytes) }),
    [{ type: 'text', text: expect.stringContaining('bytes left out') }],
  ],
  [
    'an id and a name of any length',
    JSON.stringify({ type: 'tool_call', callId: 'i'.repeat(9_000), tool: 't'.repeat(9_000), input: 'ls' }),
    [
      {
        type: 'tool_call',
        callId: expect.stringMatching(/^i+~[0-9a-f]{32}$/),
        tool: expect.stringMatching(/^t+~[0-9a-f]{32}$/),
        input: { value: 'ls' },
      },
    ],
  ],
])('events: %s is kept in a form that can be', async (_name, body, kept) => {
  expect((await post('/events', body)).status).toBe(204);
  expect(server.events).toEqual(kept);
});

test('events: a batch that is too long is refused', async () => {
  const batch = `${JSON.stringify({ type: 'text', text: 'x'.repeat(60_000) })}\n`.repeat(20);
  expect((await post('/events', batch)).status).toBe(413);
  expect(server.events).toEqual([]);
});

test('a result that is none is refused and the task goes on', async () => {
  expect((await post('/result', '{"stdout":1}')).status).toBe(400);
  expect((await get('/task')).status).toBe(200);
  expect(server.settlements.size).toBe(0);
});

const artifact = (name: string, size: number | null, body: string | Buffer) =>
  guest.send(
    {
      ':method': 'PUT',
      ':path': `/artifacts/${encodeURIComponent(name)}`,
      ...(size !== null && { 'content-length': String(size) }),
    },
    body,
  );

test('the files of the task come by their number, and no others', async () => {
  server.files.set('a.csv', 'one');
  server.files.set('b/c.csv', 'x'.repeat(1_000_000));
  expect(await get('/files/0')).toMatchObject({ status: 200, body: 'one' });
  expect((await get('/files/1')).body.length).toBe(1_000_000);
  expect((await get('/files/2')).status).toBe(404);
  expect((await get('/files/a.csv')).status).toBe(403);
});

test('artifacts are sent on as they come, and deleted', async () => {
  expect((await artifact('a/b.csv', 3, 'one')).status).toBe(204);
  expect((await artifact('empty', 0, '')).status).toBe(204);
  expect([...server.artifacts]).toEqual([
    ['a/b.csv', 'one'],
    ['empty', ''],
  ]);
  const gone = { ':method': 'DELETE', ':path': '/artifacts/a%2Fb.csv' };
  expect((await guest.send(gone)).status).toBe(204);
  expect([...server.artifacts.keys()]).toEqual(['empty']);
});

test.each([
  ['without a size', 'a', null, 'x', 400],
  ['whose name leads out', '../a', 1, 'x', 403],
  ['without a name', '', 1, 'x', 403],
])('an artifact %s is refused and not sent on', async (_, name, size, body, expected) => {
  expect((await artifact(name, size, body)).status).toBe(expected);
  expect(server.artifacts.size).toBe(0);
});

test.each([
  ['is less than it says', 10, 'x'],
  ['says that it is too large', LIMITS.artifactBytes + 1, 'x'],
])('an artifact that %s breaks the protocol and is not stored; the guest can go on', async (_, size, body) => {
  await expect(artifact('a', size, body)).rejects.toThrow('PROTOCOL_ERROR');
  expect((await artifact('b', 1, 'x')).status).toBe(204);
  expect([...server.artifacts.keys()]).toEqual(['b']);
});

test('an artifact that is more than it says is not stored', async () => {
  await expect(artifact('a', 1, 'xxxxxxxxxx')).rejects.toThrow();
  expect(server.artifacts.size).toBe(0);
});

test('an artifact that is going to be too large is refused at once', async () => {
  const stream = guest.session.request({
    ':method': 'PUT',
    ':path': '/artifacts/a',
    'content-length': String(LIMITS.artifactBytes + 1),
  });
  const [headers] = await once(stream, 'response');
  expect(headers[':status']).toBe(413);
  stream.close();
});

test('all artifacts of a task together are bounded, replaced ones included', async () => {
  const full = Buffer.alloc(LIMITS.artifactBytes, 'x');
  for (let sent = 0; sent < LIMITS.guest.artifactBytes / full.length; sent += 1) {
    // Said to be as large, and broken off: it counts all the same, without the bytes.
    const stream = guest.session.request({
      ':method': 'PUT',
      ':path': '/artifacts/a',
      'content-length': String(full.length),
    });
    stream.on('error', () => undefined);
    stream.write('x');
    await expect.poll(() => server.openArtifacts).toBe(1);
    stream.close();
    await expect.poll(() => server.openArtifacts).toBe(0);
  }
  const { status, body } = await artifact('b', 1, 'x');
  expect(status).toBe(413);
  expect(body).toContain('with those that were replaced');
}, 60_000);

test('no more than four artifacts at a time', async () => {
  const open = (name: string) =>
    guest.session.request({ ':method': 'PUT', ':path': `/artifacts/${name}`, 'content-length': '3' });
  const streams = ['a', 'b', 'c', 'd'].map(open);
  for (const stream of streams) stream.write('o');
  await expect.poll(() => server.openArtifacts).toBe(4);
  expect((await artifact('e', 1, 'x')).status).toBe(429);
  for (const stream of streams) stream.end('ne');
  await Promise.all(streams.map((stream) => once(stream, 'response')));
  expect((await artifact('e', 1, 'x')).status).toBe(204);
  expect([...server.artifacts.keys()].sort()).toEqual(['a', 'b', 'c', 'd', 'e']);
});

test('the server being away is told with artifacts and files, too', async () => {
  await server.down();
  expect((await artifact('a', 1, 'x')).status).toBe(503);
  expect((await get('/files/0')).status).toBe(503);
  await server.up();
  expect((await artifact('a', 1, 'x')).status).toBe(204);
});
