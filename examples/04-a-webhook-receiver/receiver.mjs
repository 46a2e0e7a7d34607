// Takes Seed's webhooks: verifies each, takes it once, answers at once. For createServer of node:http.
import { verify } from './verify.mjs';

const LARGEST_BYTES = 256 * 1024;
/** Ids of what came lately. A service keeps them in its database, with a unique index. */
const REMEMBERED = 10_000;

/**
 * @param {string} secret whsec_…
 * @param {(event: { type: string, timestamp: string, data: object }) => unknown} onEvent must not take long: Seed waits 15 s
 */
export function receiver(secret, onEvent) {
  const seen = new Set();
  return async (request, response) => {
    const answer = (status) => response.writeHead(status).end();
    try {
      const rawBody = await readBody(request);
      if (rawBody === null) return answer(413);
      const event = verify(secret, request.headers, rawBody);
      if (event === null) return answer(401);
      const id = request.headers['webhook-id'];
      // Deliveries come at least once: the answer to the first one may have been lost.
      if (!seen.has(id)) await onEvent(event);
      seen.add(id);
      if (seen.size > REMEMBERED) seen.delete(seen.values().next().value);
      answer(204);
    } catch (error) {
      console.error(error);
      // Seed tries again: after 5 seconds, 5 minutes, and so on for three days.
      answer(500);
    }
  };
}

async function readBody(request) {
  const chunks = [];
  let bytes = 0;
  for await (const chunk of request) {
    bytes += chunk.length;
    if (bytes > LARGEST_BYTES) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
