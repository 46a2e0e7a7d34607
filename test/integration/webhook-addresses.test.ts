// No way in: whatever way an internal address is written or a name leads to it, nothing is dialled.
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SeedError } from '../../src/protocol/errors.ts';
import { createPost, type PostOutcome, type Resolve, resolveByDns } from '../../src/server/webhooks/post.ts';
import { webhookUrl } from '../../src/server/webhooks/url.ts';
import { INTERNAL_IPV4, INTERNAL_IPV6, spellings } from '../fixtures/internal-addresses.ts';
import { LOOPBACK } from '../fixtures/webhook-dispatcher.ts';
import { startReceiver } from '../fixtures/webhook-receiver.ts';

/** Of the addresses that names lead to here, none may be dialled; a public one stands beside them. */
const PUBLIC = '93.184.215.14';

let listener: Server;
let port: number;
let connections = 0;

/** Listens on every address of this machine, of both families. */
beforeAll(async () => {
  listener = createServer((socket) => {
    connections += 1;
    socket.on('error', () => undefined);
    socket.end('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n');
  });
  listener.listen(0, '::');
  await once(listener, 'listening');
  port = (listener.address() as AddressInfo).port;
});
afterAll(() => {
  listener.close();
});

const never = new AbortController().signal;

/** As a caller would have it: the URL is checked when it is set, and again where it leads at the attempt. */
async function attempt(url: string, networks: readonly string[] = [], resolve: Resolve = async () => []) {
  try {
    const checked = webhookUrl(url, networks);
    return await createPost({ resolve, allowedNetworks: networks, timeoutMs: 2_000 })(
      { url: checked, headers: {}, body: '{}' },
      never,
    );
  } catch (error) {
    if (error instanceof SeedError && error.code === 'invalid_input') return 'refused';
    throw error;
  }
}

/** As if the URL had come into the database unchecked. */
async function attemptUnchecked(url: string): Promise<PostOutcome | 'refused'> {
  if (URL.parse(url) === null) return 'refused';
  const post = createPost({ resolve: async () => [], allowedNetworks: [], timeoutMs: 2_000 });
  return post({ url, headers: {}, body: '{}' }, never);
}

const HOSTS = [
  ...new Set([...INTERNAL_IPV4.flatMap(spellings), ...INTERNAL_IPV6.map((address) => `[${address}]`)]),
];

it('in over 200 spellings an internal address gets 0 connections, whether its URL was checked before or not', async () => {
  expect(HOSTS.length).toBeGreaterThan(200);
  for (const host of HOSTS) {
    const url = `http://${host}:${port}/`;
    const outcome = await attempt(url);
    if (outcome !== 'refused') expect(outcome.error, url).toMatch(/^(address_not_allowed|name_not_resolved)$/);
    const unchecked = await attemptUnchecked(url);
    if (unchecked !== 'refused') expect(unchecked.error, url).toMatch(/^(address_not_allowed|name_not_resolved)$/);
  }
  expect(connections).toBe(0);
});

it('what is tested would connect: once loopback is allowed the spellings of it do', async () => {
  const before = connections;
  const ways = spellings('127.0.0.1').slice(0, 23);
  const outcomes = await Promise.all(ways.map((host) => attempt(`http://${host}:${port}/`, LOOPBACK)));
  const reached = outcomes.filter((outcome) => outcome !== 'refused' && outcome.status === 200);
  expect(reached.length).toBeGreaterThan(15);
  expect(connections - before).toBe(reached.length);
});

describe('a name', () => {
  it.each([...INTERNAL_IPV4, ...INTERNAL_IPV6, '::ffff:127.0.0.1', '::ffff:7f00:1', 'fe80::1%lo'])(
    'that leads to %s is not followed there, also beside a public address',
    async (address) => {
      const before = connections;
      for (const addresses of [[address], [PUBLIC, address], [address, PUBLIC]]) {
        const outcome = await attempt(`http://hooks.example.test:${port}/`, [], async () => addresses);
        expect(outcome).toMatchObject({ status: null, error: 'address_not_allowed' });
      }
      expect(connections).toBe(before);
    },
  );

  it.each(['localhost', 'LOCALHOST', 'localhost.', 'a.localhost', 'a.b.localhost.'])(
    '%s is this machine, whatever name servers say',
    async (name) => {
      const before = connections;
      const url = `http://${name}:${port}/`;
      expect(await attempt(url, [], resolveByDns)).toBe('refused');
      // Of one that was set while ranges were allowed, and are no more.
      const post = await attempt(url, ['10.0.0.0/8'], resolveByDns);
      expect(post).toMatchObject({ error: 'address_not_allowed' });
      expect(connections).toBe(before);
      expect(await attempt(url, [...LOOPBACK, '::1'], resolveByDns)).toMatchObject({ status: 200 });
    },
  );

  it('that changes between look-ups is looked up once an attempt, and what was checked is dialled', async () => {
    const [allowed, inside] = await Promise.all([startReceiver(), startReceiver()]);
    const answers = [['127.0.0.1'], ['127.0.0.2'], ['127.0.0.1', '127.0.0.2']];
    let lookUps = 0;
    const post = createPost({
      resolve: async () => answers[lookUps++] ?? [],
      allowedNetworks: ['127.0.0.1/32'],
      timeoutMs: 2_000,
    });
    const url = `http://rebind.example.test:${new URL(allowed.url).port}/`;
    const send = () => post({ url, headers: {}, body: JSON.stringify({}) }, never);
    expect(await send()).toMatchObject({ status: 204 });
    expect(await send()).toMatchObject({ error: 'address_not_allowed' });
    expect(await send()).toMatchObject({ error: 'address_not_allowed' });
    expect(await send()).toMatchObject({ error: 'name_not_resolved' });
    expect(lookUps).toBe(4);
    expect(allowed.connections()).toBe(1);
    expect(allowed.received[0]?.headers['host']).toBe(new URL(url).host);
    expect(inside.connections()).toBe(0);
    await Promise.all([allowed.close(), inside.close()]);
  });

  it('whose look-up hangs or breaks has failed', async () => {
    const url = `http://slow.example.test:${port}/`;
    const patience = AbortSignal.timeout(100);
    const hangs = createPost({ resolve: () => new Promise(() => {}), allowedNetworks: [] });
    expect(await hangs({ url, headers: {}, body: '{}' }, patience)).toMatchObject({ error: 'timeout' });
    const breaks = createPost({ resolve: () => Promise.reject(new Error('no')), allowedNetworks: [] });
    expect(await breaks({ url, headers: {}, body: '{}' }, never)).toMatchObject({
      error: 'name_not_resolved',
    });
  });
});

it('proxies of the environment are not used', async () => {
  const [proxy, receiver] = await Promise.all([startReceiver(), startReceiver()]);
  const script = `
    import { createPost } from ${JSON.stringify(new URL('../../src/server/webhooks/post.ts', import.meta.url).href)};
    const post = createPost({ resolve: async () => ['127.0.0.1'], allowedNetworks: ['127.0.0.0/8'] });
    const url = 'http://hooks.example.test:${new URL(receiver.url).port}/';
    console.log((await post({ url, headers: {}, body: '{}' }, new AbortController().signal)).status);`;
  const env = {
    PATH: process.env['PATH'],
    NODE_USE_ENV_PROXY: '1',
    HTTP_PROXY: proxy.url,
    http_proxy: proxy.url,
    HTTPS_PROXY: proxy.url,
    ALL_PROXY: proxy.url,
  };
  const args = ['--input-type=module', '--eval', script];
  const { stdout } = await promisify(execFile)(process.execPath, args, { env });
  expect(stdout.trim()).toBe('204');
  expect(receiver.connections()).toBe(1);
  expect(proxy.connections()).toBe(0);
  await Promise.all([proxy.close(), receiver.close()]);
});

describe('a URL that nothing can ever be delivered to is refused when it is set', () => {
  it.each([
    'https://localhost/',
    'http://LOCALHOST./x',
    'https://hooks/',
    'https://app.localhost',
    'https://printer.local',
  ])('%s, for its name', (url) => {
    expect(() => webhookUrl(url, [])).toThrow('means nothing outside');
    expect(webhookUrl(url, LOOPBACK)).toContain('://');
  });
  it.each(['https://api.svc.internal', 'https://nas.home.arpa/', 'https://wiki.corp'])(
    '%s, for its name',
    (url) => {
      expect(() => webhookUrl(url, [])).toThrow('means nothing outside');
    },
  );
  it.each([[], LOOPBACK])('for its port, or a name that nobody has', (...networks) => {
    expect(() => webhookUrl('https://example.com:0/', networks.flat() as string[])).toThrow('port 0');
    expect(() => webhookUrl('https://hooks.invalid', networks.flat() as string[])).toThrow('nobody has');
  });
  it.each([
    'https://example.com',
    'https://localhost.example.com/',
    'https://internal.io/x',
    'https://xn--bcher-kva.example/',
  ])('%s is not', (url) => expect(webhookUrl(url, [])).toContain('://'));
});
