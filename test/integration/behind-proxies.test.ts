// Seed behind nginx, HAProxy and Caddy, at the root and below a path, as docs/running.md configures them: the odd
// requests of the table, and what takes long or is large. Of each request one answer, and none reaches Seed twice.
import { createHash, randomBytes } from 'node:crypto';
import { request as sendRequest } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Lease } from '../../src/protocol/runner.ts';
import { connectClient } from '../fixtures/mcp-client.ts';
import { type Reached, watchReached } from '../fixtures/odd-requests/reached.ts';
import { SMUGGLED, sendRow } from '../fixtures/odd-requests/row.ts';
import { ODD_REQUESTS } from '../fixtures/odd-requests/table.ts';
import { KNOWN, LEFT_OPEN, THROUGH } from '../fixtures/odd-requests/through.ts';
import {
  PREFIX,
  PROXIES,
  type ProxyName,
  type RunningProxy,
  startProxy,
  versionOf,
  whyNoProxy,
} from '../fixtures/proxies.ts';
import { startTestServer, type TestRunner, type TestServer, testRunner } from '../fixtures/server.ts';

const PLACES = ['root', 'below'] as const;
/** Streams say something every 15 s: twice is longer than the proxies put up with silence. */
const SAID_TWICE_MS = 60_000;

interface Behind {
  proxy: RunningProxy;
  /** Of its task's events, at the root and below the path. */
  streams: Stream[];
  lease: Lease;
  /** An MCP tool that waits for the task's end. */
  called: Promise<unknown>;
}

const undo = new AsyncDisposableStack();
let server: TestServer;
let belowPath: Pick<TestServer, 'url'>;
let runner: TestRunner;
let reached: Reached;
const all = new Map<ProxyName, Behind>();
/** The hosts of requests whose clients have gone. */
const left = new Map<ProxyName, string>();
const installed = PROXIES.filter((name) => whyNoProxy(name) === null);

beforeAll(async () => {
  server = await startTestServer({ trustedProxies: ['127.0.0.1'] });
  undo.defer(() => server.stop());
  const below = await server.sibling({ basePath: PREFIX });
  undo.defer(() => below.stop());
  belowPath = below;
  runner = server.runner({ slots: 10, freeSlots: 10 });
  reached = undo.use(watchReached());
  // Together, so that their streams grow old at the same time.
  for (const name of installed) all.set(name, await startBehind(name));
});
afterAll(() => undo.disposeAsync());

const portOf = ({ url }: Pick<TestServer, 'url'>) => Number(new URL(url).port);
const bearer = () => ({ authorization: `Bearer ${server.adminKey}` });
const urlOf = ({ ports }: RunningProxy, place: (typeof PLACES)[number]) =>
  `http://127.0.0.1:${ports[place]}${place === 'below' ? PREFIX : ''}`;

async function startBehind(name: ProxyName): Promise<Behind> {
  // Caddy takes the path off and says so: its server has no setting.
  const ports = { root: portOf(server), below: portOf(name === 'caddy' ? server : belowPath) };
  const proxy = undo.use(await startProxy(name, ports));
  await server.call('POST', '/api/v1/tasks/run', { body: { instruction: name, timeout: 600_000 } });
  const lease = await runner.lease();
  const path = `/api/v1/tasks/${lease.taskId}/events`;
  const streams = await Promise.all(PLACES.map((place) => openStream(urlOf(proxy, place) + path)));
  const client = await connectClient(urlOf(proxy, 'below'), server.adminKey);
  const called = client
    .callTool(
      { name: 'getTask', arguments: { id: lease.taskId, wait: 300 } },
      { timeout: 300_000, onprogress: () => undefined },
    )
    .finally(() => client.close());
  called.catch(() => undefined);
  return { proxy, streams, lease, called };
}

/** Server-sent events as they come, to their end. */
interface Stream {
  keepAlives(): number;
  data(): string[];
  ended(): boolean;
}

async function openStream(url: string): Promise<Stream> {
  const answer = await fetch(url, { headers: { ...bearer(), accept: 'text/event-stream' } });
  expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'text/event-stream']);
  let text = '';
  let over = false;
  const reading = (async () => {
    for await (const chunk of answer.body?.pipeThrough(new TextDecoderStream()) ?? []) text += chunk;
    over = true;
  })();
  reading.catch(() => undefined);
  return {
    keepAlives: () => text.split(': keep-alive\n\n').length - 1,
    data: () => [...text.matchAll(/^data: (.*)$/gm)].map(([, data = '']) => data),
    ended: () => over && text.includes('event: end'),
  };
}

it('what proxies make of them are rows of the table, and otherwise than Seed answers', () => {
  const rows = new Map(ODD_REQUESTS.map((row) => [row.about, [row.answers].flat()]));
  for (const about of Object.keys(LEFT_OPEN)) expect(rows.has(about), about).toBe(true);
  for (const [about, byProxy] of Object.entries(THROUGH)) {
    const own = rows.get(about);
    expect(own, about).toBeDefined();
    for (const statuses of Object.values(byProxy))
      expect(
        [statuses].flat().every((each) => own?.includes(each)),
        about,
      ).toBe(false);
  }
});

it.each(PROXIES.filter((name) => !installed.includes(name)))('%s', (name) => {
  console.log(whyNoProxy(name));
});

describe.each(installed)('%s', (name) => {
  const isKnown = KNOWN[name].test(versionOf(name));
  const proxy = () => (all.get(name) as Behind).proxy;
  const base = (place: (typeof PLACES)[number]) => urlOf(proxy(), place);
  const hosts: { host: string; about: string; requests: number }[] = [];

  it.each(ODD_REQUESTS.map((row) => [row.about, row] as const))('%s', async (about, row) => {
    const expected = [THROUGH[about]?.[name] ?? row.answers].flat();
    const isLeft = LEFT_OPEN[about]?.includes(name) ?? false;
    for (const place of PLACES) {
      const caller = { prefix: place === 'below' ? PREFIX : '', key: server.adminKey, host: reached.newHost() };
      hosts.push({ host: caller.host, about, requests: row.requests });
      const until = isLeft ? expected[0] : undefined;
      const { statuses, rest, closed } = await sendRow(proxy().ports[place], row, caller, until);
      expect(closed, 'the connection is closed').toBe(true);
      if (!isLeft) expect(rest).toBe('');
      if (isKnown) expect(expected, place).toContain(statuses);
    }
  });

  it('and afterwards the connections that it keeps to Seed are sound', async () => {
    for (const place of PLACES) {
      const asked = Array.from({ length: 20 }, async (_, at) => {
        const path = at % 2 ? '/api/v1/whoami' : `/api/v1/nothing-${at}`;
        const answer = await fetch(base(place) + path, { headers: bearer() });
        return [
          answer.status,
          JSON.stringify(await answer.json()).includes(at % 2 ? '"scopes"' : `nothing-${at}`),
        ];
      });
      const expected = asked.map((_, at) => [at % 2 ? 200 : 404, true]);
      expect(await Promise.all(asked)).toEqual(expected);
    }
  });

  it('a large file goes up and comes down, by a runner that waits for work behind it', async () => {
    const behind = testRunner(base('below'), server.runnerToken);
    const waiting = behind.lease();
    await server.call('POST', '/api/v1/tasks/run', { body: { instruction: 'file' } });
    const lease = await waiting;
    const content = randomBytes(24_000_000);
    expect(await behind.put(lease, 'large.bin', content)).toBe(204);
    const url = `${base('root')}/api/v1/tasks/${lease.taskId}/artifacts/content?name=large.bin`;
    const got = await fetch(url, { headers: bearer() });
    const sha = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
    expect([got.status, sha(new Uint8Array(await got.arrayBuffer()))]).toEqual([200, sha(content)]);
    expect(await behind.settle(lease)).toBe(204);
  });

  it('a held answer comes when the task has ended', async () => {
    const body = JSON.stringify({ instruction: 'held' });
    const headers = { ...bearer(), 'content-type': 'application/json', prefer: 'wait=15' };
    const held = fetch(`${base('below')}/api/v1/tasks/run`, { method: 'POST', headers, body });
    const lease = await runner.lease();
    await runner.settle(lease, { stdout: 'now' });
    const { task } = (await (await held).json()) as { task: { id: string; stdout: string } };
    expect([task.id, task.stdout]).toEqual([lease.taskId, 'now']);
  });

  it('a client leaves', async () => {
    const host = reached.newHost();
    left.set(name, host);
    const { lease } = all.get(name) as Behind;
    const url = `${base('below')}/api/v1/tasks/${lease.taskId}/events`;
    const asked = sendRequest(url, { headers: { ...bearer(), host, accept: 'text/event-stream' } });
    await new Promise((answered) => void asked.once('response', answered).end());
    expect(reached.open(host)).toBe(1);
    asked.destroy();
  });

  it('takes a new configuration while it serves', async () => {
    await proxy().reload();
    for (const place of PLACES) expect((await fetch(`${base(place)}/healthz`)).status).toBe(200);
  });

  it('nothing has reached Seed twice, and nothing that was hidden in something else', () => {
    expect(hosts).toHaveLength(ODD_REQUESTS.length * PLACES.length);
    for (const { host, about, requests } of hosts) {
      const lines = reached.of(host);
      expect(lines.length, `${about}: ${lines}`).toBeLessThanOrEqual(requests);
      expect(lines.join('\n'), about).not.toContain(` ${SMUGGLED}`);
    }
    // The host that is hidden in bodies.
    expect(reached.of('x')).toEqual([]);
  });
});

it.each(installed)(
  'a client of %s that has gone is gone for Seed, too',
  { timeout: SAID_TWICE_MS },
  async (name) => {
    const host = left.get(name) ?? '';
    expect(reached.of(host)).toHaveLength(1);
    // At the latest when it is to be told something.
    await expect.poll(() => reached.open(host), { timeout: SAID_TWICE_MS - 10_000, interval: 200 }).toBe(0);
  },
);

it.each(installed)(
  'streams through %s go on past its limit on silence and its new configuration, to their end',
  {
    timeout: SAID_TWICE_MS + 30_000,
  },
  async (name) => {
    const { streams, lease, called } = all.get(name) as Behind;
    const leastSaid = () => Math.min(...streams.map((stream) => stream.keepAlives()));
    await expect.poll(leastSaid, { timeout: SAID_TWICE_MS, interval: 200 }).toBeGreaterThanOrEqual(2);
    const headers = { 'seed-lease': lease.leaseId, 'seed-batch': '1' };
    await runner.post(`/tasks/${lease.taskId}/events`, JSON.stringify({ type: 'text', text: 'late' }), headers);
    const late = (stream: Stream) => stream.data().filter((data) => data.includes('"late"')).length;
    await expect.poll(() => streams.map(late)).toEqual([1, 1]);
    expect(await runner.settle(lease)).toBe(204);
    await expect.poll(() => streams.map((stream) => stream.ended())).toEqual([true, true]);
    expect(await called).toMatchObject({ structuredContent: { task: { id: lease.taskId, status: 'completed' } } });
  },
);
