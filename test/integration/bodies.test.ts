// Bodies of any type sent to every group of routes, much larger than any may be: the server, in a process of its
// own, holds next to nothing of them, goes on answering, and reads no more than it may. SEED_BODIES=full sends 20
// GB of each type.
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { LIMITS } from '../../src/protocol/limits.ts';
import { RUNNER_HEADER } from '../../src/protocol/runner.ts';
import { type ServerProcess, startServerProcess } from '../fixtures/server-process.ts';

const MB = 1_000_000;
const FULL = process.env['SEED_BODIES'] === 'full';
/** Of each media type, in turn. */
const TOTAL_BYTES = FULL ? 20_000 * MB : 200 * MB;
/** What one request says that it brings, or brings in chunks. */
const BODY_BYTES = 200 * MB;
const MOST_RESIDENT_BYTES = 400 * MB;
const AT_ONCE = 4;
const LOOK_EVERY_MS = 50;

let server: ServerProcess;
beforeAll(async () => {
  server = await startServerProcess({ SEED_LOG_LEVEL: 'error' });
});
afterAll(() => server?.stop());

const LEASE = '00000000-0000-4000-8000-000000000000';
const ROUTES: readonly { method: string; path: string; as: 'admin' | 'runner' | 'nobody' }[] = [
  { method: 'POST', path: '/api/v1/tasks/run', as: 'admin' },
  { method: 'POST', path: '/api/v1/tasks/run', as: 'nobody' },
  { method: 'POST', path: '/api/v1/keys', as: 'admin' },
  { method: 'DELETE', path: `/api/v1/webhooks/${LEASE}`, as: 'admin' },
  { method: 'GET', path: '/api/v1/keys', as: 'admin' },
  { method: 'POST', path: '/session', as: 'nobody' },
  { method: 'DELETE', path: '/session', as: 'nobody' },
  { method: 'POST', path: '/mcp', as: 'admin' },
  { method: 'POST', path: '/llm/v1/chat/completions', as: 'admin' },
  { method: 'POST', path: '/runner/v1/lease', as: 'runner' },
  { method: 'POST', path: `/runner/v1/tasks/${LEASE}/events`, as: 'runner' },
  { method: 'PUT', path: `/runner/v1/tasks/${LEASE}/artifacts?name=a`, as: 'runner' },
  { method: 'PUT', path: '/runner/v1/nothing', as: 'nobody' },
  { method: 'POST', path: '/nothing/here', as: 'nobody' },
  { method: 'HEAD', path: '/healthz', as: 'nobody' },
  { method: 'POST', path: '/docs', as: 'nobody' },
  { method: 'OPTIONS', path: '/api/v1/keys', as: 'nobody' },
];

const FORM_FILE = '--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n';
const TYPES: readonly { what: string; headers: readonly string[]; opening?: string }[] = [
  { what: 'application/json', headers: ['Content-Type: application/json'], opening: '{"instruction":"' },
  { what: 'text/plain', headers: ['Content-Type: text/plain'] },
  {
    what: 'multipart/form-data',
    headers: ['Content-Type: multipart/form-data; boundary=b'],
    opening: FORM_FILE,
  },
  { what: 'multipart/form-data without a boundary', headers: ['Content-Type: multipart/form-data'] },
  { what: 'multipart/form-data-x', headers: ['Content-Type: multipart/form-data-x; boundary=b'] },
  { what: 'multipart/mixed', headers: ['Content-Type: multipart/mixed; boundary=b'], opening: FORM_FILE },
  { what: 'application/octet-stream', headers: ['Content-Type: application/octet-stream'] },
  { what: 'no type', headers: [] },
  {
    what: 'a type twice',
    headers: ['Content-Type: multipart/form-data; boundary=b', 'Content-Type: text/plain'],
  },
  { what: 'a packed body', headers: ['Content-Type: application/json', 'Content-Encoding: gzip'] },
  { what: 'a body that is asked for', headers: ['Content-Type: text/plain', 'Expect: 100-continue'] },
];

const piece = Buffer.alloc(64 * 1024, 'x');
const chunk = Buffer.concat([Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from('\r\n')]);

interface Sent {
  bytes: number;
  /** Null: the connection broke before an answer was seen. */
  status: number | null;
}

/** Sends until all is sent or the server has hung up; resolves when the connection is closed. */
async function send(
  { method, path, as }: (typeof ROUTES)[number],
  { headers, opening = '' }: (typeof TYPES)[number],
  framing: 'chunked' | 'content-length',
): Promise<Sent> {
  const { hostname, port } = new URL(server.url);
  const socket = connect(Number(port), hostname);
  let answer = '';
  socket.on('data', (text) => {
    answer = (answer + text).slice(0, 4096);
  });
  socket.on('error', () => undefined);
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  const key = { admin: server.adminKey, runner: server.runnerToken, nobody: 'nobody' }[as];
  const isChunked = framing === 'chunked';
  const length = isChunked ? 'Transfer-Encoding: chunked' : `Content-Length: ${BODY_BYTES}`;
  const lines = [`${method} ${path} HTTP/1.1`, 'Host: seed', `Authorization: Bearer ${key}`, length];
  socket.write(
    `${[...lines, `${RUNNER_HEADER.lease}: ${LEASE}`, `${RUNNER_HEADER.batch}: 1`, ...headers].join('\r\n')}\r\n\r\n`,
  );
  if (opening !== '')
    socket.write(isChunked ? `${Buffer.byteLength(opening).toString(16)}\r\n${opening}\r\n` : opening);
  let bytes = opening.length;
  while (bytes < BODY_BYTES && socket.writable) {
    bytes += piece.length;
    if (!socket.write(isChunked ? chunk : piece)) await drained(socket, closed);
  }
  socket.end();
  // What was given to a socket that then broke was not sent.
  const unsent = socket.writableLength;
  await closed;
  // 100 Continue is no answer yet.
  const status = /^HTTP\/1\.1 ([2-5]\d\d)/m.exec(answer)?.[1];
  return { bytes: bytes - unsent, status: status === undefined ? null : Number(status) };
}

function drained(socket: Socket, closed: Promise<unknown>): Promise<unknown> {
  return Promise.race([once(socket, 'drain').catch(() => undefined), closed]);
}

const megabytes = (bytes: number) => Math.round(bytes / MB);

/** What the server holds at the most, and how long somebody else waits for an answer, until the work is done. */
async function watch(work: Promise<void>): Promise<{ peakBytes: number; slowestMs: number }> {
  let isOver = false;
  const over = work.finally(() => {
    isOver = true;
  });
  let peakBytes = 0;
  let slowestMs = 0;
  while (!isOver) {
    peakBytes = Math.max(peakBytes, await server.residentBytes());
    const asked = performance.now();
    expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
    slowestMs = Math.max(slowestMs, performance.now() - asked);
    await Promise.race([over, new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS))]);
  }
  await over;
  return { peakBytes, slowestMs };
}

test.each(TYPES)('$what', { timeout: FULL ? 3_600_000 : 60_000 }, async (type) => {
  const routes = ROUTES.flatMap((route) => [
    { route, framing: 'chunked' as const },
    { route, framing: 'content-length' as const },
  ]);
  let sentBytes = 0;
  let next = 0;
  const statuses = new Map<string, Set<number | null>>();
  const one = async () => {
    // Every route at least once.
    while (sentBytes < TOTAL_BYTES || next < routes.length) {
      const { route, framing } = routes[next++ % routes.length] ?? never();
      const { bytes, status } = await send(route, type, framing);
      sentBytes += bytes;
      const name = `${route.method} ${route.path} as ${route.as}`;
      statuses.set(name, (statuses.get(name) ?? new Set()).add(status));
    }
  };
  const { peakBytes, slowestMs } = await watch(
    Promise.all(Array.from({ length: AT_ONCE }, one)).then(() => undefined),
  );
  console.log(
    `${type.what}: ${megabytes(sentBytes)} MB in ${next} requests, ${megabytes(peakBytes)} MB resident, slowest other answer ${Math.round(slowestMs)} ms`,
  );
  expect(peakBytes).toBeLessThan(MOST_RESIDENT_BYTES);
  expect(slowestMs).toBeLessThan(3_000);
  for (const [name, seen] of statuses)
    for (const status of seen) expect([null, 400, 401, 403, 404, 405, 409, 413, 415, 429], name).toContain(status);
});

test('JSON with files that is as large as it may be, many at once', async () => {
  const file = { name: 'a', content: 'QUFB'.repeat((LIMITS.filesBodyBytes - 1_000) / 4) };
  const body = JSON.stringify({ instruction: 'hi', files: [file] });
  const headers = { authorization: `Bearer ${server.adminKey}`, 'content-type': 'application/json' };
  const post = async () => {
    const answer = await fetch(`${server.url}/api/v1/tasks/run`, { method: 'POST', headers, body });
    expect([answer.status, await answer.text()]).toEqual([202, expect.any(String)]);
  };
  const { peakBytes, slowestMs } = await watch(Promise.all(Array.from({ length: 8 }, post)).then(() => undefined));
  console.log(
    `JSON at its limit: ${megabytes(peakBytes)} MB resident, slowest other answer ${Math.round(slowestMs)} ms`,
  );
  // Held all at once they would take more than 700 MB.
  expect(peakBytes).toBeLessThan(500 * MB);
  expect(slowestMs).toBeLessThan(3_000);
});

function never(): never {
  throw new Error('there is always a next route');
}
