// A server of the double on loopback, which fails on demand. Used by double.ts.
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { Readable } from 'node:stream';
import { cutAnswerAt, cutRequestAfter, type Faults } from './faults.ts';

export interface Answer {
  status: number;
  body?: object;
  headers?: Record<string, string>;
}

type Serve = (request: IncomingMessage, response: ServerResponse) => unknown;

export interface Serving {
  url: string;
  /** Breaks all connections. */
  cut(): void;
  close(): void;
}

export const problem = (code: number, message: string): Answer => ({ status: code, body: { code, message } });

export function send(response: ServerResponse, { status, body, headers }: Answer): void {
  response.writeHead(status, { ...headers, ...(body && { 'content-type': 'application/json' }) });
  response.end(body && JSON.stringify(body));
}

export async function startServing(faults: Faults, serve: Serve): Promise<Serving> {
  const server = createServer({ requestTimeout: 0, headersTimeout: 60_000 }, withFaults(faults, serve));
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const cut = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    cut,
    close() {
      server.close();
      cut();
    },
  };
}

function withFaults(faults: Faults, serve: Serve) {
  return async (request: IncomingMessage, response: ServerResponse) => {
    const fault = faults.take(request);
    try {
      if (!fault) return void (await serve(request, response));
      const { done, cutAnswer, cutRequest } = fault;
      if (cutRequest !== undefined) cutRequestAfter(request, cutRequest);
      if (cutAnswer !== undefined) cutAnswerAt(response, cutAnswer);
      if (cutRequest !== undefined || cutAnswer !== undefined) return void (await serve(request, response));
      if (typeof done === 'object') await serveLater(request, serve, done.afterMs);
      else if (done) await serve(request, deaf());
      if (fault.answer) send(response, { body: {}, ...fault.answer });
      else request.socket.destroy();
    } catch (error) {
      send(response, problem(500, (error as Error).message));
    }
  };
}

/** Its body is read before the connection ends. */
async function serveLater(request: IncomingMessage, serve: Serve, afterMs: number): Promise<void> {
  const { method, url, headers, socket } = request;
  const late = Object.assign(Readable.from(await request.toArray()), { method, url, headers, socket });
  setTimeout(() => void serve(late as unknown as IncomingMessage, deaf()), afterMs);
}

/** What is said to it nobody hears. */
function deaf(): ServerResponse {
  const heard = { writeHead: () => heard, end: () => heard };
  return heard as unknown as ServerResponse;
}
