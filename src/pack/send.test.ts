// When an answer is waited for, and when it is not.
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Platform } from './platform.ts';
import type { PlatformRequest } from './platform-request.ts';
import { sendToPlatform } from './send.ts';

let arrived = Promise.withResolvers<ServerResponse>();
const server = createServer((_, response) => arrived.resolve(response));
let url: URL;
beforeAll(async () => {
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const platform: Platform = {
  title: 'Shop',
  baseUrl: 'http://127.0.0.1',
  credential: { kind: 'bearer' },
  secret: null,
  secretSetting: 'SEED_PACK_SHOP_TOKEN',
  oauth: null,
  isHeld: false,
  sendCaller: false,
};
function start(method: PlatformRequest['method'], effect: string, signal: AbortSignal, timeoutMs = 20_000) {
  arrived = Promise.withResolvers();
  const sending = { effect, given: signal, mayRepeat: false, timeoutMs };
  return sendToPlatform(platform, { method, url, headers: {}, body: null }, sending);
}

it('a platform that does not answer is given up', async () => {
  const { signal } = new AbortController();
  await expect(start('GET', 'read', signal, 50)).rejects.toMatchObject({
    code: 'platform_unavailable',
    message: 'Shop did not answer in time',
    hint: expect.stringContaining('Nothing was changed'),
  });
  await expect(start('POST', 'write', signal, 50)).rejects.toMatchObject({
    hint: expect.stringContaining('look before you try again'),
  });
});

it('so is a read whose caller has gone, but no change', async () => {
  const caller = new AbortController();
  const read = start('GET', 'read', caller.signal);
  await arrived.promise;
  caller.abort();
  await expect(read).rejects.toMatchObject({ code: 'platform_unavailable' });
  const change = start('POST', 'write', caller.signal);
  (await arrived.promise).end('done');
  expect(await change).toMatchObject({ status: 200, bytes: Buffer.from('done') });
});

it('a platform that is not there has done nothing', async () => {
  url = new URL('http://127.0.0.1:1/');
  await expect(start('POST', 'write', new AbortController().signal)).rejects.toMatchObject({
    message: 'Shop cannot be reached',
    hint: expect.stringContaining('Nothing was done'),
  });
});
