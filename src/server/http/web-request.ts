// Gives routes what Node's listener would give them with a request, where a Request is all there is. Used by
// function.ts.

import { Readable } from 'node:stream';
import type { HttpBindings } from '@hono/node-server';
import type { AnswerDeadline } from './http-types.ts';

/** Whoever runs the function hands requests on, and says in X-Forwarded-For whose they are. */
export const HANDED_ON_BY = '127.0.0.1';
/** No proxy of ours has written it. */
const NOT_OURS = 'x-forwarded-prefix';

type Bindings = Pick<HttpBindings, 'incoming' | 'outgoing'> & { deadline: AnswerDeadline };

export interface Answered {
  response: Response;
  /** Resolves when nothing more of it is to come, or its reader has left. */
  ended: Promise<void>;
}

/** Answers the request by the application, with all headers that it sets on its way. */
export async function answerRequest(
  given: Request,
  deadline: AnswerDeadline,
  answer: (request: Request, bindings: Bindings) => Response | Promise<Response>,
): Promise<Answered> {
  const gone = new AbortController();
  const broken = new AbortController();
  const signal = AbortSignal.any([given.signal, gone.signal]);
  const headers = new Headers(given.headers);
  headers.delete(NOT_OURS);
  // So that its bytes are counted: what says neither is taken for a request without a body.
  if (given.body !== null && !headers.has('content-length')) headers.set('transfer-encoding', 'chunked');
  const { method, url, body } = given;
  const request = new Request(url, { method, headers, signal, ...(body && { body, duplex: 'half' }) });
  const sent = new Headers();
  const outgoing = {
    setHeader: (name: string, value: string) => void sent.set(name, value),
    once: (_event: 'close', listener: () => void) => signal.addEventListener('abort', listener, { once: true }),
    destroy: () => broken.abort(new Error('the answer was broken off')),
  };
  const bindings = { incoming: incomingOf(request), outgoing, deadline } as unknown as Bindings;
  const response = await answer(request, bindings);
  for (const [name, value] of response.headers) {
    if (name === 'set-cookie') sent.append(name, value);
    // It is said of connections, which are the vendor's.
    else if (name !== 'connection') sent.set(name, value);
  }
  const { status, statusText } = response;
  const ended = Promise.withResolvers<void>();
  const content = response.body && readable(response.body, { gone, broken: broken.signal, ended: ended.resolve });
  if (content === null) ended.resolve();
  return { response: new Response(content, { status, statusText, headers: sent }), ended: ended.promise };
}

function incomingOf(request: Request): Partial<HttpBindings['incoming']> {
  const { method, url, headers, body } = request;
  const { pathname, search } = new URL(url);
  const rawHeaders = [...headers].flat();
  let read: Readable | null = null;
  const stream = () => {
    read ??= body === null ? Readable.from([]) : Readable.fromWeb(body as never);
    return read;
  };
  return {
    method,
    url: pathname + search,
    httpVersion: '1.1',
    headers: Object.fromEntries(headers),
    rawHeaders,
    // Nothing else comes over its connection, whatever is left of the body.
    complete: true,
    socket: { remoteAddress: HANDED_ON_BY } as HttpBindings['incoming']['socket'],
    iterator: (options?: { destroyOnReturn?: boolean }) => stream().iterator(options),
  };
}

/** The same bytes; whoever leaves is gone, and what is broken off has no proper end. */
function readable(
  body: ReadableStream<Uint8Array>,
  { gone, broken, ended }: { gone: AbortController; broken: AbortSignal; ended(): void },
) {
  const reader = body.getReader();
  const breaks = new Promise<never>((_, reject) => {
    broken.addEventListener('abort', () => reject(broken.reason), { once: true });
  });
  breaks.catch(() => undefined);
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const read = Promise.race([reader.read(), breaks]);
        const { done, value } = await read.catch((error) => {
          ended();
          throw error;
        });
        if (!done) return controller.enqueue(value);
        controller.close();
        ended();
      },
      async cancel(reason) {
        gone.abort(reason);
        ended();
        await reader.cancel(reason);
      },
    },
    { highWaterMark: 0 },
  );
}
