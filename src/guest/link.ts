// The guest's way to its runner: an HTTP/2 client over the sandbox's byte stream. Used by all that asks it.
// Where the guest can be reached again, a stream that was cut is followed by another one, and what had no whole
// answer is asked again over it. So all that is asked must be safe to repeat: a batch of events has its number, a
// write of the agent's its Idempotency-Key, and a second result is the first.
import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants } from 'node:http2';
import type { Duplex, Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as delay, setImmediate as turn } from 'node:timers/promises';
import { parseJson } from '../lib/json.ts';
import { SeedError } from '../protocol/errors.ts';
import { BATCH_HEADER } from '../protocol/guest-wire.ts';
import { LIMITS } from '../protocol/limits.ts';

export type LinkAnswer = { status: number; body: Buffer };

/** What is done over a session, from its beginning each time. */
type Attempt<Answer> = (session: ClientHttp2Session) => Promise<Answer>;

export interface Link {
  /** @param signal gives it up */
  get(path: string, signal?: AbortSignal): Promise<LinkAnswer>;
  post(path: string, contentType: string, body: string): Promise<LinkAnswer>;
  postEvents(batch: number, ndjson: string): Promise<LinkAnswer>;
  /** Writes a body of any size to the file; the answer's is empty then. Rejects with `unreachable` when cut. */
  download(path: string, file: Writable): Promise<LinkAnswer>;
  /** Rejects with `unreachable` when cut. */
  upload(path: string, size: number, content: Readable): Promise<LinkAnswer>;
  /** The same of what tells its length only by its end. @param signal gives it up */
  put(path: string, content: Readable, signal: AbortSignal): Promise<LinkAnswer>;
  delete(path: string): Promise<LinkAnswer>;
  /** Made again as long as it rejects with its session cut; the signal ends the waiting for another one. */
  repeat<Answer>(attempt: Attempt<Answer>, signal?: AbortSignal): Promise<Answer>;
  /** Whether it rejected because the stream was cut, after which there may be another. */
  wasCut(session: ClientHttp2Session): Promise<boolean>;
  /** Does it over every other stream that follows. Resolves when there is none any more, and never will be. */
  overEachNext(work: () => Promise<unknown>): Promise<void>;
  /** There is no stream any more, and never will be. */
  isOver(): boolean;
  close(): Promise<void>;
}

/**
 * @param first positioned after the start line
 * @param again another stream after one was cut, once there is one; null when there will be none
 */
export function openLink(first: Duplex, again: () => Promise<Duplex | null> = async () => null): Link {
  let isClosing = false;
  let isOver = false;
  let current = sessionOver(first);
  let reopening: Promise<void> | null = null;

  function sessionOver(stream: Duplex): ClientHttp2Session {
    const session = connect('http://guest', {
      createConnection: () => stream,
      settings: { enablePush: false },
      maxHeaderListPairs: 64,
    });
    // Whatever waits for an answer tells of it.
    session.on('error', () => undefined);
    // With a code, or what is under way would seem to have ended well.
    session.once('goaway', () => session.destroy(new Error('the runner leaves'), constants.NGHTTP2_CANCEL));
    session.once('close', () => {
      if (!isClosing) reopening ??= reopen();
    });
    return session;
  }

  async function reopen(): Promise<void> {
    const stream = await again().catch(() => null);
    if (stream === null) {
      isOver = true;
      return;
    }
    reopening = null;
    current = sessionOver(stream);
  }

  async function session(signal?: AbortSignal): Promise<ClientHttp2Session> {
    while (!isOpen(current)) {
      signal?.throwIfAborted();
      reopening ??= reopen();
      await (signal === undefined ? reopening : Promise.race([reopening, aborted(signal)]));
      if (isOver) throw new Error('the stream ended before the task did');
    }
    return current;
  }

  async function wasCut(used: ClientHttp2Session): Promise<boolean> {
    // What breaks with the stream is told before the stream is.
    if (isOpen(used)) await turn();
    return !isOpen(used) && !isOver && !isClosing;
  }

  async function repeat<Answer>(attempt: Attempt<Answer>, signal?: AbortSignal): Promise<Answer> {
    for (;;) {
      const used = await session(signal);
      try {
        return await attempt(used);
      } catch (error) {
        if (signal?.aborted || !(await wasCut(used))) throw error;
      }
    }
  }

  /** For what cannot be repeated as it is. */
  async function once(attempt: Attempt<LinkAnswer>): Promise<LinkAnswer> {
    const used = await session();
    try {
      return await attempt(used);
    } catch (cause) {
      if (await wasCut(used)) throw new SeedError('unreachable', 'the stream was cut', { cause });
      throw cause;
    }
  }

  const post = (path: string, contentType: string, body: string, more: Record<string, string> = {}) => {
    const headers = { ':method': 'POST', ':path': path, 'content-type': contentType, ...more };
    return repeat((used) => exchange(used, headers, body));
  };
  return {
    get(path, signal) {
      const headers = { ':method': 'GET', ':path': path };
      return repeat((used) => exchange(used, headers, undefined, signal), signal);
    },
    post: (path, contentType, body) => post(path, contentType, body),
    postEvents: (batch, ndjson) =>
      post('/events', 'application/x-ndjson', ndjson, { [BATCH_HEADER]: String(batch) }),
    download: (path, file) => once((used) => download(used, path, file)),
    upload(path, size, content) {
      const headers = { ':method': 'PUT', ':path': path, 'content-length': String(size) };
      return once((used) => exchange(used, headers, content));
    },
    put: (path, content, signal) =>
      once((used) => exchange(used, { ':method': 'PUT', ':path': path }, content, signal)),
    delete: (path) => repeat((used) => exchange(used, { ':method': 'DELETE', ':path': path })),
    repeat,
    wasCut,
    async overEachNext(work) {
      for (let known = current; !isOver; known = current) {
        await (isOpen(known) ? new Promise((resolve) => known.once('close', resolve)) : turn());
        await session()
          .then(work)
          .catch(() => undefined);
      }
    },
    isOver: () => isOver,
    close() {
      isClosing = true;
      if (current.destroyed) return Promise.resolve();
      return new Promise((resolve) => {
        current.once('close', resolve);
        current.close();
      });
    },
  };
}

const isOpen = (session: ClientHttp2Session) => !session.closed && !session.destroyed;

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}

/** Node ends a stream that was reset or cut, too, as if it were whole. */
const isWhole = (request: ClientHttp2Stream) => request.rstCode === constants.NGHTTP2_NO_ERROR;

/** One request with a small answer. Rejects when the stream breaks or the answer is over the limit. */
function exchange(
  session: ClientHttp2Session,
  headers: Record<string, string>,
  body?: string | Readable,
  signal?: AbortSignal,
) {
  return new Promise<LinkAnswer>((resolve, reject) => {
    const request = session.request(headers, { endStream: body === undefined });
    const giveUp = () => request.close(constants.NGHTTP2_CANCEL);
    signal?.addEventListener('abort', giveUp, { once: true });
    request.once('close', () => signal?.removeEventListener('abort', giveUp));
    const chunks: Buffer[] = [];
    let size = 0;
    let status = 0;
    request.on('response', (answer) => {
      status = Number(answer[constants.HTTP2_HEADER_STATUS]);
    });
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      const problem = `the answer to ${headers[':path']} is larger than ${LIMITS.guest.answerBytes} bytes`;
      if (size <= LIMITS.guest.answerBytes) chunks.push(chunk);
      else request.destroy(new Error(problem));
    });
    request.once('end', () => {
      if (status > 0 && isWhole(request)) resolve({ status, body: Buffer.concat(chunks) });
    });
    request.once('error', reject);
    request.once('close', () => reject(new Error(`the stream closed before ${headers[':path']} was answered`)));
    if (typeof body === 'string') request.end(body);
    // An answer that comes before all was sent counts, and a broken stream is told by the request itself.
    else if (body !== undefined) pipeline(body, request).catch((error) => request.destroy(error));
  });
}

async function download(session: ClientHttp2Session, path: string, file: Writable): Promise<LinkAnswer> {
  const request = session.request({ ':method': 'GET', ':path': path });
  // Whatever waits for the request tells of it; between the answer's head and its body nothing does.
  request.on('error', () => undefined);
  try {
    const status = await statusOf(request);
    if (status === constants.HTTP_STATUS_OK) await pipeline(request, file);
    const body = status === constants.HTTP_STATUS_OK ? Buffer.alloc(0) : Buffer.concat(await request.toArray());
    if (!isWhole(request)) throw Object.assign(new Error('it broke off'), { code: 'ERR_HTTP2_STREAM_ERROR' });
    return { status, body };
  } finally {
    file.destroy();
  }
}

function statusOf(request: ClientHttp2Stream): Promise<number> {
  return new Promise((resolve, reject) => {
    request.once('response', (answer) => resolve(Number(answer[constants.HTTP2_HEADER_STATUS])));
    request.once('error', reject);
    request.once('close', () => reject(new Error('the stream closed without an answer')));
  });
}

const PAUSE_MS = 500;
const BROKEN_OFF = ['ERR_HTTP2_STREAM_ERROR', 'ERR_STREAM_PREMATURE_CLOSE'];

/** Shared by requests that follow one another: what one of them has waited the next need not wait again. */
interface Patience {
  ms: number;
  /** Null: the last answer was final. */
  endsAt: number | null;
}

export const newPatience = (ms: number = LIMITS.guest.patienceMs): Patience => ({ ms, endsAt: null });

/** Whether sending it again would change nothing. */
export const isFinal = ({ status }: LinkAnswer): boolean => status < 500 && status !== 429;

/** Sends again until the answer is final and whole, or the patience is over. Rejects when there is no link. */
export async function untilAnswered(send: () => Promise<LinkAnswer>, patience: Patience): Promise<LinkAnswer> {
  for (;;) {
    const answer = await send().catch(brokenOff);
    // The next sending waits for another stream, for as long as the link does.
    if (answer === null) continue;
    if (isFinal(answer)) {
      patience.endsAt = null;
      return answer;
    }
    patience.endsAt ??= performance.now() + patience.ms;
    if (performance.now() >= patience.endsAt) return answer;
    await delay(PAUSE_MS);
  }
}

/** The runner broke its answer off. Null: it was the stream that was cut. */
function brokenOff(error: NodeJS.ErrnoException): LinkAnswer | null {
  if (error instanceof SeedError && error.code === 'unreachable') return null;
  if (BROKEN_OFF.includes(error.code ?? '')) return { status: 503, body: Buffer.from('it broke off') };
  throw error;
}

/** The message in an error body of the server, or of an OpenAI-compatible upstream; null when there is none. */
export function errorMessageIn(body: string): string | null {
  const parsed = parseJson(body) as { error?: { message?: unknown } } | null | undefined;
  const message = parsed?.error?.message;
  return typeof message === 'string' ? message : null;
}
