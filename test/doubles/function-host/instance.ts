// One instance of a function, as a vendor runs it: hands each request to the built program with its context, and
// tells host.ts over IPC when nothing of it is under way. Started by host.ts, which freezes and kills it.
import { AsyncLocalStorage } from 'node:async_hooks';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { pathToFileURL } from 'node:url';
import type { openFunction } from '../../../deploy/vercel/function.ts';
import type { ServerSettings } from '../../../src/server/settings.ts';

interface Given {
  /** The folder that build.ts has made. */
  folder: string;
  /** Missing: by the environment, as the vendor's entry does. */
  settings?: ServerSettings;
  cronSecret: string;
  mostMs: number;
}

interface Answers {
  fetch(request: Request): Response | Promise<Response>;
}

const given = JSON.parse(process.env['FUNCTION_HOST_GIVEN'] ?? '{}', revive) as Given;
const begunMs = performance.now();
const answers = await load(given);
const importMs = performance.now() - begunMs;

const contexts = new AsyncLocalStorage<{ waitUntil(work: Promise<unknown>): void; deadline: string }>();
Object.assign(globalThis, { [Symbol.for('@vercel/request-context')]: { get: () => contexts.getStore() } });

const server = createServer((request, response) => void serve(request, response));
server.listen(0, '127.0.0.1');
await once(server, 'listening');
const address = server.address();
process.send?.({ ready: typeof address === 'object' && address ? address.port : 0, importMs });
process.once('disconnect', () => process.exit(0));

async function load({ folder, settings, cronSecret, mostMs }: Given): Promise<Answers> {
  if (!settings) return (await import(pathToFileURL(join(folder, 'index.js')).href)).default;
  const program = await import(pathToFileURL(join(folder, 'seed/src/vercel/function.js')).href);
  const open = program.openSeed as (
    ...given: [ServerSettings, Parameters<typeof openFunction>[2]]
  ) => Promise<Answers>;
  // Every name is this machine's: no test of a webhook leaves it.
  return open(settings, { cronSecret, mostMs, resolve: async () => ['127.0.0.1'] });
}

async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const id = request.headers['x-invocation'];
  const { host: called = 'localhost' } = request.headers;
  const gone = new AbortController();
  response.once('close', () => {
    if (!response.writableFinished) gone.abort();
  });
  const headers = new Headers();
  for (let at = 0; at < request.rawHeaders.length; at += 2) {
    const [name = '', value = ''] = request.rawHeaders.slice(at, at + 2);
    // What belongs to the connection between host and instance.
    if (!/^(?:connection|keep-alive|transfer-encoding|x-invocation)$/i.test(name)) headers.append(name, value);
  }
  const hasBody =
    request.headers['transfer-encoding'] !== undefined || (request.headers['content-length'] ?? '0') !== '0';
  const asked = new Request(`http://${called}${request.url}`, {
    method: request.method ?? 'GET',
    headers,
    signal: gone.signal,
    ...(hasBody && { body: Readable.toWeb(request) as ReadableStream, duplex: 'half' }),
  });
  const waited: Promise<unknown>[] = [];
  const context = {
    waitUntil: (work: Promise<unknown>) => void waited.push(work.catch(() => undefined)),
    deadline: new Date(Date.now() + given.mostMs).toISOString(),
  };
  try {
    const answer = await contexts.run(context, () => answers.fetch(asked));
    const sent = [...answer.headers].flat();
    response.writeHead(answer.status, sent);
    if (answer.body) await pipeline(Readable.fromWeb(answer.body as never), response);
    else response.end();
  } catch {
    response.destroy();
  }
  // More may be added while it is waited.
  for (let done = 0; done < waited.length; done = waited.length) await Promise.all(waited);
  process.send?.({ over: id });
}

function revive(_key: string, value: unknown): unknown {
  const { isUrl, isMap } = (value ?? {}) as { isUrl?: string; isMap?: [unknown, unknown][] };
  if (isMap !== undefined) return new Map(isMap);
  return isUrl === undefined ? value : new URL(isUrl);
}
