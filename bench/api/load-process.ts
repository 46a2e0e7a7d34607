// Asks addresses as fast as they answer, from a process of its own: what the asking costs is not the server's.
// Looks at every answer. Started and told what to do by load.ts.
import autocannon from 'autocannon';
import type { Expected, Load, Loaded } from './load.ts';

const CONNECTIONS = 32;

// When the measurement ends, so does this.
process.once('disconnect', () => process.exit());
process.on('message', async ({ url, paths, seconds, method, headers, body, expected }: Load) => {
  let wrong = 0;
  const isRight = looker(expected);
  const result = await autocannon({
    url,
    connections: CONNECTIONS,
    duration: seconds,
    requests: [
      {
        method: method ?? 'GET',
        ...(headers && { headers }),
        ...(body !== undefined && { body }),
        // One of them each time.
        setupRequest: (request) => ({ ...request, path: paths[Math.floor(Math.random() * paths.length)] ?? '/' }),
        onResponse: (status, text) => {
          if (status < 300 && !isRight(text)) wrong += 1;
        },
      },
    ],
  });
  const loaded: Loaded = {
    perSecond: result['2xx'] / result.duration,
    answered: result['2xx'],
    p99Ms: result.latency.p99,
    refused: result.non2xx + result.errors,
    wrong,
  };
  process.send?.(loaded);
});

function looker(expected: Expected): (text: string) => boolean {
  if ('texts' in expected) {
    const texts = new Set(expected.texts);
    return (text) => texts.has(text);
  }
  return (text) => {
    const { task } = JSON.parse(text) as { task?: { id?: unknown; instruction?: unknown } };
    return typeof task?.id === 'string' && task.instruction === expected.instruction;
  };
}
