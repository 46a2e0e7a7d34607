// One HTTP exchange over Node's http module. Used through Io by api.ts.
import type { IncomingHttpHeaders } from 'node:http';
import { awakeTimeout } from '../lib/awake-timeout.ts';
import { loadHttp, loadHttps, loadStream } from './builtin.ts';

export interface StreamedBody {
  type: string;
  length: number;
  /** From the start, each time it is called. */
  chunks(): AsyncIterable<Uint8Array>;
}

interface HttpRequest {
  method: string;
  url: string;
  headers: Record<string, string>;
  body?: string | StreamedBody;
  /** Ends the exchange, also while the body is being read. */
  signal?: AbortSignal;
  /** How long the server may take until its answer begins. */
  timeoutMs: number;
}

export interface HttpResponse {
  status: number;
  headers: IncomingHttpHeaders;
  /** Throws when the connection breaks before the answer is complete. */
  body: AsyncIterable<Uint8Array>;
}

/** Rejects with Node's own error when no answer begins. */
export type Request = (request: HttpRequest) => Promise<HttpResponse>;

const KEEP_ALIVE_MS = 15_000;

/**
 * Not `fetch`, whose first call costs more than Node's own start.
 * @param keepsConnections for a process that runs many calls; a connection that is kept holds no process back
 */
export function nodeRequest({ keepsConnections }: { keepsConnections: boolean }): Request {
  return (request) => exchange(request, keepsConnections);
}

const exchange = (
  { method, url, headers, body, signal, timeoutMs }: HttpRequest,
  keepsConnections: boolean,
): Promise<HttpResponse> =>
  new Promise((resolve, reject) => {
    const http = url.startsWith('https:') ? loadHttps() : loadHttp();
    const length = typeof body === 'string' ? Buffer.byteLength(body) : body?.length;
    const allHeaders = length === undefined ? headers : { ...headers, 'content-length': String(length) };
    const agent = keepsConnections ? http.globalAgent : false;
    const request = http.request(url, { method, headers: allHeaders, agent, ...(signal && { signal }) });
    const withdraw = awakeTimeout(timeoutMs, () => {
      request.destroy(Object.assign(new Error(`no answer within ${timeoutMs / 1000} s`), { code: 'ETIMEDOUT' }));
    });
    request.once('response', (response) => {
      withdraw();
      resolve({ status: response.statusCode ?? 0, headers: response.headers, body: response });
    });
    request.once('socket', (socket) => socket.setKeepAlive(true, KEEP_ALIVE_MS));
    request.on('error', (error) => {
      withdraw();
      reject(error);
    });
    if (body === undefined || typeof body === 'string') request.end(body);
    // What breaks it off is told by the request's own error.
    else loadStream().pipeline(body.chunks(), request, () => undefined);
  });
