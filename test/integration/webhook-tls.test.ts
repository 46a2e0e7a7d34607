// Deliveries over TLS: the checked address is dialled, and the certificate has to be the name's.
import { once } from 'node:events';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createPost } from '../../src/server/webhooks/post.ts';
import { CERTIFICATE, CERTIFICATE_KEY, CERTIFICATE_NAME } from '../fixtures/certificate.ts';
import { LOOPBACK } from '../fixtures/webhook-dispatcher.ts';

const own = getCACertificates('default');
const asked: { servername: string | false | null; host: string | undefined }[] = [];
const server = createServer({ cert: CERTIFICATE, key: CERTIFICATE_KEY }, (request, response) => {
  const { servername } = request.socket as unknown as { servername: string | false | null };
  asked.push({ servername, host: request.headers.host });
  response.end('thanks');
});
let port: number;
beforeAll(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  port = (server.address() as AddressInfo).port;
});
afterAll(() => {
  setDefaultCACertificates(own);
  server.close();
  server.closeAllConnections();
});

const post = createPost({ resolve: async () => ['127.0.0.1'], allowedNetworks: LOOPBACK });
const send = (host: string) =>
  post({ url: `https://${host}:${port}/hook`, headers: {}, body: '{}' }, new AbortController().signal);

it('trusts nobody whom the machine does not trust', async () => {
  expect(await send(CERTIFICATE_NAME)).toMatchObject({ status: null, error: 'tls_failed' });
  expect(asked).toEqual([]);
});

it('asks for the name although the address is dialled, and takes its certificate for no other', async () => {
  setDefaultCACertificates([CERTIFICATE]);
  expect(await send(CERTIFICATE_NAME)).toMatchObject({ status: 200, error: null, answer: 'thanks' });
  expect(asked).toEqual([{ servername: CERTIFICATE_NAME, host: `${CERTIFICATE_NAME}:${port}` }]);
  expect(await send('other.example.test')).toMatchObject({ status: null, error: 'tls_failed' });
  expect(await send('127.0.0.1')).toMatchObject({ status: null, error: 'tls_failed' });
  expect(asked).toHaveLength(1);
});
