// The routes of Vercel's API that its SDK calls. Used by double.ts.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { type CommandBody, follow, startCommand } from './commands.ts';
import type { Forwarding } from './forwarding.ts';
import {
  commandOut,
  type NetworkPolicy,
  type SandboxRecord,
  type SessionRecord,
  sandboxOut,
  sessionOut,
  snapshotOut,
} from './records.ts';
import { type CreateBody, Refused, type Sessions } from './sessions.ts';

export interface RoutesParts {
  sessions: Sessions;
  forwarding: Forwarding;
  cutStreamsAfterMs: number;
  longestMs: number;
  /** The address of a terminal, with a token that counts once. */
  terminal(session: SessionRecord): { url: string; token: string };
}

type Route = (call: Call) => Promise<object | null>;

interface Call {
  request: IncomingMessage;
  response: ServerResponse;
  url: URL;
  names: string[];
  json<Body>(): Promise<Body>;
}

const PAGE = 20;
const MOST_PAGE = 50;

const both = (sandbox: SandboxRecord) => ({
  sandbox: sandboxOut(sandbox),
  session: sessionOut(sandbox.session),
  routes: [],
});

/** Null: it has answered itself. @throws Refused */
export function createRoutes(parts: RoutesParts) {
  const { sessions, forwarding, cutStreamsAfterMs, longestMs, terminal } = parts;

  function sandboxOf({ names: [name = ''] }: Call): SandboxRecord {
    const sandbox = sessions.sandboxes.get(decodeURIComponent(name));
    if (sandbox) return sandbox;
    throw new Refused(404, 'not_found', `Sandbox not found: ${name}`);
  }

  function anySession({ names: [id = ''] }: Call): SessionRecord {
    const session = sessions.sessions.get(id);
    if (session) return session;
    throw new Refused(404, 'not_found', `Session not found: ${id}`);
  }

  /** One that runs. */
  function sessionOf(call: Call): SessionRecord {
    const session = anySession(call);
    if (session.status === 'stopping') throw new Refused(422, 'sandbox_stopping', 'Sandbox is stopping');
    if (session.status === 'snapshotting')
      throw new Refused(422, 'sandbox_snapshotting', 'Sandbox is creating a snapshot');
    if (session.status !== 'running') throw new Refused(410, 'sandbox_stopped', 'Sandbox is stopped');
    return session;
  }

  function commandOf(call: Call) {
    const command = anySession(call).commands.get(call.names[1] ?? '');
    if (command) return command;
    throw new Refused(404, 'not_found', 'Command not found');
  }

  /** A program of the double's own, to its end. */
  async function run(
    session: SessionRecord,
    argv: string[],
    input?: IncomingMessage,
    user: 'root' | 'vercel-sandbox' = 'vercel-sandbox',
  ) {
    const program = session.machine?.run({ argv, user, cwd: '/' });
    if (!program) throw new Refused(410, 'sandbox_stopped', 'Sandbox is stopped');
    program.errors.resume();
    const said = buffer(program.output);
    if (input) await pipeline(input, program.input).catch(() => undefined);
    return { code: await program.code, said: await said };
  }

  const routes: [method: string, path: RegExp, route: Route][] = [
    ['POST', /^\/v[23]\/sandboxes$/, async ({ json }) => both(await sessions.create(await json<CreateBody>()))],
    [
      'GET',
      /^\/v2\/sandboxes$/,
      async ({ url }) => {
        const { searchParams: asked } = url;
        const tags = asked.getAll('tags').map((tag) => tag.split(':', 2));
        const prefix = asked.get('namePrefix') ?? '';
        const found = [...sessions.sandboxes.values()]
          .filter(({ name, tags: has }) => name.startsWith(prefix) && tags.every(([k = '', v]) => has[k] === v))
          .sort((one, other) => other.createdAt - one.createdAt || one.name.localeCompare(other.name));
        const from = Number(asked.get('cursor') ?? 0);
        const limit = Math.min(MOST_PAGE, Number(asked.get('limit') ?? PAGE));
        const page = found.slice(from, from + limit);
        const next = from + limit < found.length ? String(from + limit) : null;
        return { sandboxes: page.map(sandboxOut), pagination: { count: page.length, next } };
      },
    ],
    [
      'GET',
      /^\/v2\/sandboxes\/(?!sessions|snapshots)([^/]+)$/,
      async (call) => {
        const sandbox = sandboxOf(call);
        const mayResume = call.url.searchParams.get('resume') !== 'false';
        const resumed = mayResume && (await sessions.resume(sandbox));
        return { ...both(sandbox), resumed };
      },
    ],
    [
      'PATCH',
      /^\/v2\/sandboxes\/([^/]+)$/,
      async (call) => {
        const sandbox = sandboxOf(call);
        const { tags, timeout, persistent } = await call.json<CreateBody>();
        if (tags) sandbox.tags = tags;
        if (timeout !== undefined) sandbox.timeoutMs = timeout;
        if (persistent !== undefined) sandbox.persistent = persistent;
        sandbox.updatedAt = Date.now();
        return { sandbox: sandboxOut(sandbox), routes: [] };
      },
    ],
    [
      'DELETE',
      /^\/v2\/sandboxes\/(?!sessions|snapshots)([^/]+)$/,
      async (call) => {
        const sandbox = sandboxOf(call);
        await sessions.forget(sandbox);
        return { sandbox: sandboxOut(sandbox), routes: [] };
      },
    ],
    [
      'GET',
      /^\/v2\/sandboxes\/sessions\/([^/]+)$/,
      async (call) => ({ session: sessionOut(anySession(call)), routes: [] }),
    ],
    [
      'POST',
      /^\/v2\/sandboxes\/sessions\/([^/]+)\/cmd$/,
      async (call) => {
        const session = sessionOf(call);
        const body = await call.json<CommandBody>();
        const record = startCommand(session, body);
        if (!body.wait) return { command: commandOut(record) };
        const follows = { logs: body.logs === true, command: true, cutAfterMs: cutStreamsAfterMs };
        await follow(call.response, session, record, follows);
        return null;
      },
    ],
    [
      'GET',
      /^\/v2\/sandboxes\/sessions\/([^/]+)\/cmd\/([^/]+)$/,
      async (call) => {
        const session = sessionOf(call);
        const record = commandOf(call);
        const until = performance.now() + cutStreamsAfterMs;
        while (call.url.searchParams.get('wait') === 'true' && record.exitCode === null) {
          if (session.stoppedAt !== undefined) throw new Refused(410, 'sandbox_stopped', 'Sandbox is stopped');
          if (performance.now() > until) {
            call.response.destroy();
            return null;
          }
          await record.changed.promise;
        }
        return { command: commandOut(record) };
      },
    ],
    [
      'GET',
      /^\/v2\/sandboxes\/sessions\/([^/]+)\/cmd\/([^/]+)\/logs$/,
      async (call) => {
        const follows = { logs: true, command: false, cutAfterMs: cutStreamsAfterMs };
        await follow(call.response, sessionOf(call), commandOf(call), follows);
        return null;
      },
    ],
    [
      'POST',
      /^\/v2\/sandboxes\/sessions\/([^/]+)\/cmd\/([^/]+)\/kill$/,
      async (call) => {
        sessionOf(call);
        const record = commandOf(call);
        record.program.kill((await call.json<{ signal?: number }>()).signal ?? 15);
        return { command: commandOut(record) };
      },
    ],
    ['POST', /^\/v2\/sandboxes\/sessions\/([^/]+)\/interactive$/, async (call) => terminal(sessionOf(call))],
    [
      'POST',
      /^\/v2\/sandboxes\/sessions\/([^/]+)\/fs\/write$/,
      async (call) => {
        const into = String(call.request.headers['x-cwd'] ?? '/');
        const argv = ['tar', '-xzf', '-', '--no-same-owner', '-C', into];
        const { code } = await run(sessionOf(call), argv, call.request);
        if (code !== 0) throw new Refused(400, 'bad_request', 'The files cannot be written.');
        return {};
      },
    ],
    [
      'POST',
      /^\/v2\/sandboxes\/sessions\/([^/]+)\/fs\/mkdir$/,
      async (call) => {
        const { path, cwd = '/vercel/sandbox' } = await call.json<{ path: string; cwd?: string }>();
        const { code } = await run(sessionOf(call), ['mkdir', path.startsWith('/') ? path : `${cwd}/${path}`]);
        if (code !== 0) throw new Refused(400, 'bad_request', 'The folder cannot be made.');
        return {};
      },
    ],
    [
      'POST',
      /^\/v2\/sandboxes\/sessions\/([^/]+)\/fs\/read$/,
      async (call) => {
        const { path, cwd = '/vercel/sandbox' } = await call.json<{ path: string; cwd?: string }>();
        const session = sessionOf(call);
        const { code, said } = await run(session, ['cat', path.startsWith('/') ? path : `${cwd}/${path}`]);
        if (code !== 0) throw new Refused(404, 'not_found', 'File not found');
        call.response.writeHead(200, { 'content-type': 'application/octet-stream' }).end(said);
        return null;
      },
    ],
    [
      'POST',
      /^\/v2\/sandboxes\/sessions\/([^/]+)\/stop$/,
      async (call) => {
        const session = anySession(call);
        // It is answered before it has happened.
        void sessions.stop(session);
        return { session: sessionOut(session), sandbox: sandboxOut(session.sandbox) };
      },
    ],
    [
      'POST',
      /^\/v2\/sandboxes\/sessions\/([^/]+)\/extend-timeout$/,
      async (call) => {
        const session = sessionOf(call);
        const { duration } = await call.json<{ duration: number }>();
        const timeoutMs = session.timeoutMs + duration;
        if (!(duration > 0) || timeoutMs > longestMs)
          throw new Refused(400, 'bad_request', 'The timeout cannot be extended so far.');
        session.timeoutMs = timeoutMs;
        sessions.limit(session);
        return { session: sessionOut(session) };
      },
    ],
    [
      'POST',
      /^\/v2\/sandboxes\/sessions\/([^/]+)\/network-policy$/,
      async (call) => {
        const session = sessionOf(call);
        session.networkPolicy = await call.json<NetworkPolicy>();
        forwarding.apply(session);
        return { session: sessionOut(session) };
      },
    ],
    [
      'POST',
      /^\/v2\/sandboxes\/sessions\/([^/]+)\/snapshot$/,
      async (call) => {
        const session = sessionOf(call);
        const snapshot = await sessions.snapshot(session);
        return { snapshot: snapshotOut(snapshot), session: sessionOut(session) };
      },
    ],
    [
      'GET',
      /^\/v2\/sandboxes\/snapshots\/([^/]+)$/,
      async ({ names: [id = ''] }) => {
        const snapshot = sessions.snapshots.get(id);
        if (!snapshot) throw new Refused(404, 'not_found', `Snapshot not found: ${id}`);
        return { snapshot: snapshotOut(snapshot) };
      },
    ],
    [
      'DELETE',
      /^\/v2\/sandboxes\/snapshots\/([^/]+)$/,
      async ({ names: [id = ''] }) => {
        const snapshot = sessions.snapshots.get(id);
        if (!snapshot) throw new Refused(404, 'not_found', `Snapshot not found: ${id}`);
        snapshot.status = 'deleted';
        return { snapshot: snapshotOut(snapshot) };
      },
    ],
    [
      'GET',
      /^\/v2\/sandboxes\/snapshots$/,
      async () => {
        const all = [...sessions.snapshots.values()].map(snapshotOut);
        return { snapshots: all, pagination: { count: all.length, next: null } };
      },
    ],
  ];

  return async (request: IncomingMessage, response: ServerResponse, url: URL): Promise<object | null> => {
    for (const [method, path, route] of routes) {
      const match = method === request.method ? path.exec(url.pathname) : null;
      if (match === null) continue;
      const json = async <Body>() => JSON.parse((await buffer(request)).toString() || '{}') as Body;
      return route({ request, response, url, names: match.slice(1), json });
    }
    throw new Refused(404, 'not_found', `No route for ${request.method} ${url.pathname}`);
  };
}
