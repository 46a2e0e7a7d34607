// How long a listener that is closed waits for what runs.
import { once } from 'node:events';
import { connect } from 'node:net';
import { expect, it } from 'vitest';
import { listenHttp } from './http-listener.ts';

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
    50,
  );
  const answer = fetch(listener.url).then(
    () => 'answered',
    () => 'cut off',
  );
  await asked.promise;
  await listener[Symbol.asyncDispose]();
  expect(await answer).toBe('cut off');
});

it('a connection that has never brought a request holds nothing up', async () => {
  const listener = await listenHttp(() => never, '127.0.0.1', 0, 60_000);
  const idle = connect(Number(new URL(listener.url).port), '127.0.0.1');
  idle.on('error', () => undefined);
  await once(idle, 'connect');
  const closed = once(idle.resume(), 'close');
  await listener[Symbol.asyncDispose]();
  await closed;
});
