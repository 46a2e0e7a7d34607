import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Agent } from 'undici';
import { expect, it } from 'vitest';
import { createUpstream } from './upstream.ts';

it('takes an answer of 500 that is not Seed’s for none, and lives on', async () => {
  const server = createServer((_request, response) => response.writeHead(500).end('FUNCTION_INVOCATION_FAILED'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const dispatcher = new Agent();
  try {
    const serverUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const upstream = createUpstream({ serverUrl, taskKey: 'key', dispatcher });
    const asked = { target: '/api/v1/x', method: 'GET', headers: {}, body: null, isCompletion: false };
    await expect(upstream.ask(asked, AbortSignal.timeout(10_000))).rejects.toMatchObject({ code: 'unreachable' });
  } finally {
    await dispatcher.destroy();
    server.close();
  }
});
