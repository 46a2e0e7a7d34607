// The answers of commands that give a stream or a file. Called by the command routes.
import { Readable } from 'node:stream';
import type { Context } from 'hono';
import { stream } from 'hono/streaming';
import type { SentFile, StreamItem } from '../../command/define-command.ts';
import { type Logger, logFailure } from '../../lib/log.ts';
import type { HttpEnv } from './http-types.ts';

const KEEP_ALIVE_MS = 15_000;
/** A vendor of functions sends the headers with the first byte: it comes so soon, also where nothing happens. */
const OPEN_WITHIN_MS = 100;

/**
 * Streams the items. SSE ends with `event: end`, so that a reader can tell the end from a lost connection. A
 * stream that cannot go on is broken off: a proper end would say that nothing follows.
 */
export function streamAnswer(
  c: Context<HttpEnv>,
  items: AsyncIterable<StreamItem>,
  { stopping, log }: { stopping: AbortSignal; log: Logger },
): Response {
  const sse = (c.req.header('accept') ?? '').includes('text/event-stream');
  c.header('Content-Type', sse ? 'text/event-stream' : 'application/x-ndjson');
  c.header('Cache-Control', 'no-store');
  c.header('X-Accel-Buffering', 'no');
  const breakOff = () => void c.env.outgoing?.destroy();
  return stream(c, async (out) => {
    // A comment, or an empty line: neither says anything.
    const sayNothing = () => void out.write(sse ? ': keep-alive\n\n' : '\n');
    const keepAlive = sse ? setInterval(sayNothing, KEEP_ALIVE_MS) : undefined;
    const opening = c.env.deadline && setTimeout(sayNothing, OPEN_WITHIN_MS);
    try {
      for await (const { id, item } of items) {
        clearTimeout(opening);
        const json = JSON.stringify(item);
        await out.write(sse ? `id: ${id}\ndata: ${json}\n\n` : `${json}\n`);
        if (out.aborted) return;
      }
      if (stopping.aborted || c.env.deadline?.signal.aborted) return breakOff();
      if (sse && !out.aborted) await out.write('event: end\ndata: {}\n\n');
    } catch (error) {
      logFailure(log, error, 'a stream was broken off', { requestId: c.get('requestId') });
      breakOff();
    } finally {
      clearTimeout(opening);
      clearInterval(keepAlive);
    }
  });
}

/** The bytes, or where they are for who follows that: not our page, nor what calls within the server. */
export async function fileAnswer(c: Context<HttpEnv>, file: SentFile): Promise<Response> {
  const { name, size, type, sha256, content, elsewhere } = file;
  // RFC 9530
  if (sha256 !== undefined) c.header('Repr-Digest', `sha-256=:${Buffer.from(sha256, 'hex').toString('base64')}:`);
  c.header('Cache-Control', 'private, no-store');
  const isOfPage = c.get('session') !== undefined && c.req.header('sec-fetch-mode') !== 'navigate';
  if (elsewhere !== undefined && !isOfPage && c.env.outgoing !== undefined)
    return c.redirect(await elsewhere(disposition(name)), 302);
  const bytes = typeof content === 'function' ? await content() : content;
  c.header('Content-Type', type);
  if (size !== undefined) c.header('Content-Length', String(size));
  c.header('Content-Disposition', disposition(name));
  c.header('Content-Security-Policy', "sandbox; default-src 'none'");
  c.header('X-Content-Type-Options', 'nosniff');
  return c.body(Readable.toWeb(bytes) as ReadableStream);
}

/** RFC 6266: the last part of the name, once as plain ASCII and once as it is. */
function disposition(name: string): string {
  const last = name.split('/').at(-1) ?? name;
  const plain = last.replace(/[^\x20-\x7e]|["\\%]/g, '_');
  const encoded = encodeURIComponent(last).replace(/['()*]/g, (char) => `%${char.charCodeAt(0).toString(16)}`);
  return `attachment; filename="${plain}"; filename*=UTF-8''${encoded}`;
}
