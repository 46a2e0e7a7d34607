// Every route of the server with every method that it does not have: 405 with what it has. And probes without a
// host.
import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { BUILT_IN } from '../../src/server/built-in.ts';
import { startTestServer, type TestServer, withExamples } from '../fixtures/server.ts';

const METRICS_TOKEN = 'm'.repeat(32);
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND'];
const ID = '5b1c2f0e-8f0a-4b51-9d0b-2f6f3c1a7e55';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({
    packs: withExamples('crm'),
    telemetry: { metricsToken: METRICS_TOKEN, traces: null },
  });
});
afterAll(() => server?.stop());

const commands = BUILT_IN.map(({ http }) => {
  const [method = '', path = ''] = http.split(' ');
  return { method, path: `/api/v1${path.replace(/\{[^}]+\}/g, ID)}` };
});
const ofPath = (path: string) => commands.filter((command) => command.path === path).map(({ method }) => method);

const PATHS: [path: string, methods: string[]][] = [
  ...[...new Set(commands.map(({ path }) => path))].map((path): [string, string[]] => [path, ofPath(path)]),
  ['/api/v1/commands', ['GET']],
  ['/api/v1/contacts', ['GET']],
  ['/session', ['GET', 'POST', 'DELETE']],
  ['/llm/v1/models', ['GET']],
  ['/llm/v1/chat/completions', ['POST']],
  ['/mcp', ['POST']],
  ['/.well-known/oauth-protected-resource/mcp', ['GET']],
  ['/metrics', ['GET']],
  ['/openapi.json', ['GET']],
  ['/docs', ['GET']],
  ['/cli/seed.mjs', ['GET']],
  ['/healthz', ['GET']],
  ['/readyz', ['GET']],
  ['/', ['GET']],
  ['/runner/v1/lease', ['POST']],
  [`/runner/v1/tasks/${ID}/files`, ['GET']],
  [`/runner/v1/tasks/${ID}/artifacts`, ['PUT', 'DELETE']],
];

it.each(PATHS)('%s has %j and no other method', async (path, methods) => {
  const has = methods.flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method]));
  const key = path.startsWith('/runner/') ? server.runnerToken : server.adminKey;
  for (const method of METHODS.filter((candidate) => !has.includes(candidate))) {
    const answer = await fetch(server.url + path, { method, headers: { authorization: `Bearer ${key}` } });
    expect(answer.status, method).toBe(405);
    expect(answer.headers.get('allow')?.split(', ').sort(), method).toEqual(has.toSorted());
    const text = await answer.text();
    if (method !== 'HEAD') expect(JSON.parse(text).error.code).toBe('method_not_allowed');
  }
});

it('a stranger is not told what methods there are, and what is nowhere stays 404', async () => {
  expect((await server.call('DELETE', '/api/v1/keys', { key: null })).status).toBe(401);
  expect((await server.call('PUT', '/runner/v1/lease')).status).toBe(401);
  for (const path of ['/nothing', '/api/v1/nothing', '/llm/v1/nothing', '/assets/nothing.js'])
    expect((await server.call('POST', path)).status, path).toBe(404);
});

async function answerTo(text: string): Promise<string> {
  const { hostname, port } = new URL(server.url);
  const socket = connect({ host: hostname, port: Number(port) });
  let answer = '';
  socket.setEncoding('utf8').on('data', (chunk: string) => {
    answer += chunk;
  });
  socket.write(text);
  await once(socket, 'close');
  return answer;
}

it.each(['/healthz', '/readyz', '/healthz?from=probe'])('%s answers whoever asks, and however', async (path) => {
  for (const request of [
    `GET ${path} HTTP/1.0\r\n\r\n`,
    `HEAD ${path} HTTP/1.0\r\n\r\n`,
    `GET ${path} HTTP/1.1\r\nHost:\r\nConnection: close\r\n\r\n`,
    `GET ${path} HTTP/1.1\r\nHost: a_b..:99999\r\nConnection: close\r\n\r\n`,
    `GET ${path} HTTP/1.1\r\nHost: /x?y@[::\r\nConnection: close\r\n\r\n`,
  ])
    expect(await answerTo(request), request).toMatch(/^HTTP\/1\.[01] 200 /);
});
