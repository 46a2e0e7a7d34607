// One chat completion as a stream, asked over plain HTTP, so that the asking itself costs the same everywhere.
import { Agent, request } from 'node:http';

export interface Asked {
  /** From the request to the first byte of the answer's body. */
  firstByteMs: number;
  /** Events that have come so far. */
  events(): number;
  ended: Promise<void>;
  hangUp(): void;
}

/** Keeps as many connections as are asked for at once. */
const agent = new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY });

/** @param url with /v1. Resolves with the first byte of the answer. */
export function askForStream(url: string, key: string, model: string): Promise<Asked> {
  const body = JSON.stringify({ model, stream: true, messages: [{ role: 'user', content: 'Say a word.' }] });
  const startedAt = performance.now();
  return new Promise((resolve, reject) => {
    const asking = request(`${url}/chat/completions`, {
      method: 'POST',
      agent,
      headers: {
        authorization: `Bearer ${key}`,
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(body),
      },
    });
    asking.once('error', reject);
    asking.once('response', (response) => {
      const { promise: ended, resolve: end } = Promise.withResolvers<void>();
      let events = 0;
      response.once('close', end);
      response.on('error', () => undefined);
      response.setEncoding('utf8').on('data', (text: string) => {
        if (response.statusCode !== 200) return reject(new Error(`${response.statusCode} ${text}`));
        events += text.split('data: ').length - 1;
        resolve({
          firstByteMs: performance.now() - startedAt,
          events: () => events,
          ended,
          hangUp: () => asking.destroy(),
        });
      });
    });
    asking.end(body);
  });
}
