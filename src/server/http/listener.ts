// The server's socket: opened when all behind it is ready, closed with time for what is still being answered.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import type { Logger } from '../../lib/log.ts';
import { SeedError } from '../../protocol/errors.ts';
import { LINGER_MS, refuseFaulty } from './faulty-requests.ts';

/** How long running requests may take once the server stops: longer than a platform, shorter than runners wait. */
const DRAIN_MS = 35_000;
const HEADER_BYTES = 16 * 1024;
/** What is dropped of a client that has its answer and goes on sending, within LINGER_MS. */
const LINGER_BYTES = 1024 * 1024;
/** Longer than proxies keep idle connections by default: what Seed closes, they may just be sending on. */
const IDLE_MS = 75_000;
/** Until a request has arrived whole. */
const REQUEST_MS = 60_000;

export interface HttpListener extends AsyncDisposable {
  url: string;
}

interface ListenOptions {
  log: Logger;
  /** What may go before the paths of probes. */
  basePath?: string;
  drainMs?: number;
}

/** @throws SeedError invalid_settings when it cannot listen there */
export async function listenHttp(
  answer: Parameters<typeof getRequestListener>[0],
  host: string,
  port: number,
  { log, basePath = '', drainMs = DRAIN_MS }: ListenOptions,
): Promise<HttpListener> {
  const options = { maxHeaderSize: HEADER_BYTES, requestTimeout: REQUEST_MS, keepAliveTimeout: IDLE_MS };
  const probes = new RegExp(`^(?:${RegExp.escape(basePath)})?/(?:healthz|readyz)(?:\\?|$)`);
  const respond = getRequestListener(answer);
  const http = createServer(options, (request, response) => {
    // Whoever only probes, such as a load balancer, may speak HTTP/1.0 without a host, or name any.
    if (probes.test(request.url ?? '')) request.headers.host = 'localhost';
    const refusal = unspoken(request);
    if (refusal !== null) return response.writeHead(refusal, { connection: 'close' }).end();
    // Whatever answered: what is left of a body is not read. Node would read and drop it to keep the connection.
    response.prependOnceListener('finish', () => {
      if (!request.complete) leave(request);
    });
    return respond(request, response);
  });
  refuseFaulty(http);
  const drain = drainable(http, drainMs);
  const url = await listen(http, host, port);
  // Such as for want of a file descriptor: its caller tries again, and nobody else is to notice.
  http.on('error', (error) => log.error({ err: error }, 'a connection could not be taken'));
  return { url, [Symbol.asyncDispose]: drain };
}

/** The status for what is written as HTTP/1 and says that it is something else; null: it is what it says. */
function unspoken({ httpVersionMajor, headers }: IncomingMessage): number | null {
  // RFC 9110, section 15.6.6, and RFC 9112, section 6.1.
  if (httpVersionMajor !== 1) return 505;
  return /^chunked$/i.test(headers['transfer-encoding'] ?? 'chunked') ? null : 501;
}

/**
 * Closes the connection of a request that goes on after its answer: for a while what still comes is dropped, since
 * a connection that is closed with bytes unread takes the answer along (RFC 9112, section 9.6).
 */
function leave(request: IncomingMessage): void {
  const { socket } = request;
  const readBefore = socket.bytesRead;
  const late = setTimeout(() => socket.destroy(), LINGER_MS);
  socket.once('close', () => clearTimeout(late));
  // Node would close it at the end of the answer.
  socket.destroySoon = () => void socket.end();
  socket.end();
  request.on('data', () => {
    if (socket.bytesRead - readBefore > LINGER_BYTES) socket.destroy();
  });
  request.once('end', () => socket.destroy()).resume();
}

function listen(http: Server, host: string, port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    http.once('error', (cause: NodeJS.ErrnoException) => {
      const hint =
        cause.code === 'EADDRINUSE'
          ? 'Stop what listens there, or set PORT to another port.'
          : 'Check HOST and PORT.';
      reject(
        new SeedError('invalid_settings', `cannot listen on ${host}:${port}: ${cause.message}`, { hint, cause }),
      );
    });
    http.listen(port, host, () => {
      const address = http.address() as AddressInfo;
      const name = address.family === 'IPv6' ? `[${address.address}]` : address.address;
      resolve(`http://${name === '0.0.0.0' || name === '[::]' ? '127.0.0.1' : name}:${address.port}`);
    });
  });
}

/**
 * Returns what drains the server: it takes no new connection and lets go of idle ones at once, lets running
 * requests end, each the last of its connection, and closes what is left after the time.
 */
function drainable(http: Server, drainMs: number): () => Promise<void> {
  const sockets = new Set<Socket>();
  const answers = new Set<ServerResponse>();
  let draining = false;
  http.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  // Before the application answers.
  http.prependListener('request', (_request, response: ServerResponse) => {
    if (draining) response.shouldKeepAlive = false;
    answers.add(response);
    response.once('close', () => {
      answers.delete(response);
      if (draining) http.closeIdleConnections();
    });
  });
  return async () => {
    draining = true;
    // Where the headers are gone already the connection is closed once it is idle.
    for (const response of answers) if (!response.headersSent) response.shouldKeepAlive = false;
    const closed = new Promise<void>((resolve) => http.close(() => resolve()));
    // Node does not take a connection for idle that has never brought a request.
    for (const socket of sockets) if (socket.bytesRead === 0) socket.destroy();
    const late = setTimeout(() => http.closeAllConnections(), drainMs);
    await closed;
    clearTimeout(late);
  };
}
