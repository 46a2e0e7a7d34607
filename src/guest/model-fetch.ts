// Pi's fetch for its model: straight over the link; the watch hears how each call goes. One that was cut is
// made again as long as nothing of its answer had come; later Pi is told, who knows what to do. Used by
// run-task.ts.
import { type ClientHttp2Stream, constants } from 'node:http2';
import { relayedRequestHeaders, relayedResponseHeaders } from '../lib/relay-headers.ts';
import { SeedError } from '../protocol/errors.ts';
import { LIMITS } from '../protocol/limits.ts';
import type { Link } from './link.ts';
import type { LlmWatch } from './llm-watch.ts';

export const MODEL_BASE_URL = 'http://seed/llm/v1';

/** By these words Pi knows that it may ask again. */
const LOST = 'connection lost';
/** Read ahead of Pi; more waits in the link. */
const READ_AHEAD_BYTES = 64 * 1024;
const BODILESS_STATUSES = new Set([204, 205, 304]);

/**
 * A fetch for requests with a text body, whose address says only the path. @throws SeedError body_too_large
 * @param onAnswer called when a model has begun to answer
 */
export function modelFetch(link: Pick<Link, 'repeat'>, llm: LlmWatch, onAnswer: () => void): typeof fetch {
  return (input, { method = 'GET', headers, body, signal } = {}) => {
    const text = typeof body === 'string' ? body : '';
    if (Buffer.byteLength(text) > LIMITS.guest.bodyBytes) {
      const problem = `the request is larger than ${LIMITS.guest.bodyBytes} bytes`;
      return Promise.reject(new SeedError('body_too_large', problem));
    }
    const { pathname, search } = new URL(String(input));
    const sent = {
      ':method': method,
      ':path': `${pathname}${search}`,
      ...relayedRequestHeaders(Object.fromEntries(new Headers(headers))),
      // The runner takes as much into its memory, and no more.
      ...(text !== '' && { 'content-length': String(Buffer.byteLength(text)) }),
    };
    return link.repeat((session) => {
      llm.asked();
      const stream = session.request(sent, { endStream: text === '', ...(signal && { signal }) });
      if (text !== '') stream.end(text);
      return answerOf(stream, llm, onAnswer);
    }, signal ?? undefined);
  };
}

function answerOf(stream: ClientHttp2Stream, llm: LlmWatch, onAnswer: () => void): Promise<Response> {
  return new Promise((resolve, reject) => {
    stream.once('error', reject);
    stream.once('close', () => reject(new Error(`${LOST}: there was no answer`)));
    stream.once('response', (answer) => {
      onAnswer();
      const status = answer[':status'] ?? 502;
      const headers = relayedResponseHeaders(answer);
      const body = bodyOf(stream, llm.answered(status));
      resolve(new Response(BODILESS_STATUSES.has(status) ? null : body, { status, headers }));
    });
  });
}

/**
 * The rest of an answer of which Pi has read what it needs is taken, too: unread it would hold the link open, and
 * reset it would count as an answer that its caller gave up. What Pi gives up it says by its signal.
 */
function bodyOf(stream: ClientHttp2Stream, observe: (chunk: Buffer | null) => void): ReadableStream<Uint8Array> {
  let size = 0;
  let isWhole = false;
  let isReadByPi = true;
  const { session } = stream;
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        stream.on('error', (error: NodeJS.ErrnoException) => {
          // Reset, or cut. Without its cause: Pi would add that to what people read.
          const isLost = error.code?.startsWith('ERR_HTTP2_') || session?.destroyed;
          controller.error(isLost ? new Error(`${LOST}: the answer broke off`) : error);
        });
        stream.once('close', () => {
          if (!isWhole) controller.error(new Error(`${LOST}: the answer was not whole`));
        });
        stream.once('end', () => {
          // Node ends a stream that was reset before it says so.
          if (stream.rstCode !== constants.NGHTTP2_NO_ERROR) return;
          isWhole = true;
          observe(null);
          if (isReadByPi) controller.close();
        });
        stream.on('data', (chunk: Buffer) => {
          size += chunk.length;
          if (size > LIMITS.guest.answerBytes) {
            stream.destroy(new Error(`the answer is larger than ${LIMITS.guest.answerBytes} bytes`));
            return;
          }
          observe(chunk);
          if (!isReadByPi) return;
          controller.enqueue(chunk);
          if ((controller.desiredSize ?? 0) <= 0) stream.pause();
        });
      },
      pull: () => void stream.resume(),
      cancel() {
        isReadByPi = false;
        stream.resume();
      },
    },
    new ByteLengthQueuingStrategy({ highWaterMark: READ_AHEAD_BYTES }),
  );
}
