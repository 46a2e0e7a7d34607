import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { emptyResource } from '@opentelemetry/resources';
import { expect, it, vi } from 'vitest';
import type { Logger } from '../../lib/log.ts';
import { toReadable } from './spans.ts';
import { openSpanExport } from './traces.ts';

const SPAN = { taskId: '11111111-1111-4111-8111-111111111111', name: 'x', startMs: 1, endMs: 2 };

it('says that spans are lost, but not for each of them', async () => {
  let asked = 0;
  const server = createServer((request, response) => {
    asked += 1;
    request.resume();
    response.writeHead(500).end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const warn = vi.fn();
  const exported = openSpanExport(
    {
      url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/traces`,
      ratio: 1,
      queueSize: 10,
      batchSize: 1,
      delayMs: 1,
      timeoutMs: 5_000,
    },
    { warn } as unknown as Logger,
  );
  for (let count = 0; count < 5; count += 1) {
    const span = { ...SPAN, attributes: {}, error: null };
    exported.add(toReadable(span, emptyResource(), { name: 'test' }));
  }
  await exported.close();
  expect(asked).toBe(5);
  expect(warn).toHaveBeenCalledTimes(1);
  expect(warn.mock.calls[0]?.[0]).toMatchObject({ spans: 1 });
  server.close();
});
