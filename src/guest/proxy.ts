// The loopback port for the `seed` command and for what an agent writes for its model. It forwards two prefixes
// over the link; the runner decides what is allowed. The guest's own requests (/task, /result) are out of reach.
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import {
  type ClientHttp2Stream,
  constants,
  type IncomingHttpHeaders,
  type IncomingHttpStatusHeader,
} from 'node:http2';
import type { AddressInfo } from 'node:net';
import { PassThrough } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { limitBytes } from '../lib/limit-bytes.ts';
import { relayedRequestHeaders, relayedResponseHeaders } from '../lib/relay-headers.ts';
import { createSlots } from '../lib/slots.ts';
import { SeedError } from '../protocol/errors.ts';
import { OUTPUT_PATH } from '../protocol/guest-wire.ts';
import { LIMITS } from '../protocol/limits.ts';
import type { Link } from './link.ts';
import type { OutputDesk } from './output-desk.ts';

/** Together they leave some of the link's streams to the guest itself, whatever the agent leaves open. */
const OPEN_REQUESTS = {
  // Before what is above it: calls that wait for people use up no others.
  '/api/v1/approvals/': LIMITS.guest.approvalWaits,
  '/api/v1/': LIMITS.guest.serverCalls,
  '/llm/v1/': LIMITS.guest.modelCalls,
} as const;
const MODELS = '/llm/';
/** An answer that is not longer is handed on whole. */
const WHOLE_BYTES = 1024 * 1024;
const COMES_BIT_BY_BIT = /^(?:text\/event-stream|application\/x-ndjson)/;
const CONNECTIONS = 200;
/** Longer than any sandbox waits: gVisor restores a connection closed before the freeze as an endless event. */
const KEEP_ALIVE_MS = 3_600_000;
type Prefix = keyof typeof OPEN_REQUESTS;

export interface LoopbackProxy {
  url: string;
  /** Forwards over the link from now on; null refuses everything. */
  serve(link: Link | null, desk?: OutputDesk | undefined): void;
}

interface Door {
  open: Record<Prefix, number>;
  link: Link | null;
  /** Where the answer is handed in, where it is to be a value. */
  desk: OutputDesk | null;
  /** Bytes of bodies that are held until they are answered. */
  bodies: ReturnType<typeof createSlots>;
}

/** Listens on loopback, from before the freeze on; port 0 takes a free one. */
export async function openProxy(port: number): Promise<LoopbackProxy> {
  const open: Record<Prefix, number> = { '/api/v1/approvals/': 0, '/api/v1/': 0, '/llm/v1/': 0 };
  const door: Door = { open, link: null, desk: null, bodies: createSlots(LIMITS.guest.heldBytes) };
  const server = createServer({ maxHeaderSize: LIMITS.guest.headerBytes, keepAliveTimeout: KEEP_ALIVE_MS });
  // Each is an open file of the guest's; what an agent opens beyond them waits or is refused.
  server.maxConnections = CONNECTIONS;
  server.on('request', (request, response) => {
    pass(request, response, door).catch((error: Error) => {
      if (response.headersSent) response.destroy();
      else refuse(response, error);
    });
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const { port: actualPort } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${actualPort}`,
    serve(link, desk) {
      door.link = link;
      door.desk = desk ?? null;
    },
  };
}

/** Forwards the request if it may pass. @throws SeedError not_found, too_many_requests, body_too_large */
async function pass(request: IncomingMessage, response: ServerResponse, door: Door): Promise<void> {
  const { open, link, desk } = door;
  if (desk !== null && request.url === OUTPUT_PATH) return answerOfDesk(request, response, desk);
  const prefix = (Object.keys(open) as Prefix[]).find((known) => request.url?.startsWith(known));
  if (prefix === undefined || link === null) throw new SeedError('not_found', `nothing is at ${request.url}`);
  if (open[prefix] >= OPEN_REQUESTS[prefix]) {
    throw new SeedError('too_many_requests', `${OPEN_REQUESTS[prefix]} requests to ${prefix} are open`);
  }
  if (Number(request.headers['content-length']) > LIMITS.guest.bodyBytes) throw bodyTooLarge();
  open[prefix]++;
  response.once('close', () => open[prefix]--);
  await forward(request, response, { link, bodies: door.bodies });
}

/** The schema, or what becomes of an answer. @throws SeedError body_too_large, unavailable */
async function answerOfDesk(request: IncomingMessage, response: ServerResponse, desk: OutputDesk): Promise<void> {
  const isGiven = request.method === 'POST';
  const text = (await wholeBody(request)).toString('utf8');
  const told = isGiven ? await desk.give({ text }) : desk.forms.whole;
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(told));
}

async function forward(
  request: IncomingMessage,
  response: ServerResponse,
  { link, bodies }: Pick<Door, 'bodies'> & { link: Link },
): Promise<void> {
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  const { signal } = gone;
  const { method = 'GET', url = '/', headers: given } = request;
  const held = mostBytes(request);
  const leave = held === 0 ? () => undefined : await bodies.enter(signal, held);
  try {
    const body = await wholeBody(request);
    const isForModel = url.startsWith(MODELS);
    const headers = relayedRequestHeaders(given);
    // By it the server does once what the link may have to ask twice.
    if (method !== 'GET' && !isForModel) headers['idempotency-key'] ??= randomUUID();
    const sent = { ':method': method, ':path': url, ...headers, ...lengthOf(request, body) };
    await link.repeat(async (session) => {
      const stream = session.request(sent, { endStream: false });
      const close = () => stream.close();
      signal.addEventListener('abort', close, { once: true });
      try {
        await relayAnswer(stream.end(body), response, { isForModel, isWrite: method !== 'GET' });
      } catch (error) {
        // The agent has begun to read it: for it, the answer breaks off.
        if (response.headersSent) return void response.destroy();
        throw error;
      } finally {
        signal.removeEventListener('abort', close);
      }
    }, signal);
  } finally {
    leave();
  }
}

/** Of a body in memory, where it is until there is an answer; one that says no length may have any. */
function mostBytes({ headers }: IncomingMessage): number {
  if (headers['transfer-encoding'] !== undefined) return LIMITS.guest.bodyBytes;
  return Number(headers['content-length'] ?? 0);
}

/** The runner takes as much into its memory, and no more. */
const lengthOf = ({ headers }: IncomingMessage, { length }: Buffer) =>
  headers['content-length'] === undefined && length === 0 ? {} : { 'content-length': String(length) };

/** @throws SeedError body_too_large */
async function wholeBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > LIMITS.guest.bodyBytes) throw bodyTooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function bodyTooLarge(): SeedError {
  return new SeedError('body_too_large', `the body is larger than ${LIMITS.guest.bodyBytes} bytes`);
}

/**
 * Hands on an answer once it is whole: cut in its middle it is asked for again. Only what comes bit by bit, and
 * what is long and tells of no write, is handed on as it comes. @throws Error as it broke off
 */
async function relayAnswer(
  stream: ClientHttp2Stream,
  response: ServerResponse,
  { isForModel, isWrite }: { isForModel: boolean; isWrite: boolean },
): Promise<void> {
  const headers = await headersOf(stream);
  const begin = () => response.writeHead(headers[':status'] ?? 502, relayedResponseHeaders(headers));
  const most = isForModel || COMES_BIT_BY_BIT.test(String(headers['content-type'])) ? 0 : WHOLE_BYTES;
  await pipeline(stream, limitBytes(LIMITS.guest.answerBytes), isWholeAtEnd(stream), async (content) => {
    const held: Buffer[] = [];
    let size = 0;
    for await (const chunk of content as AsyncIterable<Buffer>) {
      size += chunk.length;
      held.push(chunk);
      if (size <= most || (isWrite && most > 0)) continue;
      if (!response.headersSent) begin();
      for (const piece of held.splice(0)) if (!response.write(piece)) await drained(response);
    }
    if (!response.headersSent) begin();
    response.end(Buffer.concat(held));
  });
}

/** Or gone. */
async function drained(response: ServerResponse): Promise<void> {
  if (!response.destroyed) await Promise.race([once(response, 'drain'), once(response, 'close')]);
}

/** Node ends a stream that was cut as if it were whole. */
function isWholeAtEnd(stream: ClientHttp2Stream): PassThrough {
  return new PassThrough({
    flush(done) {
      done(stream.rstCode === constants.NGHTTP2_NO_ERROR ? null : new Error('the answer broke off'));
    },
  });
}

function headersOf(stream: ClientHttp2Stream): Promise<IncomingHttpHeaders & IncomingHttpStatusHeader> {
  return new Promise((resolve, reject) => {
    stream.once('error', reject);
    stream.once('close', () => reject(new Error('the stream closed without an answer')));
    stream.once('response', resolve);
  });
}

function refuse(response: ServerResponse, error: Error): void {
  const problem = `the request did not reach the server: ${error.message}`;
  const refusal = error instanceof SeedError ? error : new SeedError('unreachable', problem);
  response.writeHead(refusal.status, { 'content-type': 'application/json', connection: 'close' });
  response.end(JSON.stringify(refusal.toBody(null)));
}
