// How long a listener that is closed waits for what runs.
import { once } from 'node:events';
import { connect } from 'node:net';
import { expect, it } from 'vitest';
import { createLog } from '../../lib/log.ts';
import { listenHttp } from './listener.ts';

const SILENT = createLog('test', 'silent');
const never = new Promise<Response>(() => undefined);

it('what does not end within the time is cut off', async () => {
  const asked = Promise.withResolvers<void>();
  const listener = await listenHttp(
    () => {
      asked.resolve();
      return never;
    },
    '127.0.0.1',
    0,
    { log: SILENT, drainMs: 50 },
  );
  const answer = fetch(listener.url).then(
    () => 'answered',
    () => 'cut off',
  );
  await asked.promise;
  await listener[Symbol.asyncDispose]();
  expect(await answer).toBe('cut off');
});

it('an idle connection is kept for longer than proxies keep one', async () => {
  await using listener = await listenHttp(async () => new Response('yes'), '127.0.0.1', 0, { log: SILENT });
  expect((await fetch(listener.url)).headers.get('keep-alive')).toBe('timeout=75');
});

it('a connection that has never brought a request holds nothing up', async () => {
  const listener = await listenHttp(() => never, '127.0.0.1', 0, { log: SILENT, drainMs: 60_000 });
  const idle = connect(Number(new URL(listener.url).port), '127.0.0.1');
  idle.on('error', () => undefined);
  await once(idle, 'connect');
  const closed = once(idle.resume(), 'close');
  await listener[Symbol.asyncDispose]();
  await closed;
});

it.each([
  ['an answer of the application', 'POST / HTTP/1.1\r\nHost: a'],
  ['a refusal before it', 'GET / HTTP/1.1\r\nHost: a b/@:x'],
])('what is left of a body is not read behind %s', async (_, head) => {
  await using listener = await listenHttp(async () => new Response('no'), '127.0.0.1', 0, { log: SILENT });
  const caller = connect(Number(new URL(listener.url).port), '127.0.0.1');
  caller.on('error', () => undefined).resume();
  const closed = new Promise<void>((resolve) => caller.once('close', () => resolve()));
  caller.write(`${head}\r\nTransfer-Encoding: chunked\r\n\r\n`);
  const piece = `10000\r\n${'x'.repeat(0x10000)}\r\n`;
  const sending = setInterval(() => caller.write(piece), 1);
  await closed;
  clearInterval(sending);
  // Some of it was on its way.
  expect(caller.bytesWritten).toBeLessThan(16 * 1024 * 1024);
});
