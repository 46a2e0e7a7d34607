// A stream command's answer: NDJSON, or server-sent events (WHATWG HTML, section 9.2) when the caller accepts them.
import type { Context } from 'hono';
import { stream } from 'hono/streaming';
import type { StreamItem } from '../commands/define-command.ts';

const KEEP_ALIVE_MS = 15_000;

/** Streams the items. SSE ends with `event: end`, so that a reader can tell the end from a lost connection. */
export function streamAnswer(c: Context, items: AsyncIterable<StreamItem>): Response {
  const sse = (c.req.header('accept') ?? '').includes('text/event-stream');
  c.header('Content-Type', sse ? 'text/event-stream' : 'application/x-ndjson');
  c.header('Cache-Control', 'no-store');
  c.header('X-Accel-Buffering', 'no');
  return stream(c, async (out) => {
    const keepAlive = sse ? setInterval(() => void out.write(': keep-alive\n\n'), KEEP_ALIVE_MS) : undefined;
    try {
      for await (const { id, item } of items) {
        const json = JSON.stringify(item);
        await out.write(sse ? `id: ${id}\ndata: ${json}\n\n` : `${json}\n`);
        if (out.aborted) return;
      }
      if (sse && !out.aborted) await out.write('event: end\ndata: {}\n\n');
    } finally {
      clearInterval(keepAlive);
    }
  });
}
