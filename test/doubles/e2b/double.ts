// E2B as far as sandboxes go, on loopback: its REST API (spec/openapi.yml of e2b-dev/infra), the proxy in front of
// sandboxes, and envd in each, with real processes in gVisor. What differs from the vendor's is in README.md.
import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { buffer, text } from 'node:stream/consumers';
import { connectNodeAdapter } from '@connectrpc/connect-node';
import { z } from 'zod';
import { PROCESS_SERVICE, Programs, serveProcesses } from './envd.ts';
import { Faults } from './faults.ts';
import { createMachines, type Machines, type MachinesOptions } from './machines.ts';
import { type Answer, problem, send, startServing } from './serving.ts';
import { BuildStart, type Template, TemplateRequest, Templates } from './templates.ts';

const ENVD_VERSION = '0.6.2';
const DOMAIN = 'e2b.test';

const NewSandbox = z.object({
  templateID: z.string(),
  timeout: z.number().int().min(0).default(15),
  autoPause: z.boolean().default(false),
  secure: z.boolean().default(false),
  allow_internet_access: z.boolean().optional(),
  network: z.looseObject({ allowPublicTraffic: z.boolean().default(true) }).optional(),
  metadata: z.record(z.string(), z.string()).default({}),
  envVars: z.record(z.string(), z.string()).default({}),
});

export interface DoubleSandbox {
  id: string;
  asked: z.output<typeof NewSandbox>;
  template: Template;
  startedAt: Date;
  endAt: Date;
  envdAccessToken: string | null;
  programs: Programs;
  timer: NodeJS.Timeout | undefined;
  isPaused: boolean;
}

export interface E2bDouble extends AsyncDisposable {
  readonly apiUrl: string;
  readonly apiKey: string;
  /** Routes by the header E2b-Sandbox-Id. */
  readonly sandboxUrl: string;
  /** Of a process that uses this double as the vendor. */
  readonly env: Readonly<Record<string, string>>;
  readonly machines: Machines;
  readonly templates: Templates;
  /** At the API, and at the proxy in front of sandboxes. */
  readonly faults: Faults;
  /** Those that run, by their ids. */
  readonly sandboxes: ReadonlyMap<string, DoubleSandbox>;
  /** Every one that was ever created, by what it was asked for. */
  readonly created: readonly z.output<typeof NewSandbox>[];
  /** Cuts every connection to sandboxes. */
  cutStreams(): void;
  /** All that was sent to it: requests with their headers, and what programs were started with and given. */
  readonly heard: string[];
  /** Sandboxes on a page of a list at the most; whether the daemon in what it makes knows of tokens. */
  readonly ways: { pageSize: number; givesTokens: boolean };
  /** As somebody does at the dashboard. */
  pause(id: string): Promise<void>;
  resume(id: string, seconds: number): Promise<void>;
  /** The daemon in the sandbox begins anew, and knows of no program any more. */
  restartEnvd(id: string): void;
}

export async function startE2bDouble(options: MachinesOptions): Promise<E2bDouble> {
  await mkdir(options.folder, { recursive: true });
  const machines = await createMachines(options);
  const templates = new Templates(machines, join(options.folder, 'files'));
  const faults = new Faults();
  const sandboxes = new Map<string, DoubleSandbox>();
  const created: z.output<typeof NewSandbox>[] = [];
  const heard: string[] = [];
  const ways = { pageSize: 100, givesTokens: true };
  const apiKey = `e2b_${randomBytes(20).toString('hex')}`;

  const programsOf = (id: string) => new Programs(machines, id, (said) => heard.push(said));

  /** The machine goes on for a little after it is not known any more, as it does there. */
  async function end(id: string): Promise<void> {
    const sandbox = sandboxes.get(id);
    if (!sandbox) return;
    clearTimeout(sandbox.timer);
    sandboxes.delete(id);
    await machines.kill(id);
  }

  function endsIn(sandbox: DoubleSandbox, seconds: number): void {
    clearTimeout(sandbox.timer);
    sandbox.endAt = new Date(Date.now() + seconds * 1000);
    sandbox.timer = setTimeout(() => void end(sandbox.id), seconds * 1000);
  }

  async function pause(id: string): Promise<void> {
    const sandbox = sandboxes.get(id);
    if (!sandbox) return;
    // A paused one has no end.
    clearTimeout(sandbox.timer);
    sandbox.isPaused = true;
    await machines.pause(id);
  }

  async function resume(id: string, seconds: number): Promise<void> {
    const sandbox = sandboxes.get(id);
    if (!sandbox) return;
    await machines.resume(id);
    sandbox.isPaused = false;
    endsIn(sandbox, seconds);
  }

  function restartEnvd(id: string): void {
    const sandbox = sandboxes.get(id);
    if (!sandbox) return;
    sandbox.programs.forget();
    sandbox.programs = programsOf(id);
    proxy.cut();
  }

  async function create(body: unknown): Promise<Answer> {
    const { success, data: asked, error } = NewSandbox.safeParse(body);
    if (!success) return problem(400, z.prettifyError(error));
    const template = templates.find(asked.templateID);
    if (template?.snapshot === undefined) return problem(404, `template '${asked.templateID}' not found`);
    const id = `i${randomBytes(10).toString('hex')}`;
    const sandbox: DoubleSandbox = {
      ...{ id, asked, template, startedAt: new Date(), endAt: new Date(), timer: undefined, isPaused: false },
      envdAccessToken: asked.secure && ways.givesTokens ? randomBytes(32).toString('hex') : null,
      programs: programsOf(id),
    };
    created.push(asked);
    await machines.start(template.snapshot, id, 24 * 3_600_000);
    sandboxes.set(id, sandbox);
    endsIn(sandbox, asked.timeout);
    void machines.ended(id).then(() => end(id));
    return { status: 201, body: shownOf(sandbox) };
  }

  const routes: readonly Route[] = [
    { of: /^POST \/sandboxes$/, answer: ({ body }) => create(body) },
    // Its newer form, whose sandboxes are all secured.
    { of: /^POST \/v2\/sandboxes$/, answer: ({ body }) => create({ ...(body as object), secure: true }) },
    {
      of: /^GET \/(?:v2\/)?sandboxes$/,
      answer({ query }) {
        const wanted = metadataIn(query.get('metadata') ?? '');
        const found = [...sandboxes.values()].filter(({ asked }) =>
          wanted.every(([name, value]) => asked.metadata[name] === value),
        );
        const limit = Math.min(ways.pageSize, Number(query.get('limit') ?? 100));
        const from = Number(query.get('nextToken') ?? 0);
        const isMore = from + limit < found.length;
        return {
          status: 200,
          body: found.slice(from, from + limit).map(listedOf),
          ...(isMore && { headers: { 'x-next-token': String(from + limit) } }),
        };
      },
    },
    ofSandbox(/^GET \/sandboxes\/(\w+)$/, (sandbox) => ({ status: 200, body: detailOf(sandbox) })),
    ofSandbox(/^POST \/sandboxes\/(\w+)\/pause$/, async ({ id }) => {
      await pause(id);
      return { status: 204 };
    }),
    ofSandbox(/^POST \/(?:v2\/)?sandboxes\/(\w+)\/connect$/, async (sandbox, body) => {
      const { timeout } = z.object({ timeout: z.number() }).parse(body);
      if (sandbox.isPaused) await resume(sandbox.id, timeout);
      else if (Date.now() + timeout * 1000 > sandbox.endAt.getTime()) endsIn(sandbox, timeout);
      return { status: 200, body: shownOf(sandbox) };
    }),
    ofSandbox(/^DELETE \/sandboxes\/(\w+)$/, async ({ id }) => {
      await end(id);
      return { status: 204 };
    }),
    ofSandbox(/^POST \/sandboxes\/(\w+)\/timeout$/, (sandbox, body) => {
      endsIn(sandbox, z.object({ timeout: z.number().int().min(0) }).parse(body).timeout);
      return { status: 204 };
    }),
    ofSandbox(/^GET \/sandboxes\/(\w+)\/metrics$/, async (sandbox) => {
      const { peakMemoryBytes } = await machines.usage(sandbox.id);
      const { cpuCount, memoryMB } = sandbox.template;
      const memory = { memUsed: peakMemoryBytes, memTotal: memoryMB * 2 ** 20, memCache: 0 };
      const disk = { diskUsed: 0, diskTotal: 0 };
      const timestampUnix = Math.floor(Date.now() / 1000);
      return { status: 200, body: [{ timestampUnix, cpuCount, cpuUsedPct: 0, ...memory, ...disk }] };
    }),
    {
      of: /^POST \/v3\/templates$/,
      answer({ body }) {
        const { templateID, buildID, names } = templates.request(TemplateRequest.parse(body));
        const shown = { templateID, buildID, names, aliases: names, tags: ['default'], public: false };
        return { status: 202, body: shown };
      },
    },
    {
      of: /^GET \/templates\/[\w-]+\/files\/(\w+)$/,
      answer: ({ match: [, hash = ''] }) => {
        const url = `${api.url}/upload/${hash}`;
        return { status: 201, body: { present: templates.hasFiles(hash), url } };
      },
    },
    {
      of: /^POST \/v2\/templates\/([\w-]+)\/builds\/(\w+)$/,
      answer({ match: [, id = '', build], body }) {
        const template = templates.find(id);
        if (!template || template.buildID !== build) return problem(404, 'there is no such build');
        templates.build(template, BuildStart.parse(body));
        return { status: 202 };
      },
    },
    {
      of: /^GET \/templates\/([\w-]+)\/builds\/(\w+)\/status$/,
      answer({ match: [, id = '', build], query }) {
        const template = templates.find(id);
        if (!template || template.buildID !== build) return problem(404, 'there is no such build');
        const { templateID, buildID, status, reason, logs } = template;
        const timestamp = new Date().toISOString();
        const offset = Number(query.get('logsOffset') ?? 0);
        const logEntries = logs.slice(offset).map((message) => ({ timestamp, message, level: 'info' }));
        return { status: 200, body: { templateID, buildID, status, logs, logEntries, ...(reason && { reason }) } };
      },
    },
  ];

  function ofSandbox(
    of: RegExp,
    answer: (sandbox: DoubleSandbox, body: unknown) => Answer | Promise<Answer>,
  ): Route {
    return {
      of,
      answer({ match: [, id = ''], body }) {
        const sandbox = sandboxes.get(id);
        return sandbox ? answer(sandbox, body) : problem(404, `sandbox "${id}" doesn't exist`);
      },
    };
  }

  const api = await startServing(faults, async (request, response) => {
    const url = new URL(request.url ?? '', 'http://any');
    const upload = /^\/upload\/(\w+)$/.exec(url.pathname)?.[1];
    if (request.method === 'PUT' && upload) {
      await templates.putFiles(upload, await buffer(request));
      return send(response, { status: 200 });
    }
    if (request.headers['x-api-key'] !== apiKey) return send(response, problem(401, 'Invalid API key'));
    const sent = await text(request);
    const body: unknown = sent === '' ? undefined : JSON.parse(sent);
    heard.push(`${request.method} ${request.url} ${JSON.stringify(request.headers)} ${sent}`);
    for (const { of, answer } of routes) {
      const match = of.exec(`${request.method} ${url.pathname}`);
      if (match) return send(response, await answer({ match, query: url.searchParams, body }));
    }
    send(response, problem(404, `the double has no ${request.method} ${url.pathname}`));
  });

  /** By its name, or by both headers; null with one of them alone. */
  const idOf = ({ headers }: Pick<IncomingMessage, 'headers'>) => {
    const byName = /^49983-(\w+)\./.exec(headers.host ?? '')?.[1];
    if (byName !== undefined) return byName;
    return headers['e2b-sandbox-port'] === '49983' ? String(headers['e2b-sandbox-id'] ?? '') : null;
  };
  const rpc = connectNodeAdapter({
    routes: (router) =>
      serveProcesses(router, ({ requestHeader }) => {
        const sandbox = sandboxes.get(requestHeader.get('e2b-sandbox-id') ?? '');
        return sandbox?.programs ?? programsOf('none');
      }),
  });
  const isRpc = new RegExp(`^/${PROCESS_SERVICE.typeName}/`);
  const proxy = await startServing(faults, async (request, response) => {
    const id = idOf(request);
    if (id === null) return send(response, problem(400, 'missing header'));
    const sandbox = sandboxes.get(id);
    heard.push(`${request.method} ${request.url} ${JSON.stringify(request.headers)}`);
    if (!sandbox || sandbox.isPaused) {
      const gone = { sandboxId: id, message: 'The sandbox was not found', code: 502 };
      return send(response, { status: 502, body: gone });
    }
    request.headers['e2b-sandbox-id'] = sandbox.id;
    if (request.url === '/health') return send(response, { status: 204 });
    const { envdAccessToken } = sandbox;
    if (envdAccessToken !== null && request.headers['x-access-token'] !== envdAccessToken) {
      return send(response, problem(401, 'unauthorized access, please provide a valid access token'));
    }
    if (isRpc.test(request.url ?? '')) return rpc(request, response);
    send(response, problem(404, 'the double does not serve this'));
  });

  const { url: apiUrl } = api;
  const { url: sandboxUrl } = proxy;
  return {
    ...{ apiUrl, apiKey, sandboxUrl, machines, templates, faults, sandboxes, created, heard, ways },
    ...{ pause, resume, restartEnvd },
    env: { E2B_API_KEY: apiKey, E2B_API_URL: apiUrl, E2B_SANDBOX_URL: sandboxUrl, E2B_DOMAIN: DOMAIN },
    cutStreams: proxy.cut,
    async [Symbol.asyncDispose]() {
      for (const server of [api, proxy]) server.close();
      await Promise.all([...sandboxes.keys()].map(end));
      await machines.close();
    },
  };
}

interface Route {
  of: RegExp;
  answer(asked: { match: RegExpExecArray; query: URLSearchParams; body: unknown }): Answer | Promise<Answer>;
}

/** As the vendor reads a filter: all of it is decoded, then each name and value. */
function metadataIn(filter: string): [string, string][] {
  const pairs = new URLSearchParams(`all=${filter.replaceAll('&', '%26')}`).get('all') ?? '';
  return [...new URLSearchParams(pairs)];
}

const shownOf = ({ id, template, envdAccessToken }: DoubleSandbox) => ({
  ...{ sandboxID: id, templateID: template.templateID, clientID: 'double', envdVersion: ENVD_VERSION },
  ...(envdAccessToken !== null && { envdAccessToken }),
  domain: null,
});

const listedOf = ({ id, template, startedAt, endAt, asked, isPaused }: DoubleSandbox) => ({
  ...{ sandboxID: id, templateID: template.templateID, clientID: 'double', envdVersion: ENVD_VERSION },
  ...{ startedAt, endAt, metadata: asked.metadata, state: isPaused ? 'paused' : 'running' },
  ...{ cpuCount: template.cpuCount, memoryMB: template.memoryMB, diskSizeMB: 512 },
});

const detailOf = (sandbox: DoubleSandbox) => ({
  ...listedOf(sandbox),
  ...(sandbox.envdAccessToken !== null && { envdAccessToken: sandbox.envdAccessToken }),
  allowInternetAccess: sandbox.asked.allow_internet_access ?? null,
  network: sandbox.asked.network,
  lifecycle: { autoResume: false, onTimeout: sandbox.asked.autoPause ? 'pause' : 'kill' },
});
