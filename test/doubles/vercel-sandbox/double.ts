// The double of Vercel's Sandbox API in one process: see main.ts for what it is. Used by main.ts and by tests.
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WebSocketServer } from 'ws';
import { problemOfRunsc } from '../../../src/drivers/gvisor/probe.ts';
import { runSetup } from '../../../src/drivers/gvisor/run-setup.ts';
import { chooseRunsc } from '../../../src/drivers/gvisor/sources.ts';
import { ensureBase } from '../../../src/drivers/image/base.ts';
import { env } from '../../../src/lib/env.ts';
import { createFaults, type Faults } from './faults.ts';
import { createForwarding } from './forwarding.ts';
import { createIssuer, type Issuer } from './issuer.ts';
import { createMachines } from './machine.ts';
import type { SessionRecord } from './records.ts';
import { createRoutes } from './routes.ts';
import { createSessions, Refused, type Sessions } from './sessions.ts';
import { serveTerminal } from './terminal.ts';

export interface DoubleOptions {
  cacheDir: string;
  /** Missing: any free one. */
  port?: number;
  /** What is between cuts streams after so long, of answers and terminals. Missing: five minutes. */
  cutStreamsAfterMs?: number;
  /** The longest that the plan lets a sandbox live. Missing: five hours. */
  longestMs?: number;
}

export interface VercelDouble extends AsyncDisposable {
  /** What the SDK's `https://vercel.com/api` is here. */
  apiUrl: string;
  credentials: { token: string; teamId: string; projectId: string };
  /** What a Seed takes of it by its environment; the snapshot's id is still to be made. */
  env: Record<string, string>;
  faults: Faults;
  issuer: Issuer & { url: string };
  sessions: Sessions;
  /** The folder of its machines' folders on this host. */
  machines: string;
  /** "POST /v3/sandboxes", of each request in order, those included that were refused. */
  asked: string[];
  /** Of each request that was forwarded: the sandbox's name and "GET /path". */
  forwarded: { sandbox: string; request: string }[];
  /** Kills the machine behind the back of everybody. */
  killMachine(name: string): Promise<void>;
  /** Cuts every terminal that is open. */
  cutTerminals(): number;
}

const FIVE_MINUTES_MS = 300_000;
const FIVE_HOURS_MS = 5 * 3_600_000;
const API = '/api';
const ISSUER = '/oidc';
const TERMINAL = '/terminal/';

export async function startVercelDouble(options: DoubleOptions): Promise<VercelDouble> {
  const { cacheDir, port = 0, cutStreamsAfterMs = FIVE_MINUTES_MS, longestMs = FIVE_HOURS_MS } = options;
  const onProgress = (message: string) => process.stderr.write(`· ${message}\n`);
  const base = await ensureBase({ cacheDir, runSetup, onProgress });
  const chosen = { cacheDir, setting: env('SEED_RUNSC'), packaged: base.runscPath, problemOf: problemOfRunsc };
  const runscPath = await chooseRunsc({ ...chosen, onProgress });
  const folder = await mkdtemp(join(tmpdir(), 'seed-vercel-double-'));
  const dataDir = join(folder, 'machines');
  const machines = createMachines({ runscPath, rootfs: base.rootfs, dataDir });
  const credentials = {
    ...{ token: `vercel_${randomBytes(16).toString('hex')}`, teamId: 'team_double', projectId: 'prj_double' },
  };
  const forwarded: VercelDouble['forwarded'] = [];
  const asked: string[] = [];
  const faults = createFaults();
  const server = createServer((request, response) => void answer(request, response));
  await once(server.listen(port, '127.0.0.1'), 'listening');
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const issuer = await createIssuer(() => `${origin}${ISSUER}`);
  const forwarding = await createForwarding({
    ...{ issuer, teamId: credentials.teamId, projectId: credentials.projectId },
    onForwarded: ({ sandbox }, request) => void forwarded.push({ sandbox: sandbox.name, request }),
  });
  const sessions = createSessions({ machines, forwarding, folder: join(folder, 'snapshots'), longestMs });
  const routes = createRoutes({ sessions, forwarding, cutStreamsAfterMs, longestMs, terminal });

  function terminal(session: SessionRecord) {
    const token = randomBytes(16).toString('hex');
    session.tokens.add(token);
    return { url: `${origin.replace('http', 'ws')}${TERMINAL}${session.id}`, token };
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', origin);
    const published = url.pathname.startsWith(ISSUER) ? issuer.published(url.pathname.slice(ISSUER.length)) : null;
    if (published) return send(response, 200, published);
    url.pathname = url.pathname.replace(API, '');
    const { method = '' } = request;
    asked.push(`${method} ${url.pathname}`);
    try {
      const fault = faults.of(method, url.pathname);
      if (fault?.delayMs) await new Promise((resolve) => setTimeout(resolve, fault.delayMs));
      if (fault?.status) {
        if (fault.retryAfter) response.setHeader('retry-after', fault.retryAfter);
        throw new Refused(fault.status, 'fault', 'It was told to fail.');
      }
      if (request.headers.authorization !== `Bearer ${credentials.token}`)
        throw new Refused(401, 'unauthorized', 'The token is not taken.');
      if (url.searchParams.get('teamId') !== credentials.teamId)
        throw new Refused(403, 'forbidden', 'Not authorized for this team.');
      if (fault?.lost) return send(response, 200, { session: {}, sandbox: {}, routes: [] });
      if (fault?.cut) {
        // Its own answer goes nowhere.
        await routes(request, response, url);
        request.socket.destroy();
        return;
      }
      const body = await routes(request, response, url);
      if (body !== null) send(response, 200, body);
    } catch (error) {
      const { status = 500, code = 'internal', message } = error as Partial<Refused>;
      if (!(error instanceof Refused)) console.error(error);
      if (response.headersSent) response.destroy();
      else send(response, status, { error: { code, message } });
    }
  }

  const terminals = new WebSocketServer({ noServer: true });
  server.on('upgrade', (request, wire, head) => {
    const url = new URL(request.url ?? '/', origin);
    const session = sessions.sessions.get(url.pathname.slice(TERMINAL.length));
    asked.push(`UPGRADE ${url.pathname}`);
    const fault = faults.of('UPGRADE', url.pathname);
    const isKnown = session?.tokens.delete(url.searchParams.get('token') ?? '') && session.status === 'running';
    if (!session || !isKnown || fault)
      return void wire.end(`HTTP/1.1 ${fault?.status ?? 401} Refused\r\nconnection: close\r\n\r\n`);
    terminals.handleUpgrade(request, wire, head, (socket) =>
      serveTerminal(socket, wire, session, cutStreamsAfterMs),
    );
  });

  return {
    ...{ apiUrl: `${origin}${API}`, credentials, faults, sessions, asked, forwarded, machines: dataDir },
    issuer: { ...issuer, url: `${origin}${ISSUER}` },
    env: {
      SEED_DRIVER: 'vercel',
      SEED_VERCEL_API_URL: `${origin}${API}`,
      VERCEL_TOKEN: credentials.token,
      VERCEL_TEAM_ID: credentials.teamId,
      VERCEL_PROJECT_ID: credentials.projectId,
    },
    async killMachine(name) {
      await sessions.sandboxes.get(name)?.session.machine?.kill();
    },
    cutTerminals() {
      const open = [...sessions.sessions.values()].flatMap((session) => [...session.terminals]);
      for (const wire of open) wire.destroy();
      return open.length;
    },
    async [Symbol.asyncDispose]() {
      for (const session of sessions.sessions.values()) clearTimeout(session.timer);
      await machines.stop();
      server.closeAllConnections();
      server.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
