// The guest's only connection: an HTTP/2 client over the sandbox's byte stream. Used by all that asks the runner.
import { once } from 'node:events';
import { type ClientHttp2Session, connect, constants, type IncomingHttpHeaders } from 'node:http2';
import type { Duplex, Readable, Writable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { parseJson } from '../lib/json.ts';
import { LIMITS } from '../protocol/limits.ts';

export type LinkAnswer = { status: number; body: Buffer };

export interface Link {
  readonly session: ClientHttp2Session;
  get(path: string): Promise<LinkAnswer>;
  post(path: string, contentType: string, body: string): Promise<LinkAnswer>;
  /** Writes a body of any size to the file; the answer's is empty then. */
  download(path: string, file: Writable): Promise<LinkAnswer>;
  upload(path: string, size: number, content: Readable): Promise<LinkAnswer>;
  delete(path: string): Promise<LinkAnswer>;
  close(): Promise<void>;
}

/** @param stream positioned after the start line */
export function openLink(stream: Duplex): Link {
  const session = connect('http://guest', {
    createConnection: () => stream,
    settings: { enablePush: false },
    maxHeaderListPairs: 64,
  });
  return {
    session,
    get: (path) => exchange(session, { ':method': 'GET', ':path': path }),
    post: (path, contentType, body) =>
      exchange(session, { ':method': 'POST', ':path': path, 'content-type': contentType }, body),
    download: (path, file) => download(session, path, file),
    upload: (path, size, content) =>
      exchange(session, { ':method': 'PUT', ':path': path, 'content-length': String(size) }, content),
    delete: (path) => exchange(session, { ':method': 'DELETE', ':path': path }),
    close: () => new Promise((resolve) => session.close(resolve)),
  };
}

/** One request with a small answer. Rejects when the stream breaks or the answer is over the limit. */
function exchange(session: ClientHttp2Session, headers: Record<string, string>, body?: string | Readable) {
  return new Promise<LinkAnswer>((resolve, reject) => {
    const request = session.request(headers, { endStream: body === undefined });
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
    request.once('end', () => resolve({ status, body: Buffer.concat(chunks) }));
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
  const [answer] = (await once(request, 'response')) as [IncomingHttpHeaders];
  const status = Number(answer[constants.HTTP2_HEADER_STATUS]);
  if (status === constants.HTTP_STATUS_OK) {
    await pipeline(request, file);
    return { status, body: Buffer.alloc(0) };
  }
  file.destroy();
  return { status, body: await buffer(request) };
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

/** Sends again until the answer is final and whole, or the patience is over. Rejects when the link breaks. */
export async function untilAnswered(send: () => Promise<LinkAnswer>, patience: Patience): Promise<LinkAnswer> {
  for (;;) {
    const answer = await send().catch(brokenOff);
    if (isFinal(answer)) {
      patience.endsAt = null;
      return answer;
    }
    patience.endsAt ??= performance.now() + patience.ms;
    if (performance.now() >= patience.endsAt) return answer;
    await delay(PAUSE_MS);
  }
}

/** The runner broke its answer off. Where it was the link, the next request says so. */
function brokenOff(error: NodeJS.ErrnoException): LinkAnswer {
  if (BROKEN_OFF.includes(error.code ?? '')) return { status: 503, body: Buffer.from('it broke off') };
  throw error;
}

/** The message in an error body of the server, or of an OpenAI-compatible upstream; null when there is none. */
export function errorMessageIn(body: string): string | null {
  const parsed = parseJson(body) as { error?: { message?: unknown } } | null | undefined;
  const message = parsed?.error?.message;
  return typeof message === 'string' ? message : null;
}
