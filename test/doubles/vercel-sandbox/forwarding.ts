// What becomes of a sandbox's HTTPS to a name that its policy forwards: ended here with a certificate of the
// double's own authority, and asked of the forward URL with who asks. Used by double.ts.
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { createSecureContext, type SecureContext, TLSSocket } from 'node:tls';
import { promisify } from 'node:util';
import type { Issuer } from './issuer.ts';
import { forwardsOf, type SessionRecord } from './records.ts';

const run = promisify(execFile);

export interface Forwarding {
  /** Lets the session's machine reach what its policy forwards, and nothing else. */
  apply(session: SessionRecord): void;
  close(): void;
}

export interface ForwardingParts {
  issuer: Issuer;
  teamId: string;
  projectId: string;
  /** Told of each request that was forwarded: "GET /path". */
  onForwarded(session: SessionRecord, request: string): void;
}

export async function createForwarding({
  issuer,
  teamId,
  projectId,
  onForwarded,
}: ForwardingParts): Promise<Forwarding> {
  const authority = await createAuthority();
  const contexts = new Map<string, Promise<SecureContext>>();
  const contextFor = (host: string) => {
    const made = contexts.get(host) ?? authority.contextFor(host);
    contexts.set(host, made);
    return made;
  };

  /** One for each session: its connections are nobody else's. */
  function serverFor(session: SessionRecord) {
    const server = createServer((request, response) => {
      void forward(session, request, response).catch((error: Error) => {
        if (!response.headersSent) response.writeHead(502).end(error.message);
        else response.destroy();
      });
    });
    return server;
  }

  async function forward(
    session: SessionRecord,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const socket = request.socket as TLSSocket;
    const host = (socket.servername || request.headers.host || '').toString().replace(/:\d+$/, '').toLowerCase();
    const target = forwardsOf(session.networkPolicy).get(host);
    // What is not on the list gets no answer at all.
    if (target === undefined) return void response.destroy();
    const path = request.url ?? '/';
    if (!path.startsWith('/')) return void response.writeHead(400, { connection: 'close' }).end();
    const base = new URL(target);
    const audience = base.origin + (base.pathname === '/' ? '' : base.pathname.replace(/\/+$/, ''));
    const token = await issuer.token({
      ...{ audience, teamId, projectId, sandboxId: session.id, sandboxName: session.sandbox.name },
    });
    onForwarded(session, `${request.method} ${path}`);
    const headers: Record<string, string | string[] | undefined> = { ...request.headers };
    for (const name of Object.keys(headers)) {
      // Nobody inside says who asks.
      if (/^vercel-(forwarded-|sandbox-oidc)/.test(name)) delete headers[name];
    }
    Object.assign(headers, {
      host: base.host,
      'vercel-forwarded-host': host,
      'vercel-forwarded-scheme': socket.encrypted ? 'https' : 'http',
      'vercel-forwarded-port': socket.encrypted ? '443' : '80',
      'vercel-forwarded-path': path,
      'vercel-sandbox-oidc-token': token,
    });
    const url = new URL(audience + (path === '/' ? '' : path));
    const ask = url.protocol === 'https:' ? httpsRequest : httpRequest;
    const asked = ask(url, { method: request.method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
      answer.once('error', () => response.destroy());
    });
    asked.once('error', (error) => {
      if (response.headersSent) response.destroy();
      else response.writeHead(502).end(`the forward URL does not answer: ${error.message}`);
    });
    response.once('close', () => asked.destroy());
    request.pipe(asked);
  }

  return {
    apply(session) {
      const server = serverFor(session);
      const hosts = [...forwardsOf(session.networkPolicy).keys()];
      session.machine?.forward(hosts, authority.certificate, ({ port, stream }) => {
        if (port !== 443) return void server.emit('connection', stream);
        const secured = terminate(stream, async (host) => {
          if (forwardsOf(session.networkPolicy).has(host.toLowerCase())) return contextFor(host.toLowerCase());
          throw new Error(`${host} is not on the list`);
        });
        secured.once('secure', () => server.emit('connection', secured));
      });
    },
    close: () => undefined,
  };
}

function terminate(stream: Duplex, contextFor: (host: string) => Promise<SecureContext>): TLSSocket {
  const secured = new TLSSocket(stream as never, {
    isServer: true,
    SNICallback: (host, done) => void contextFor(host).then((context) => done(null, context), done),
  });
  return secured.on('error', () => stream.destroy());
}

async function createAuthority() {
  const folder = await mkdtemp(join(tmpdir(), 'seed-double-ca-'));
  const file = (name: string) => join(folder, name);
  const made = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '30'];
  try {
    const names = ['-keyout', file('ca.key'), '-out', file('ca.pem'), '-subj', '/CN=Double of a sandbox firewall'];
    await run('openssl', ['req', '-x509', ...made, ...names]);
    const certificate = await readFile(file('ca.pem'), 'utf8');
    const caKey = await readFile(file('ca.key'), 'utf8');
    return { certificate, contextFor: (host: string) => certify(host, certificate, caKey) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function certify(host: string, certificate: string, caKey: string): Promise<SecureContext> {
  const folder = await mkdtemp(join(tmpdir(), 'seed-double-leaf-'));
  const file = (name: string) => join(folder, name);
  try {
    await writeFile(file('ca.pem'), certificate);
    await writeFile(file('ca.key'), caKey, { mode: 0o600 });
    const made = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '30'];
    const names = ['-keyout', file('leaf.key'), '-out', file('leaf.pem'), '-subj', '/CN=leaf'];
    const by = ['-CA', file('ca.pem'), '-CAkey', file('ca.key'), '-addext', `subjectAltName=DNS:${host}`];
    await run('openssl', ['req', '-x509', ...made, ...names, ...by, '-addext', 'basicConstraints=CA:FALSE']);
    const [key, leaf] = await Promise.all([readFile(file('leaf.key')), readFile(file('leaf.pem'))]);
    return createSecureContext({ key, cert: Buffer.concat([leaf, Buffer.from(certificate)]) });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
