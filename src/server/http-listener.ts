// The server's socket: opened when all behind it is ready, closed with time for what is still being answered.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { SeedError } from '../protocol/errors.ts';

/** How long running requests may take to end once the server stops. */
const DRAIN_MS = 8_000;
const HEADER_BYTES = 16 * 1024;
/** Until a request has arrived whole. */
const REQUEST_MS = 60_000;

export interface HttpListener extends AsyncDisposable {
  url: string;
}

/** @throws SeedError invalid_settings when it cannot listen there */
export async function listenHttp(
  answer: Parameters<typeof getRequestListener>[0],
  host: string,
  port: number,
): Promise<HttpListener> {
  const options = { maxHeaderSize: HEADER_BYTES, requestTimeout: REQUEST_MS };
  const http = createServer(options, getRequestListener(answer));
  const url = await listen(http, host, port);
  return { url, [Symbol.asyncDispose]: () => drain(http) };
}

function listen(http: Server, host: string, port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    http.once('error', (cause: NodeJS.ErrnoException) => {
      const hint =
        cause.code === 'EADDRINUSE'
          ? 'Stop what listens there, or set PORT to another port.'
          : 'Check HOST and PORT.';
      reject(
        new SeedError('invalid_settings', `cannot listen on ${host}:${port}: ${cause.message}`, {
          hint,
          cause,
        }),
      );
    });
    http.listen(port, host, () => {
      const address = http.address() as AddressInfo;
      const name = address.family === 'IPv6' ? `[${address.address}]` : address.address;
      resolve(`http://${name === '0.0.0.0' || name === '[::]' ? '127.0.0.1' : name}:${address.port}`);
    });
  });
}

/** Takes no new connection, lets running requests end, then closes what is left. */
async function drain(http: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => http.close(() => resolve()));
  http.closeIdleConnections();
  const late = setTimeout(() => http.closeAllConnections(), DRAIN_MS);
  await closed;
  clearTimeout(late);
}
