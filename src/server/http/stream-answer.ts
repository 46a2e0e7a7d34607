// A stream command's answer: NDJSON, or server-sent events (WHATWG HTML, section 9.2) when the caller accepts them.
import type { Context } from 'hono';
import { stream } from 'hono/streaming';
import type { StreamItem } from '../../command/define-command.ts';
import { logFailure } from '../../lib/log-failure.ts';
import type { ServerParts } from '../parts.ts';
import type { HttpEnv } from './http-types.ts';

const KEEP_ALIVE_MS = 15_000;

/**
 * Streams the items. SSE ends with `event: end`, so that a reader can tell the end from a lost connection. A stream that cannot
 * go on is broken off: a proper end would say that nothing follows.
 */
export function streamAnswer(
  c: Context<HttpEnv>,
  items: AsyncIterable<StreamItem>,
  { stopping, log }: Pick<ServerParts, 'stopping' | 'log'>,
): Response {
  const sse = (c.req.header('accept') ?? '').includes('text/event-stream');
  c.header('Content-Type', sse ? 'text/event-stream' : 'application/x-ndjson');
  c.header('Cache-Control', 'no-store');
  c.header('X-Accel-Buffering', 'no');
  const breakOff = () => void c.env.outgoing?.destroy();
  return stream(c, async (out) => {
    const keepAlive = sse ? setInterval(() => void out.write(': keep-alive\n\n'), KEEP_ALIVE_MS) : undefined;
    try {
      for await (const { id, item } of items) {
        const json = JSON.stringify(item);
        await out.write(sse ? `id: ${id}\ndata: ${json}\n\n` : `${json}\n`);
        if (out.aborted) return;
      }
      if (stopping.aborted) return breakOff();
      if (sse && !out.aborted) await out.write('event: end\ndata: {}\n\n');
    } catch (error) {
      logFailure(log, error, 'a stream was broken off', { requestId: c.get('requestId') });
      breakOff();
    } finally {
      clearInterval(keepAlive);
    }
  });
}
