// What is no sound HTTP, byte by byte over a socket: it is answered with a 4xx or the connection is closed, and
// the server goes on. And what is odd but allowed is answered as ever.
import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../fixtures/server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server?.stop());

/** The status of the first answer; null when the connection is closed without one. */
async function statusOf(bytes: string | Buffer): Promise<number | null> {
  const { hostname, port } = new URL(server.url);
  const socket = connect({ host: hostname, port: Number(port) });
  const chunks: Buffer[] = [];
  socket.on('data', (chunk) => {
    chunks.push(chunk);
    socket.end();
  });
  // The server may close while it is still written to.
  socket.on('error', () => {});
  socket.write(bytes);
  await once(socket, 'close');
  const [, status] = /^HTTP\/1\.1 (\d{3}) /.exec(Buffer.concat(chunks).toString('latin1')) ?? [];
  return status === undefined ? null : Number(status);
}

const request = (line: string, ...headers: string[]) =>
  `${[line, 'Host: x', `Authorization: Bearer ${server.adminKey}`, 'Connection: close', ...headers].join('\r\n')}\r\n\r\n`;

it.each<[string, () => string | Buffer]>([
  ['no HTTP at all', () => 'hello there\r\n\r\n'],
  ['bytes', () => Buffer.from([0x16, 0x03, 0x01, 0x00, 0xff, 0x00, 0x0a, 0x0d])],
  ['no host', () => 'GET /api/v1/whoami HTTP/1.1\r\n\r\n'],
  ['a host that is none', () => 'GET /api/v1/whoami HTTP/1.1\r\nHost: a b/@:x\r\nConnection: close\r\n\r\n'],
  ['headers too large', () => request('GET /api/v1/whoami HTTP/1.1', `X-Long: ${'x'.repeat(20_000)}`)],
  ['a header without a name', () => request('GET /api/v1/whoami HTTP/1.1', ': x')],
  ['two lengths', () => request('POST /api/v1/keys HTTP/1.1', 'Content-Length: 2', 'Content-Length: 3')],
  [
    'length and chunks',
    () => request('POST /api/v1/keys HTTP/1.1', 'Content-Length: 2', 'Transfer-Encoding: chunked'),
  ],
  ['a negative length', () => request('POST /api/v1/keys HTTP/1.1', 'Content-Length: -1')],
  [
    'a broken chunk',
    () =>
      `${request('POST /api/v1/keys HTTP/1.1', 'Content-Type: application/json', 'Transfer-Encoding: chunked')}zz\r\n{}\r\n`,
  ],
  ['bytes in the path', () => Buffer.from(request('GET /api/v1/keys/\xff\xfe HTTP/1.1'), 'latin1')],
  ['a NUL in the path', () => request('GET /api/v1/keys/\0 HTTP/1.1')],
  ['half an escape in the path', () => request('GET /api/v1/keys/%E0%A4%A HTTP/1.1')],
  ['a path above the root', () => request('GET /../../etc/passwd HTTP/1.1')],
  ['an escaped path above the root', () => request('GET /api/v1/%2e%2e/%2e%2e/etc/passwd HTTP/1.1')],
  ['two slashes', () => request('GET //api/v1/whoami HTTP/1.1')],
  ['an asterisk', () => request('OPTIONS * HTTP/1.1')],
  ['a tunnel', () => request('CONNECT x:1 HTTP/1.1')],
  ['TRACE', () => request('TRACE /api/v1/whoami HTTP/1.1')],
])('%s is refused', async (_about, bytes) => {
  const status = await statusOf(bytes());
  if (status !== null) expect(Math.floor(status / 100)).toBe(4);
  expect((await server.call('GET', '/api/v1/whoami')).status).toBe(200);
});

it.each<[string, string, string[]]>([
  ['a whole URL', 'GET http://x/api/v1/whoami HTTP/1.1', []],
  ['HEAD', 'HEAD /api/v1/whoami HTTP/1.1', []],
  ['a question mark and nothing', 'GET /api/v1/whoami? HTTP/1.1', []],
  ['letters written as escapes', 'GET /api/v1/%77hoami HTTP/1.1', []],
  ['a preference that nobody knows', 'GET /api/v1/whoami HTTP/1.1', ['Prefer: wait=x, , handling=strict']],
  ['a position where there is no stream', 'GET /api/v1/whoami HTTP/1.1', ['Last-Event-ID: none']],
  ['an Idempotency-Key where nothing is made', 'GET /api/v1/whoami HTTP/1.1', ['Idempotency-Key: a b']],
  ['a type that nobody speaks', 'GET /api/v1/whoami HTTP/1.1', ['Accept: text/klingon;q=z']],
])('%s is taken', async (_about, line, headers) => {
  expect(await statusOf(request(line, ...headers))).toBe(200);
});
