// The guest's way to a server that it calls itself: HTTPS to the one name that leads out of its sandbox. For
// all that asks it is a stream as any other: its other end is here, and makes a request of each of the link's.
// What was not answered, or in part, is asked again, by the same rules as after a cut. Used by main.ts.
import { open } from 'node:fs/promises';
import { request as askHttp, Agent as HttpAgent, type IncomingMessage } from 'node:http';
import {
  constants,
  type IncomingHttpHeaders,
  performServerHandshake,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import { request as askHttps, Agent as HttpsAgent } from 'node:https';
import { type Duplex, duplexPair, type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { getCACertificates } from 'node:tls';
import { readWithin } from '../lib/read-stream.ts';
import { relayedRequestHeaders, relayedResponseHeaders } from '../lib/relay-headers.ts';
import { SeedError } from '../protocol/errors.ts';
import type { StartLine } from '../protocol/guest.ts';
import { AGAIN_HEADER, BATCH_HEADER, GUEST_HEADER } from '../protocol/guest-wire.ts';
import { LIMITS } from '../protocol/limits.ts';
import { pause, untilBack } from '../relay/patience.ts';
import { noAnswer, readServerAnswer, type ServerAnswer } from '../relay/server-answer.ts';

/** Longer than the door lets anybody wait without a word. */
const SILENT_MS = 45_000;
/** A model may think for so long before its first word. */
const MODEL_SILENT_MS = 10 * 60_000;
const AGAIN_MS = 50;
const FAILED = constants.NGHTTP2_INTERNAL_ERROR;

export interface DoorWay {
  /** What the guest is told of its task; null: there is none for this sandbox. Waits for a server that is away. */
  start(): Promise<StartLine | null>;
  /** For the link. */
  stream: Duplex;
}

/** @param url such as https://seed.example.com */
export async function openDoorWay(url: string): Promise<DoorWay> {
  const ask = asker(url, await drawToken());
  const [stream, other] = duplexPair();
  const session = performServerHandshake(other, { settings: { enablePush: false }, maxHeaderListPairs: 64 });
  serve(session as ServerHttp2Session, ask);
  return {
    stream,
    async start() {
      const signal = new AbortController().signal;
      const answer = await answerTo({ method: 'GET', path: '/start', headers: {}, body: null }, ask, signal);
      const body = await readWithin(answer.content, LIMITS.guest.answerBytes);
      return answer.status === 200 && body !== null ? (JSON.parse(body.toString()) as StartLine) : null;
    },
  };
}

/** From the kernel, which no two sandboxes share the state of: this process may be a copy of another's. */
async function drawToken(): Promise<string> {
  await using file = await open('/dev/urandom');
  const { buffer } = await file.read(Buffer.alloc(32), 0, 32);
  return buffer.toString('hex');
}

interface Asked {
  method: string;
  path: string;
  headers: Record<string, string>;
  /** A stream can be sent once. */
  body: Buffer | Readable | null;
}

type Ask = (asked: Asked, signal: AbortSignal) => Promise<IncomingMessage>;

function asker(url: string, token: string): Ask {
  const isPlain = url.startsWith('http:');
  const agent = isPlain ? new HttpAgent({ keepAlive: true }) : new HttpsAgent({ keepAlive: true });
  // Whoever forwards its requests reads them, by a certificate of an authority that only the sandbox knows.
  const ca = isPlain ? undefined : [...getCACertificates('default'), ...getCACertificates('system')];
  return ({ method, path, headers, body }, signal) =>
    new Promise((resolve, reject) => {
      const timeout = isCompletion(method, path) ? MODEL_SILENT_MS : SILENT_MS;
      const sent = { ...headers, [GUEST_HEADER]: token };
      const options = { agent, method, headers: sent, signal, timeout, ...(ca && { ca }) };
      const request = (isPlain ? askHttp : askHttps)(url + path, options, resolve);
      request.once('timeout', () => request.destroy(new Error(`silent for ${timeout} ms`)));
      request.once('error', reject);
      if (body === null || Buffer.isBuffer(body)) request.end(body ?? undefined);
      else pipeline(body, request).catch((error) => request.destroy(error));
    });
}

const isCompletion = (method: string, path: string) => method === 'POST' && path.startsWith('/llm/');

function serve(session: ServerHttp2Session, ask: Ask): void {
  session.on('error', () => undefined);
  session.on('stream', (stream, headers) => {
    stream.on('error', () => undefined);
    pass(stream, headers, ask).catch(() => {
      if (!stream.destroyed) stream.close(FAILED);
    });
  });
}

/** Its bodies come as they are, of any length. */
const STREAMED = /^\/(?:artifacts\/|workspace$)/;
/** What comes bit by bit, and what goes into files, is handed on as it comes. */
const BIT_BY_BIT = /^(?:text\/event-stream|application\/x-ndjson|application\/octet-stream|application\/gzip)/;

async function pass(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, ask: Ask): Promise<void> {
  const gone = new AbortController();
  stream.once('close', () => gone.abort());
  const { ':method': method = 'GET', ':path': path = '/' } = headers as Record<string, string>;
  const isStreamed = method === 'PUT' && STREAMED.test(path);
  const length = headers['content-length'];
  const batch = headers[BATCH_HEADER];
  const kept = {
    ...relayedRequestHeaders(headers),
    ...(typeof batch === 'string' && { [BATCH_HEADER]: batch }),
    ...(length !== undefined && { 'content-length': length }),
  };
  const body = isStreamed ? stream : await wholeOf(stream);
  const answer = await answerTo({ method, path, headers: kept, body }, ask, gone.signal);
  if (stream.destroyed) return answer.drop();
  stream.respond({ ':status': answer.status, ...relayedResponseHeaders(answer.headers) });
  await pipeline(answer.content, stream);
}

/** Null: none. @throws SeedError body_too_large */
async function wholeOf(stream: ServerHttp2Stream): Promise<Buffer | null> {
  if (stream.endAfterHeaders) return null;
  const most = Math.max(LIMITS.guest.bodyBytes, LIMITS.guest.resultBytes);
  const body = await readWithin(stream, most);
  if (body === null) throw new SeedError('body_too_large', `the body is larger than ${most} bytes`);
  return body;
}

/** Asked again until there is an answer, whole where it is short. */
async function answerTo(asked: Asked, ask: Ask, signal: AbortSignal): Promise<ServerAnswer> {
  const isOnce = asked.body !== null && !Buffer.isBuffer(asked.body);
  for (;;) {
    const patienceMs = isOnce ? 0 : LIMITS.guest.aloneMs;
    const answer = await untilBack(() => attempt(asked, ask, signal), { signal, patienceMs });
    if (answer.headers[AGAIN_HEADER] === undefined || isOnce) return answer;
    answer.drop();
    await pause(AGAIN_MS, signal);
    signal.throwIfAborted();
  }
}

async function attempt(asked: Asked, ask: Ask, signal: AbortSignal): Promise<ServerAnswer> {
  const message = await ask(asked, signal).catch(noAnswer);
  const { statusCode: status = 502, headers } = message;
  message.on('error', () => undefined);
  if (headers[AGAIN_HEADER] !== undefined) {
    message.resume();
    return { status, headers, content: message, drop: () => void message.destroy() };
  }
  const chunks = message[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  const drop = () => void message.destroy();
  const begun = { status, headers, chunks, drop };
  const comes = isCompletion(asked.method, asked.path) || BIT_BY_BIT.test(headers['content-type'] ?? '');
  const answer = await readServerAnswer(begun, isCompletion(asked.method, asked.path));
  if (comes) return answer;
  const body = await readWithin(answer.content, LIMITS.guest.answerBytes).catch(noAnswer);
  if (body === null) throw new SeedError('body_too_large', 'the answer is too large');
  return { ...answer, content: oneOf(body) };
}

async function* oneOf(body: Buffer): AsyncGenerator<Buffer> {
  if (body.length > 0) yield body;
}
