// Requests to the Kubernetes API over TLS that is verified: bounded in time, size and tries. The client's own.
import { Agent, buildConnector, type Dispatcher, request } from 'undici';
import { contentHash } from '../../lib/content-hash.ts';
import { readWithin } from '../../lib/read-stream.ts';
import { retryAfterMs, sentAt } from '../../lib/retry-after.ts';
import { SeedError } from '../../protocol/errors.ts';
import { askedAgain, neverSent } from '../remote/asked-again.ts';
import type { Credentials, Proof } from './credentials.ts';
import { type Asked, kubeStatusOf, refusal } from './status.ts';

const CONNECT_MS = 10_000;
/** What one try may take, until the last byte of its answer. */
const ANSWER_MS = 20_000;
/** A page of a list: etcd keeps no object of over 1.5 MiB, and pods have some KiB. */
const ANSWER_BYTES = 32 * 1024 * 1024;
const TRIES = 4;
/** Kernels ask a silent peer ten times, a second between, before they take it for dead. */
const KEEP_ALIVE_AFTER_MS = 15_000;

export interface Ask extends Asked {
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  query?: Query | undefined;
  body?: unknown;
  /** Of the body; JSON unless said. */
  type?: string;
  /** Whether it may be sent again when it is not known whether it was done. */
  repeatable: boolean;
  signal?: AbortSignal | undefined;
}

export type Query = Readonly<Record<string, string | undefined>>;

export interface Transport {
  /** The answer's JSON. @throws SeedError, as `refusal` tells; `unreachable` without an answer */
  json(ask: Ask): Promise<unknown>;
  /** An answer that goes on; ends with an error of undici's when nothing came for `idleMs`. One try. */
  open(ask: Ask, idleMs: number): Promise<AsyncIterable<Uint8Array>>;
  close(): Promise<void>;
}

export function createTransport(credentials: Credentials): Transport {
  let agent: { made: string; of: Agent } | null = null;

  /** Connections prove who they are when they are made: other certificates need other connections. */
  function agentFor(proof: Proof): Agent {
    const made = contentHash(proof.ca ?? '', proof.cert ?? '', proof.key ?? '');
    if (agent?.made !== made) {
      // Those that are at work may end first.
      void agent?.of.close();
      agent = { made, of: newAgent(proof, credentials.serverName) };
    }
    return agent.of;
  }

  async function send(ask: Ask, proof: Proof, signal: AbortSignal | undefined, idleMs: number) {
    const { method, body, type = 'application/json' } = ask;
    const auth = proof.token ? { authorization: `Bearer ${proof.token}` } : {};
    const content = body === undefined ? {} : { 'content-type': type };
    const options: Parameters<typeof request>[1] = {
      method,
      dispatcher: agentFor(proof),
      headers: { accept: 'application/json', 'user-agent': 'seed', ...auth, ...content },
      body: body === undefined ? null : JSON.stringify(body),
      bodyTimeout: idleMs,
      headersTimeout: ANSWER_MS,
      signal: signal ?? null,
    };
    return request(urlOf(credentials.server, ask), options);
  }

  /** @throws SeedError, `refusal` or `unreachable` */
  async function once<Result>(
    ask: Ask,
    proof: Proof,
    read: (body: Dispatcher.ResponseData['body']) => Promise<Result>,
    { idleMs, limit }: { idleMs: number; limit?: AbortSignal },
  ): Promise<Result> {
    const signals = [ask.signal, limit].filter((signal) => signal !== undefined);
    try {
      const response = await send(ask, proof, signals.length > 0 ? AbortSignal.any(signals) : undefined, idleMs);
      const { statusCode, headers, body } = response;
      if (statusCode >= 200 && statusCode < 300) return await read(body);
      const text = (await readWithin(body, ANSWER_BYTES))?.toString('utf8') ?? '';
      const waitMs = retryAfterMs(header(headers['retry-after']), sentAt(header(headers.date)));
      throw refusal(statusCode, text, ask, waitMs === null ? {} : { retryAfterSeconds: waitMs / 1000 });
    } catch (error) {
      if (error instanceof SeedError || ask.signal?.aborted) throw error;
      throw away(credentials.server, ask, error as NodeJS.ErrnoException);
    }
  }

  /** One try, or two where what proves who asks was renewed meanwhile. */
  async function answered(ask: Ask): Promise<unknown> {
    const limits = () => ({ idleMs: ANSWER_MS, limit: AbortSignal.timeout(ANSWER_MS) });
    const proof = await credentials.read();
    try {
      return await once(ask, proof, (body) => parse(body, ask), limits());
    } catch (error) {
      if ((error as SeedError).code !== 'not_authenticated') throw error;
      const now = await credentials.read();
      if (isSame(now, proof)) throw error;
      return once(ask, now, (body) => parse(body, ask), limits());
    }
  }

  const json = (ask: Ask): Promise<unknown> =>
    askedAgain(() => answered(ask), {
      most: TRIES,
      again: (error) => error instanceof SeedError && mayPass(error) && (ask.repeatable || error.nothingDone),
      signal: ask.signal,
    });

  return {
    json,
    open: async (ask, idleMs) => once(ask, await credentials.read(), async (body) => body, { idleMs }),
    close: async () => {
      await agent?.of.destroy();
      agent = null;
    },
  };
}

/** The address of a call. @param path from the API's root */
export function urlOf(server: string, { path, query = {} }: { path: string; query?: Query | undefined }): string {
  const given = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined) given.append(name, value);
  const text = given.toString();
  return `${server}${path}${text && `?${text}`}`;
}

function newAgent({ ca, cert, key }: Proof, serverName: string | undefined): Agent {
  const tls = { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }), rejectUnauthorized: true };
  const keepAlive = { keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_AFTER_MS };
  const connect = buildConnector({ ...tls, ...keepAlive, timeout: CONNECT_MS, allowH2: false });
  return new Agent({
    connections: null,
    allowH2: false,
    connect: serverName ? (options, done) => connect({ ...options, servername: serverName }, done) : connect,
  });
}

async function parse(body: AsyncIterable<Uint8Array>, ask: Ask): Promise<unknown> {
  const bytes = await readWithin(body, ANSWER_BYTES);
  const problem = (why: string) =>
    new SeedError('body_too_large', `Kubernetes answered ${ask.verb} ${ask.path} with ${why}`, {
      nothingDone: false,
    });
  if (bytes === null) throw problem(`more than ${ANSWER_BYTES} bytes`);
  return JSON.parse(bytes.toString('utf8'));
}

/** Whether it may be otherwise in a moment: not so with a redirect, or a certificate that is not the cluster's. */
function mayPass(error: SeedError): boolean {
  const status = kubeStatusOf(error)?.code ?? 0;
  const isRedirect = status >= 300 && status < 400;
  return error.code === 'unreachable' && !isRedirect && !isDistrust(error.cause as NodeJS.ErrnoException);
}

const isDistrust = ({ code }: NodeJS.ErrnoException) => /CERT|UNABLE_TO_VERIFY|HOSTNAME_MISMATCH/.test(`${code}`);

function away(server: string, ask: Ask, cause: NodeJS.ErrnoException): SeedError {
  const isDistrusted = isDistrust(cause);
  return new SeedError(
    'unreachable',
    `The Kubernetes API at ${server} did not answer ${ask.verb} ${ask.path}: ${cause.message || cause.code}`,
    {
      cause,
      nothingDone: isDistrusted || neverSent(cause),
      ...(isDistrusted && { hint: 'Its certificate is not that of the cluster that the credentials are for.' }),
    },
  );
}

const header = (value: string | string[] | undefined) => (Array.isArray(value) ? value[0] : value) ?? null;
const isSame = (a: Proof, b: Proof) =>
  a.token === b.token && a.cert === b.cert && a.key === b.key && a.ca === b.ca;
