// What cannot be answered as a request: bytes that are no HTTP, tunnels, versions that nobody speaks here. Refused
// on the socket, behind the answers to what came before on it. Used by the listener.
import { type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { METHODS } from './errors.ts';

/** By the code of Node's error; all else is 400. */
const STATUS: Readonly<Record<string, number>> = {
  HPE_HEADER_OVERFLOW: 431,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
  ERR_HTTP_REQUEST_TIMEOUT: 408,
};

/** How long a client is listened to that has its answer and goes on sending. */
export const LINGER_MS = 2_000;

interface ConnectionError extends Error {
  code?: string;
  rawPacket?: Buffer;
}

/** To be called before anything else listens for requests. */
export function refuseFaulty(http: Server): void {
  const open = new WeakMap<Duplex, Set<ServerResponse>>();
  const refused = new WeakSet<Duplex>();
  http.prependListener('request', (request: IncomingMessage, response: ServerResponse) => {
    const { socket } = request;
    const answers = open.get(socket) ?? new Set();
    open.set(socket, answers.add(response));
    response.once('close', () => answers.delete(response));
  });

  /** @param status null: nothing is said any more */
  const refuse = (socket: Duplex, status: number | null) => {
    if (refused.has(socket)) return;
    refused.add(socket);
    const answers = [...(open.get(socket) ?? [])];
    // What came whole before is being done, so its answer is waited for, and is the last: a refusal in its place
    // would say that it was not done.
    const whole = answers.filter(({ req }) => req.complete).at(-1);
    if (whole !== undefined) {
      if (!whole.headersSent) whole.shouldKeepAlive = false;
      whole.once('close', () => end(socket));
    } else if (status === null || !socket.writable || answers.some(({ headersSent }) => headersSent)) {
      socket.destroy();
    } else {
      end(socket, answerText(status));
    }
  };

  http.on('clientError', (error: ConnectionError, socket) => {
    if (error.code === 'ECONNRESET') return void socket.destroy();
    // More follows what was said to be the last request: it is not read.
    const isBehindTheLast = error.code === 'HPE_CLOSED_CONNECTION';
    refuse(socket, isBehindTheLast ? null : statusOf(error));
  });
  // Seed is no proxy (RFC 9110, section 9.3.6).
  http.on('connect', (_request, socket) => refuse(socket, 405));
}

function statusOf({ code = '', rawPacket }: ConnectionError): number {
  const status = STATUS[code] ?? 400;
  // Where its first line fills the whole packet, it was the target that was too long.
  return status === 431 && rawPacket !== undefined && /^[A-Z]+ [^\r\n]+$/.test(firstBytes(rawPacket))
    ? 414
    : status;
}

/** As many as headers may have. */
const firstBytes = (packet: Buffer) => packet.subarray(0, 16 * 1024).toString('latin1');

/**
 * Closes a socket behind the last that it is told. For a while what still comes is dropped: a connection that is
 * closed with bytes unread takes the answer along (RFC 9112, section 9.6).
 */
function end(socket: Duplex, text = ''): void {
  if (!socket.writable) return void socket.destroy();
  const late = setTimeout(() => socket.destroy(), LINGER_MS);
  socket.once('close', () => clearTimeout(late));
  socket.once('end', () => socket.destroy()).resume();
  socket.end(text);
}

function answerText(status: number): string {
  const lines = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    `Date: ${new Date().toUTCString()}`,
    ...(status === 405 ? [`Allow: ${['HEAD', ...METHODS].join(', ')}`] : []),
    'Content-Length: 0',
    'Connection: close',
  ];
  return `${lines.join('\r\n')}\r\n\r\n`;
}
