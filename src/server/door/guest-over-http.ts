// A guest's request that was forwarded to the server, as src/relay answers it.
import type { IncomingHttpHeaders } from 'node:http';
import { PassThrough, Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Context } from 'hono';
import { limitBytes } from '../../lib/limit-bytes.ts';
import type { GuestAnswer, GuestRequest } from '../../relay/guest-request.ts';
import type { HttpEnv } from '../http/http-types.ts';
import { bodyStream } from '../http/read-files.ts';

interface Asked {
  /** As the guest asked for it. */
  path: string;
  /** Aborted when it must be over: the guest has left, or whoever runs this ends it. */
  over: AbortSignal;
}

/** @param answer is given the answer as soon as it begins */
export function guestOverHttp(
  c: Context<HttpEnv>,
  { path, over }: Asked,
  answer: (response: Response) => void,
): GuestRequest & { end(): void } {
  const done = new AbortController();
  const gone = AbortSignal.any([over, done.signal]);
  const body = bodyStream(c);
  // Whoever reads it is told by its reading.
  body.on('error', () => undefined);
  let isAnswered = false;
  return {
    method: c.req.method,
    path,
    headers: c.req.header() as IncomingHttpHeaders,
    body,
    gone,
    begin: () => undefined,
    onBrokenOff(call) {
      const look = () => {
        if (!body.readableEnded) call();
      };
      body.once('error', look).once('close', look);
    },
    // Its connection is one of a proxy's: that the guest itself gave the request up cannot be told from a cut.
    wasCut: () => false,
    async send(given) {
      if (isAnswered || over.aborted) {
        if (isHeld(given.content)) return;
        return given.content.drop();
      }
      isAnswered = true;
      await sendTo(answer, given, gone);
    },
    end: () => done.abort(),
  };
}

const isHeld = (content: GuestAnswer['content']): content is string | Buffer | null =>
  content === null || typeof content === 'string' || Buffer.isBuffer(content);

async function sendTo(
  answer: (response: Response) => void,
  { status, headers, content }: GuestAnswer,
  gone: AbortSignal,
): Promise<void> {
  const head = { status, headers: headers ?? {} };
  if (isHeld(content))
    return answer(new Response(Buffer.isBuffer(content) ? new Uint8Array(content) : content, head));
  const passing = new PassThrough();
  const web = Readable.toWeb(passing) as ReadableStream;
  answer(new Response(web, head));
  await pipeline(content.chunks, limitBytes(content.mostBytes), passing, { signal: gone });
}
