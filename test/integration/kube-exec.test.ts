// Exec against the API double: bytes both ways, ends, and every way in which the connection can fail.
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { buffer, text } from 'node:stream/consumers';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { createKubeClient, type KubeClient } from '../../src/drivers/kubernetes/client.ts';
import type { ExecOptions, ExecStream } from '../../src/drivers/kubernetes/exec-stream.ts';
import { type CuttableLine, startLine } from '../fixtures/cuttable-line.ts';
import { cat, credentialsFor, type ExecSession, type KubeApi, PODS, startKubeApi } from '../fixtures/kube-api.ts';

let api: KubeApi;
let kube: KubeClient;
beforeAll(async () => {
  api = await startKubeApi();
  kube = createKubeClient(api.credentials);
  api.objects.create(PODS, { metadata: { name: 'p' } });
});
afterAll(async () => {
  await kube.close();
  await api[Symbol.asyncDispose]();
});
beforeEach(() => {
  api.exec = cat;
  api.asked.length = 0;
});

const open = (more: Partial<ExecOptions> = {}) => kube.exec('p', { container: 'c', command: ['cat'], ...more });
const code = (expected: string) => expect.objectContaining({ code: expected });
const digest = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');
/** Resolves with the session of the exec that is opened. */
async function opened(more?: Partial<ExecOptions>): Promise<{ session: ExecSession; stream: ExecStream }> {
  const { promise, resolve } = Promise.withResolvers<ExecSession>();
  api.exec = resolve;
  const stream = await open(more);
  return { session: await promise, stream };
}
const failure = async (stream: ExecStream) => (await once(stream, 'error').catch((error) => [error]))[0];

it('passes every byte both ways, and the end of the input', async () => {
  const { promise, resolve } = Promise.withResolvers<ExecSession>();
  api.exec = (session) => {
    resolve(session);
    cat(session);
  };
  const stream = await kube.exec('p', { container: 'c', command: ['sh', '-c', 'a b&c=d "é"'] });
  expect(stream.canEnd).toBe(true);
  const sent = Buffer.concat([Buffer.from([0, 1, 2, 3, 255, 0, 10, 13]), randomBytes(3_000_000)]);
  stream.end(sent);
  expect(digest(await buffer(stream))).toBe(digest(sent));
  expect(await stream.exit).toBe(0);
  expect(await promise).toMatchObject({ pod: 'p', container: 'c', command: ['sh', '-c', 'a b&c=d "é"'] });
});

it('tells the exit code and the end of what was said on standard error', async () => {
  const { session, stream } = await opened();
  session.send(1, 'out');
  session.send(2, 'x'.repeat(5_000));
  session.send(2, ' at last');
  session.end(7);
  expect(await text(stream)).toBe('out');
  expect(await stream.exit).toBe(7);
  expect(stream.stderr()).toMatch(/^x+ at last$/);
  expect(stream.stderr().length).toBe(2048);
});

it('knows its exit before anybody reads, and drops what comes too late', async () => {
  const { session, stream } = await opened();
  session.send(1, 'last words');
  session.end(3);
  expect(await stream.exit).toBe(3);
  stream.write('too late');
  expect(await text(stream)).toBe('last words');
});

it('speaks v4, which knows no end of the input', async () => {
  api.protocols = ['v4.channel.k8s.io'];
  const { session, stream } = await opened();
  api.protocols.unshift('v5.channel.k8s.io');
  expect([session.socket.protocol, stream.canEnd]).toEqual(['v4.channel.k8s.io', false]);
  const got: Buffer[] = [];
  session.socket.on('message', (message: Buffer) => got.push(message));
  const finished = once(stream, 'finish');
  stream.end('all');
  await expect.poll(() => Buffer.concat(got).toString()).toBe('\0all');
  await finished;
  session.send(1, 'answer');
  session.end(0);
  expect(await text(stream)).toBe('answer');
  expect(Buffer.concat(got).length).toBe(4);
});

it('refuses a server that speaks neither', async () => {
  const known = api.protocols;
  api.protocols = [];
  await expect(open()).rejects.toEqual(code('unreachable'));
  api.protocols = known;
});

it('takes no more from the server than is read, and gives no more than is taken', async () => {
  const { session, stream } = await opened();
  const piece = Buffer.alloc(32 * 1024);
  let sent = 0;
  const pump = () => {
    if (sent >= 64 * 1024 * 1024) return;
    sent += piece.length;
    session.socket.send(Buffer.concat([Buffer.from([1]), piece]), pump);
  };
  stream.once('readable', () => {});
  pump();
  await stands(() => sent);
  expect(sent).toBeLessThan(16 * 1024 * 1024);
  expect(stream.readableLength).toBeLessThan(1024 * 1024);
  let read = 0;
  stream.on('data', (chunk: Buffer) => {
    read += chunk.length;
  });
  await expect.poll(() => read, { timeout: 20_000 }).toBe(64 * 1024 * 1024);

  session.raw.pause();
  let written = 0;
  while (stream.write(piece)) written += piece.length;
  await stands(() => stream.writableLength);
  // The connection's own buffers take some MiB; from then on it is full.
  for (let turns = 0; turns < 1_000 && written < 64 * 1024 * 1024; turns++) {
    if (!stream.writableNeedDrain) {
      stream.write(piece);
      written += piece.length;
    } else if (!(await drained(stream))) break;
  }
  expect(written).toBeLessThan(32 * 1024 * 1024);
  stream.destroy();
});

it('is at its end with an error when the connection is lost', async () => {
  const { stream } = await opened();
  const failed = failure(stream);
  api.cut();
  expect(await failed).toEqual(code('unreachable'));
  expect(await stream.exit).toBeNull();
});

it.each([
  ['half a frame', (session: ExecSession) => session.raw.end(Buffer.from([0x82, 0x7e, 0x10, 0x00, 1, 65]))],
  ['a close without a word', (session: ExecSession) => session.socket.close(1000)],
  ['text', (session: ExecSession) => session.socket.send('\u0001text')],
  ['an unknown channel', (session: ExecSession) => session.send(9, 'x')],
  ['an endless message', (session: ExecSession) => session.send(1, Buffer.alloc(2 * 1024 * 1024))],
  ['what is no frame', (session: ExecSession) => session.raw.write('HTTP/1.1 200 OK\r\n\r\n')],
])('is at its end with an error after %s', async (_, send) => {
  const { session, stream } = await opened();
  const failed = failure(stream);
  send(session);
  expect(await failed).toEqual(code('unreachable'));
});

it('notices a peer that is gone without a word', async () => {
  const line: CuttableLine = await startLine(`http://127.0.0.1:${api.port}`);
  const far = createKubeClient(credentialsFor(`https://127.0.0.1:${line.port}`));
  const stream = await far.exec('p', { container: 'c', command: ['cat'], silenceMs: 600 });
  stream.write('ping');
  expect(String((await once(stream, 'data'))[0])).toBe('ping');
  // It is kept up by pings alone.
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  expect(stream.destroyed).toBe(false);
  const failed = failure(stream);
  line.freeze();
  expect(await failed).toMatchObject({ code: 'unreachable', message: /nothing was heard/ });
  await far.close();
  await line.close();
});

it('does not take its own reader’s pause for silence', async () => {
  const { session, stream } = await opened({ silenceMs: 300 });
  for (let at = 0; at < 64; at++) session.send(1, Buffer.alloc(32 * 1024));
  session.send(1, 'end');
  stream.once('readable', () => {});
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  expect(stream.destroyed).toBe(false);
  session.end(0);
  expect((await buffer(stream)).length).toBe(64 * 32 * 1024 + 3);
});

it('says why a command could not be started', async () => {
  const { session, stream } = await opened();
  const failed = failure(stream);
  session.send(
    3,
    JSON.stringify({ status: 'Failure', reason: 'BadRequest', code: 400, message: 'no such container' }),
  );
  session.socket.close();
  expect(await failed).toMatchObject({ code: 'invalid_input', message: /no such container/ });
});

it.each([
  [403, 'not_allowed'],
  [404, 'not_found'],
  [500, 'unreachable'],
  [302, 'unreachable'],
])('is not opened after a %i', async (status, expected) => {
  api.fail({ status, message: 'because', headers: { location: 'https://127.0.0.1:1/' } });
  await expect(open()).rejects.toMatchObject({ code: expected, message: /because/ });
  expect(api.asked).toHaveLength(1);
});

it('reads the token again when it is no longer taken', async () => {
  const { read } = api.credentials;
  let reads = 0;
  api.credentials.read = async () => {
    reads += 1;
    return { ...(await read()), token: reads === 1 ? 'old' : 'good' };
  };
  (await open()).destroy();
  expect(api.asked).toHaveLength(2);
  api.credentials.read = async () => ({ ...(await read()), token: 'old' });
  await expect(open()).rejects.toEqual(code('not_authenticated'));
  api.credentials.read = read;
});

it('ends with its signal, before it is open and after', async () => {
  const stop = new AbortController();
  const { stream, session } = await opened({ signal: stop.signal });
  const failed = failure(stream);
  const closed = once(session.socket, 'close');
  stop.abort(new Error('enough'));
  expect(await failed).toMatchObject({ message: 'enough' });
  await closed;
  await expect(open({ signal: stop.signal })).rejects.toMatchObject({ message: 'enough' });
  const soon = new AbortController();
  api.fail({ delayMs: 10_000 });
  const opening = open({ signal: soon.signal });
  await expect.poll(() => api.asked.length).toBeGreaterThan(1);
  soon.abort(new Error('at once'));
  await expect(opening).rejects.toMatchObject({ message: 'at once' });
});

it('destroyed, lets go of its connection at once', async () => {
  const { stream, session } = await opened();
  const closed = once(session.raw, 'close');
  stream.destroy();
  await closed;
  expect(await stream.exit).toBeNull();
});

/** Resolves when the number no longer changes. */
async function stands(number: () => number): Promise<void> {
  let last = -1;
  await expect
    .poll(
      () => {
        const now = number();
        const isSame = now === last;
        last = now;
        return isSame;
      },
      { interval: 150, timeout: 10_000 },
    )
    .toBe(true);
}

/** Whether it takes more within a moment. */
async function drained(stream: ExecStream): Promise<boolean> {
  return Promise.race([
    once(stream, 'drain').then(() => true),
    new Promise<boolean>((resolve) => setTimeout(resolve, 300, false)),
  ]);
}
