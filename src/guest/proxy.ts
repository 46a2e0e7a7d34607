// The loopback port for the `seed` command and for what an agent writes for its model. It forwards two prefixes
// over the link; the runner decides what is allowed. The guest's own requests (/task, /result) are out of reach.
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { ClientHttp2Session, ClientHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { limitBytes } from '../lib/limit-bytes.ts';
import { relayedRequestHeaders, relayedResponseHeaders } from '../lib/relay-headers.ts';
import { SeedError } from '../protocol/errors.ts';
import { LIMITS } from '../protocol/limits.ts';

/** Together they leave some of the link's streams to the guest itself, whatever the agent leaves open. */
const OPEN_REQUESTS = {
  // Before what is above it: calls that wait for people use up no others.
  '/api/v1/approvals/': LIMITS.guest.approvalWaits,
  '/api/v1/': LIMITS.guest.serverCalls,
  '/llm/v1/': LIMITS.guest.modelCalls,
} as const;
const CONNECTIONS = 200;
/** Longer than any sandbox waits: gVisor restores a connection closed before the freeze as an endless event. */
const KEEP_ALIVE_MS = 3_600_000;
type Prefix = keyof typeof OPEN_REQUESTS;

export interface LoopbackProxy {
  url: string;
  /** Forwards over the link from now on; null refuses everything. */
  serve(target: ClientHttp2Session | null): void;
}

/** Listens on loopback, from before the freeze on; port 0 takes a free one. */
export async function openProxy(port: number): Promise<LoopbackProxy> {
  const open: Record<Prefix, number> = { '/api/v1/approvals/': 0, '/api/v1/': 0, '/llm/v1/': 0 };
  let target: ClientHttp2Session | null = null;
  const server = createServer({ maxHeaderSize: LIMITS.guest.headerBytes, keepAliveTimeout: KEEP_ALIVE_MS });
  // Each is an open file of the guest's; what an agent opens beyond them waits or is refused.
  server.maxConnections = CONNECTIONS;
  server.on('request', (request, response) => {
    pass(request, response, open, target).catch((error: Error) => {
      if (response.headersSent) response.destroy();
      else refuse(response, error);
    });
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const { port: actualPort } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${actualPort}`,
    serve(next) {
      target = next;
    },
  };
}

/** Forwards the request if it may pass. @throws SeedError not_found, too_many_requests, body_too_large */
async function pass(
  request: IncomingMessage,
  response: ServerResponse,
  open: Record<Prefix, number>,
  target: ClientHttp2Session | null,
): Promise<void> {
  const prefix = (Object.keys(open) as Prefix[]).find((known) => request.url?.startsWith(known));
  if (prefix === undefined || target === null) throw new SeedError('not_found', `nothing is at ${request.url}`);
  if (open[prefix] >= OPEN_REQUESTS[prefix]) {
    throw new SeedError('too_many_requests', `${OPEN_REQUESTS[prefix]} requests to ${prefix} are open`);
  }
  if (Number(request.headers['content-length']) > LIMITS.guest.bodyBytes) {
    throw new SeedError('body_too_large', `the body is larger than ${LIMITS.guest.bodyBytes} bytes`);
  }
  open[prefix]++;
  response.once('close', () => open[prefix]--);
  await forward(request, response, target);
}

async function forward(request: IncomingMessage, response: ServerResponse, session: ClientHttp2Session) {
  const { 'content-length': length } = request.headers;
  const stream = session.request({
    ':method': request.method ?? 'GET',
    ':path': request.url ?? '/',
    ...relayedRequestHeaders(request.headers),
    // The runner takes as much into its memory, and no more.
    ...(length !== undefined && { 'content-length': length }),
  });
  response.once('close', () => stream.close());
  const answered = relayAnswer(stream, response);
  const sent = pipeline(request, limitBytes(LIMITS.guest.bodyBytes), stream);
  // An answer may come before the body was read to its end; then the answer counts.
  await Promise.race([answered, sent.then(() => answered)]);
}

function relayAnswer(stream: ClientHttp2Stream, response: ServerResponse): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.once('error', reject);
    stream.once('close', () => reject(new Error('the stream closed without an answer')));
    stream.once('response', (headers) => {
      response.writeHead(headers[':status'] ?? 502, relayedResponseHeaders(headers));
      pipeline(stream, limitBytes(LIMITS.guest.answerBytes), response).then(resolve, reject);
    });
  });
}

function refuse(response: ServerResponse, error: Error): void {
  const problem = `the request did not reach the server: ${error.message}`;
  const refusal = error instanceof SeedError ? error : new SeedError('unreachable', problem);
  response.writeHead(refusal.status, { 'content-type': 'application/json', connection: 'close' });
  response.end(JSON.stringify(refusal.toBody(null)));
}
