// Runs the built function (deploy/vercel/build.ts) as the vendor does: static files and rewrites by vercel.json
// before it, instances that come, freeze and go (instances.ts), its limit of bodies, its headers, its cron.
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse, request as send } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, normalize } from 'node:path';
import { getMimeType } from 'hono/utils/mime';
import type { ServerSettings } from '../../../src/server/settings.ts';
import { type InstanceCounts, type InstanceOptions, Instances } from './instances.ts';

const MEGABYTE = 1024 * 1024;
/** Of requests, and of answers that are no streams. */
const BODY_BYTES = 4.5 * MEGABYTE;
/** As long as the server keeps one that nobody uses: a request that meets its end would be lost. */
const IDLE_MS = 75_000;

export interface HostOptions extends Partial<Omit<InstanceOptions, 'given'>> {
  /** The folder that buildFunction made. */
  folder: string;
  /** Missing: the entry reads its environment, which is then `env`. */
  settings?: ServerSettings;
  cronSecret: string;
  /** Missing: any free one. */
  port?: number;
  /** How often the cron is called; the vendor's is a minute. */
  cronEveryMs?: number;
  /** An invocation that takes longer is answered with 504, and its instance killed. */
  mostMs?: number;
}

export interface FunctionHost {
  url: string;
  instances: Instances;
  counts: InstanceCounts;
  /** Calls the cron now. */
  cron(): Promise<Response>;
  stop(): Promise<void>;
}

interface VercelSettings {
  crons: { path: string }[];
  rewrites: { source: string; destination: string }[];
  headers: { source: string; headers: { key: string; value: string }[] }[];
}

export async function startFunctionHost(options: HostOptions): Promise<FunctionHost> {
  const { folder, settings, cronSecret, port = 0, cronEveryMs = 5_000, mostMs = 60_000 } = options;
  const vercel = JSON.parse(readFileSync(join(folder, 'vercel.json'), 'utf8')) as VercelSettings;
  const instances = new Instances({
    concurrency: 8,
    freezes: true,
    killShare: 0,
    settleMs: 15_000,
    random: Math.random,
    ...options,
    given: { folder, cronSecret, mostMs, ...(settings && { settings }) },
  });
  const server = createServer({ keepAliveTimeout: IDLE_MS }, (request, response) => {
    route(request, response).catch(() => response.destroy());
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const cron = () =>
    fetch(url + (vercel.crons[0]?.path ?? ''), { headers: { authorization: `Bearer ${cronSecret}` } });
  let isCalled = false;
  const ticking = setInterval(async () => {
    if (isCalled) return;
    isCalled = true;
    await cron().catch(() => undefined);
    isCalled = false;
  }, cronEveryMs);

  async function route(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = new URL(request.url ?? '/', 'http://localhost').pathname;
    const isRead = request.method === 'GET' || request.method === 'HEAD';
    const file = isRead ? await fileAt(folder, vercel, path) : null;
    if (file === null) return invoke(request, response);
    for (const { source, headers } of vercel.headers)
      if (new RegExp(`^${source}$`).test(path))
        for (const { key, value } of headers) response.setHeader(key, value);
    response
      .writeHead(200, { 'content-type': file.type })
      .end(request.method === 'HEAD' ? undefined : file.content);
  }

  async function invoke(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const refuse = () => void response.writeHead(413, { connection: 'close' }).end('FUNCTION_PAYLOAD_TOO_LARGE');
    if (Number(request.headers['content-length'] ?? 0) > BODY_BYTES) return refuse();
    const id = randomUUID();
    const { port, answered, kill } = await instances.take(id);
    const peer = request.socket.remoteAddress ?? '';
    const rawHeaders = without(/^(?:x-forwarded-(?:for|proto|host)|x-real-ip|connection)$/i, request.rawHeaders);
    const forwarded = [
      'x-forwarded-for',
      peer,
      'x-real-ip',
      peer,
      'x-forwarded-proto',
      'http',
      'x-invocation',
      id,
    ];
    // A connection for each: an instance that was stopped closes those it has kept as soon as it is continued.
    // It is not closed by an instance that answers before it has read all: that would cost the answer.
    const asked = send({
      agent: false,
      setHost: request.headers.host === undefined,
      port,
      host: '127.0.0.1',
      method: request.method,
      path: request.url,
    });
    for (let at = 0; at < rawHeaders.length + forwarded.length; at += 2) {
      const [name = '', value = ''] = [...rawHeaders, ...forwarded].slice(at, at + 2);
      asked.appendHeader(name, value);
    }
    asked.setHeader('connection', 'keep-alive');
    const late = setTimeout(() => {
      if (!response.headersSent) response.writeHead(504).end('FUNCTION_INVOCATION_TIMEOUT');
      else response.destroy();
      kill();
    }, mostMs);
    response.once('close', () => {
      clearTimeout(late);
      asked.destroy();
      answered();
    });
    asked.on('response', (answer) => {
      request.unpipe(asked);
      const headers = without(/^(?:connection|keep-alive)$/i, answer.rawHeaders);
      if (!request.complete) headers.push('connection', 'close');
      response.writeHead(answer.statusCode ?? 500, answer.statusMessage, headers);
      answer.on('aborted', () => response.destroy());
      answer.on('error', () => response.destroy());
      answer.pipe(response);
    });
    asked.on('error', () => {
      if (response.headersSent || response.destroyed) response.destroy();
      else response.writeHead(500).end('FUNCTION_INVOCATION_FAILED');
    });
    let bytes = 0;
    request.on('data', (piece: Buffer) => {
      bytes += piece.length;
      if (bytes <= BODY_BYTES || response.headersSent) return;
      request.unpipe(asked);
      refuse();
    });
    request.pipe(asked);
  }

  return {
    url,
    instances,
    counts: instances.counts,
    cron,
    async stop() {
      clearInterval(ticking);
      server.closeAllConnections();
      server.close();
      await instances.stop();
    },
  };
}

/** Names and values by turns. */
function without(names: RegExp, rawHeaders: readonly string[]): string[] {
  return rawHeaders.flatMap((name, at) =>
    at % 2 === 1 || names.test(name) ? [] : [name, rawHeaders[at + 1] ?? ''],
  );
}

/** What lies there, or what the path is rewritten to; null: the function answers. */
async function fileAt(folder: string, { rewrites }: VercelSettings, path: string) {
  const own = await readAt(folder, path);
  if (own !== null) return own;
  const rewrite = rewrites.find(({ source }) => new RegExp(`^${source}$`).test(path));
  return rewrite ? readAt(folder, rewrite.destination) : null;
}

async function readAt(folder: string, path: string) {
  const name = normalize(path.endsWith('/') ? `${path}index.html` : path);
  const content = await readFile(join(folder, 'public', name)).catch(() => null);
  return content === null ? null : { content, type: getMimeType(name) ?? 'application/octet-stream' };
}
