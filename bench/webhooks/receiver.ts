// A receiver of webhooks on this machine that counts what comes and notes when.
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

export interface BenchReceiver {
  url: string;
  answersAfter(path: string, ms: number): void;
  /** Resolves when as many have come to the path in all. */
  has(path: string, count: number): Promise<void>;
  /** Resolves with performance.now() of the event with this mark. */
  arrival(mark: string): Promise<number>;
  close(): void;
}

export async function startBenchReceiver(): Promise<BenchReceiver> {
  const pauses = new Map<string, number>();
  const counts = new Map<string, number>();
  const awaitedCounts = new Map<string, { count: number; resolve: () => void }>();
  const awaitedMarks = new Map<string, (at: number) => void>();
  const server = createServer(async (request, response) => {
    const body = await text(request);
    const at = performance.now();
    const path = request.url ?? '';
    const count = (counts.get(path) ?? 0) + 1;
    counts.set(path, count);
    const awaited = awaitedCounts.get(path);
    if (awaited && count >= awaited.count) awaited.resolve();
    awaitedMarks.get(JSON.parse(body).data.mark)?.(at);
    const answer = () => response.writeHead(204).end();
    const pauseMs = pauses.get(path) ?? 0;
    if (pauseMs > 0) setTimeout(answer, pauseMs);
    else answer();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    answersAfter: (path, ms) => void pauses.set(path, ms),
    has: (path, count) =>
      new Promise((resolve) => {
        if ((counts.get(path) ?? 0) >= count) resolve();
        else awaitedCounts.set(path, { count, resolve });
      }),
    arrival: (mark) => new Promise((resolve) => awaitedMarks.set(mark, resolve)),
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}
