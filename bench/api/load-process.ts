// Asks one address as fast as it answers, from a process of its own: what the asking costs is not the server's.
// Started and told what to do by load.ts.
import autocannon from 'autocannon';
import type { Load, Loaded } from './load.ts';

const CONNECTIONS = 32;

// When the measurement ends, so does this.
process.once('disconnect', () => process.exit());
process.on('message', async ({ url, seconds, method, headers, body }: Load) => {
  const result = await autocannon({
    url,
    method: method ?? 'GET',
    connections: CONNECTIONS,
    duration: seconds,
    ...(headers && { headers }),
    ...(body !== undefined && { body }),
  });
  const loaded: Loaded = {
    perSecond: result['2xx'] / result.duration,
    p99Ms: result.latency.p99,
    refused: result.non2xx + result.errors,
  };
  process.send?.(loaded);
});
