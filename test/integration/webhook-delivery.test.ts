// Receivers that misbehave, each in its own way, and the schedule of retries under a clock that the test moves.
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RETRY_DELAYS_MS } from '../../src/server/webhooks/attempt.ts';
import { claimDeliveries } from '../../src/server/webhooks/claims.ts';
import { getEndpoint, updateEndpoint } from '../../src/server/webhooks/endpoints.ts';
import { pruneWebhookEvents, readEventsAfter } from '../../src/server/webhooks/events.ts';
import { fanOutEvents } from '../../src/server/webhooks/fan-out.ts';
import { until } from '../fixtures/seed.ts';
import { type DispatcherTest, openDispatcherTest } from '../fixtures/webhook-dispatcher.ts';
import { startReceiver, status, type WebhookReceiver } from '../fixtures/webhook-receiver.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

let seed: DispatcherTest;
let receiver: WebhookReceiver;
beforeEach(async () => {
  seed = await openDispatcherTest();
  receiver = await startReceiver();
});
afterEach(async () => {
  await receiver.close();
  await seed.close();
});

const endpointState = async (id: string) => {
  const webhook = await getEndpoint(seed.store, seed.account.id, id);
  if (!webhook) throw new Error('there is no such endpoint');
  return webhook;
};

describe('the schedule', () => {
  it('is ten attempts at the delays of the specification, with one id and a new timestamp each', async () => {
    receiver.answer(status(500));
    const id = await seed.endpoint(receiver.url);
    const eventId = await seed.emit();
    const startedAt = seed.clock.now().getTime();
    await seed.settle();
    let offset = 0;
    const offsets = [0];
    for (const delay of RETRY_DELAYS_MS) {
      seed.clock.advance(delay - 1);
      await seed.settle();
      expect(receiver.received).toHaveLength(offsets.length);
      seed.clock.advance(1);
      await seed.settle();
      offset += delay;
      offsets.push(offset);
      expect(receiver.received).toHaveLength(offsets.length);
    }
    const [delivery] = await seed.deliveries(id);
    expect(delivery).toMatchObject({ status: 'failed', nextAttemptAt: null });
    const at = delivery?.attempts.map((attempt) => Date.parse(attempt.at) - startedAt);
    expect(at).toEqual(offsets);
    expect(offsets).toHaveLength(10);
    expect(offset).toBe(75 * HOUR + 35 * MINUTE + 5_000);
    expect(new Set(receiver.received.map(({ headers }) => headers['webhook-id']))).toEqual(new Set([eventId]));
    const timestamps = receiver.received.map(({ headers }) => Number(headers['webhook-timestamp']) * 1000);
    expect(timestamps).toEqual(offsets.map((ms) => startedAt + ms));
    expect(new Set(receiver.received.map(({ raw }) => raw)).size).toBe(1);
    seed.clock.advance(30 * DAY);
    await seed.settle();
    expect(receiver.received).toHaveLength(10);
  });

  it('ends with the first success, which forgets that the endpoint had failed', async () => {
    let answers = 0;
    receiver.answer((response) => response.writeHead(++answers < 3 ? 500 : 201).end());
    const id = await seed.endpoint(receiver.url);
    await seed.emit();
    await seed.settle();
    expect((await endpointState(id)).failingSince).toBe(seed.clock.now().toISOString());
    for (const delay of [5_000, 5 * MINUTE]) {
      seed.clock.advance(delay);
      await seed.settle();
    }
    const [delivery] = await seed.deliveries(id);
    expect(delivery?.status).toBe('delivered');
    expect(delivery?.attempts.map((attempt) => attempt.status)).toEqual([500, 500, 201]);
    expect((await endpointState(id)).failingSince).toBeNull();
  });

  it('five days of failure switch an endpoint off, which the others hear of', async () => {
    receiver.answer((response, { path }) => response.writeHead(path === '/bad' ? 503 : 200).end());
    const bad = await seed.endpoint(`${receiver.url}/bad`, ['key.created']);
    await seed.endpoint(`${receiver.url}/good`, ['webhook.*']);
    for (let hour = 0; hour <= 5 * 24; hour += 24) {
      expect((await endpointState(bad)).enabled, `after ${hour} hours`).toBe(true);
      await seed.emit();
      await seed.settle();
      seed.clock.advance(DAY);
    }
    expect(await endpointState(bad)).toMatchObject({ enabled: false, disabledReason: 'failing' });
    expect((await seed.deliveries(bad)).every((delivery) => delivery.status === 'failed')).toBe(true);
    const told = receiver.received.filter(({ path }) => path === '/good');
    expect(told.map(({ body }) => body)).toEqual([
      {
        type: 'webhook.disabled',
        timestamp: expect.any(String),
        data: { webhookId: bad, reason: 'failing', failingSince: '2026-01-01T00:00:00.000Z' },
      },
    ]);
    const count = receiver.received.length;
    await seed.emit();
    await seed.settle();
    expect(receiver.received).toHaveLength(count);
    const on = { enabled: true };
    await seed.store.db
      .transaction()
      .execute((tx) => updateEndpoint(tx, { accountId: seed.account.id, id: bad }, on, seed.clock.now()));
    await seed.emit();
    await seed.settle();
    expect(receiver.received).toHaveLength(count + 1);
    expect((await endpointState(bad)).enabled).toBe(true);
  });
});

describe('a receiver that', () => {
  it('answers 410 is switched off at once, with what waits for it', async () => {
    receiver.answer(status(410));
    const id = await seed.endpoint(receiver.url);
    const other = await startReceiver();
    await seed.endpoint(other.url, ['webhook.disabled']);
    await seed.emit();
    await seed.settle();
    await seed.emit();
    await seed.settle();
    expect(receiver.received).toHaveLength(1);
    expect(await endpointState(id)).toMatchObject({ enabled: false, disabledReason: 'gone' });
    expect(other.received.map(({ body }) => body.data['reason'])).toEqual(['gone']);
    await other.close();
  });

  it('answers 429 with Retry-After is left alone until then, for all events', async () => {
    receiver.answer(status(429, { 'retry-after': '600' }));
    const id = await seed.endpoint(receiver.url);
    await seed.emit();
    await seed.settle();
    receiver.answer(status(200));
    await seed.emit();
    await seed.settle();
    seed.clock.advance(599_000);
    await seed.settle();
    expect(receiver.received).toHaveLength(1);
    seed.clock.advance(1_000);
    await seed.settle();
    expect(receiver.received).toHaveLength(3);
    expect((await seed.deliveries(id)).map((delivery) => delivery.status)).toEqual(['delivered', 'delivered']);
  });

  it('redirects to loopback has failed: nobody is followed there', async () => {
    const inside = await startReceiver();
    receiver.answer(status(302, { location: inside.url }));
    const id = await seed.endpoint(receiver.url);
    for (const code of [301, 302, 303, 307, 308]) {
      receiver.answer(status(code, { location: inside.url }));
      await seed.emit();
      await seed.settle();
    }
    expect(inside.connections()).toBe(0);
    const codes = (await seed.deliveries(id)).map((delivery) => delivery.attempts[0]?.status);
    expect(codes.sort()).toEqual([301, 302, 303, 307, 308]);
    expect((await seed.deliveries(id)).every((delivery) => delivery.status === 'pending')).toBe(true);
    await inside.close();
  });

  it('hangs has failed after the time, and is tried again', async () => {
    receiver.answer(() => undefined);
    const id = await seed.endpoint(receiver.url);
    await seed.emit();
    await seed.settle();
    const [hanging] = await seed.deliveries(id);
    expect(hanging).toMatchObject({ status: 'pending', attempts: [{ status: null, error: 'timeout' }] });
    expect(hanging?.attempts[0]?.durationMs).toBeGreaterThanOrEqual(390);
  });

  it('never stops answering is cut off, and has succeeded', async () => {
    let closed = false;
    receiver.answer((response) => {
      response.writeHead(200);
      const timer = setInterval(() => response.write('x'.repeat(64 * 1024)), 1);
      response.once('close', () => {
        clearInterval(timer);
        closed = true;
      });
    });
    const id = await seed.endpoint(receiver.url);
    await seed.emit();
    await seed.settle();
    const [endless] = await seed.deliveries(id);
    expect(endless).toMatchObject({ status: 'delivered', attempts: [{ status: 200 }] });
    expect(endless?.attempts[0]?.answer).toBe('x'.repeat(4096));
    await expect.poll(() => closed).toBe(true);
  });

  it('answers with rubbish has its first bytes kept as storable text', async () => {
    receiver.answer((response) => response.writeHead(400).end(Buffer.from([0xff, 0x00, 0x41, 0x1b])));
    const id = await seed.endpoint(receiver.url);
    await seed.emit();
    await seed.settle();
    expect((await seed.deliveries(id))[0]?.attempts[0]?.answer).toBe('\ufffd\ufffdA\u001b');
  });

  it.each<[string, (server: Server) => void, string]>([
    ['closes at once', (server) => server.on('connection', (socket) => socket.destroy()), 'broken_answer'],
    [
      'speaks no HTTP',
      (server) => server.on('connection', (socket) => socket.end('hello\r\n\r\n')),
      'broken_answer',
    ],
    [
      'sends headers without end',
      (server) =>
        server.on('connection', (socket) => {
          socket.on('error', () => undefined);
          socket.write('HTTP/1.1 200 OK\r\n');
          const timer = setInterval(() => socket.write(`x-${Math.random()}: ${'y'.repeat(1000)}\r\n`), 1);
          socket.once('close', () => clearInterval(timer));
        }),
      'broken_answer',
    ],
    [
      'sends one byte at a time',
      (server) =>
        server.on('connection', (socket) => {
          socket.on('error', () => undefined);
          const timer = setInterval(() => socket.write('H'), 50);
          socket.once('close', () => clearInterval(timer));
        }),
      'broken_answer',
    ],
    ['is not there', (server) => server.close(), 'connection_failed'],
  ])('%s has failed', async (_what, behave, error) => {
    const raw = createServer().listen(0, '127.0.0.1');
    await once(raw, 'listening');
    const { port } = raw.address() as AddressInfo;
    behave(raw);
    const id = await seed.endpoint(`http://127.0.0.1:${port}`);
    await seed.emit();
    await seed.settle();
    expect((await seed.deliveries(id))[0]).toMatchObject({
      status: 'pending',
      attempts: [{ status: null, error }],
    });
    if (raw.listening) raw.close();
  });

  it('speaks no TLS has failed', async () => {
    const id = await seed.endpoint(receiver.url.replace('http:', 'https:'));
    await seed.emit();
    await seed.settle();
    expect((await seed.deliveries(id))[0]?.attempts[0]).toMatchObject({ status: null, error: 'tls_failed' });
    expect(receiver.received).toEqual([]);
  });
});

describe('beside receivers that hang', () => {
  it('a healthy one gets every event within a second of its emission', async () => {
    receiver.answer((response, { path }) => {
      if (path === '/healthy') response.writeHead(200).end();
    });
    const hanging = Array.from({ length: 20 }, (_, index) => seed.endpoint(`${receiver.url}/hang/${index}`));
    await Promise.all(hanging);
    await seed.endpoint(`${receiver.url}/healthy`);
    seed.dispatcher.start();
    const delays: number[] = [];
    for (let event = 0; event < 30; event += 1) {
      const id = await seed.emit();
      const emittedAt = performance.now();
      const isIt = ({ path, headers }: { path: string; headers: Record<string, string> }) =>
        path === '/healthy' && headers['webhook-id'] === id;
      const [delivered] = await receiver.has(1, isIt);
      delays.push((delivered?.at ?? Number.NaN) - emittedAt);
    }
    expect(receiver.received.some(({ path }) => path.startsWith('/hang/'))).toBe(true);
    expect(Math.max(...delays)).toBeLessThan(1_000);
  });
});

it('two dispatchers share the work, and each event comes once', async () => {
  const id = await seed.endpoint(receiver.url);
  for (let event = 0; event < 200; event += 1) await seed.emit();
  seed.dispatcher.start();
  seed.another.start();
  await receiver.has(200);
  await until('all is recorded', async () =>
    (await seed.deliveries(id)).every(({ status }) => status === 'delivered'),
  );
  const ids = receiver.received.map(({ headers }) => headers['webhook-id']);
  expect(ids).toHaveLength(200);
  expect(new Set(ids).size).toBe(200);
});

it('whoever reads events in order misses none, while two servers number them', async () => {
  const emitted: string[] = [];
  const seen: string[] = [];
  let position = 0;
  seed.dispatcher.start();
  seed.another.start();
  const emit = async () => {
    for (let event = 0; event < 50; event += 1) emitted.push(await seed.emit());
  };
  const emitting = Promise.all([emit(), emit(), emit()]);
  await until('all are read', async () => {
    for (const event of await readEventsAfter(seed.store.db, seed.account.id, position, 7)) {
      expect(event.seq).toBeGreaterThan(position);
      position = event.seq ?? 0;
      seen.push(event.id);
    }
    return seen.length >= 150;
  });
  await emitting;
  expect(seen.toSorted()).toEqual(emitted.toSorted());
});

it('what a server was killed with another takes over, and not before its claim has lapsed', async () => {
  await seed.endpoint(receiver.url);
  const eventId = await seed.emit();
  await fanOutEvents(seed.store);
  const nothing = { lanes: new Map(), accounts: new Map() };
  const taken = { limit: 10, perLane: 10, perAccount: 10, inFlight: nothing, claimMs: 30_000 };
  expect(await claimDeliveries(seed.store, taken)).toHaveLength(1);
  seed.clock.advance(29_999);
  await seed.settle();
  expect(receiver.received).toHaveLength(0);
  seed.clock.advance(1);
  await seed.settle();
  expect(receiver.received.map(({ headers }) => headers['webhook-id'])).toEqual([eventId]);
});

it('events that are too old are deleted with all that belongs to them', async () => {
  await seed.endpoint(receiver.url);
  await seed.emit();
  await seed.settle();
  seed.clock.advance(10 * DAY);
  await seed.emit();
  await seed.settle();
  const before = new Date(seed.clock.now().getTime() - 5 * DAY);
  expect(await pruneWebhookEvents(seed.store, before)).toBe(1);
  expect(await pruneWebhookEvents(seed.store, before)).toBe(0);
  expect(await seed.deliveries()).toHaveLength(1);
});
