// One attempt over the network, with no way in: the name is looked up here, every address is checked, and only
// what was checked is dialled. Redirects are answers, no proxy is used, and only an answer's first bytes are read.
import { Resolver } from 'node:dns/promises';
import type { ClientRequest, IncomingMessage } from 'node:http';
import { isIPv6, type LookupFunction } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { isHostLack } from '../../lib/host-lack.ts';
import { LIMITS } from '../../protocol/limits.ts';
import type { AttemptError } from '../../protocol/webhook.ts';
import { isAllowedAddress, literalAddress } from './url.ts';

/** All addresses of the name; none when it has none or they cannot be had. */
export type Resolve = (hostname: string) => Promise<string[]>;

export interface PostRequest {
  url: string;
  headers: Record<string, string>;
  body: string;
}

export interface PostOutcome {
  /** Null: there was no answer, and `error` says why. */
  status: number | null;
  error: AttemptError | null;
  retryAfter: string | null;
  /** The first bytes of the answer as text. */
  answer: string;
}

/** Never rejects. The signal gives it up, which counts as a timeout. */
export type Post = (request: PostRequest, signal: AbortSignal) => Promise<PostOutcome>;

export interface PostOptions {
  resolve: Resolve;
  /** Ranges that are allowed besides public addresses. */
  allowedNetworks: readonly string[];
  timeoutMs?: number;
}

/** Until a host that has nothing left to connect with is tried again. */
const HOST_LACK_PAUSE_MS = 500;
/** Once the status is known the rest of an answer is only for people to look at. */
const ANSWER_PATIENCE_MS = 1_000;

const DNS = { timeout: 3_000, tries: 2 };
/** Always this machine (RFC 6761, section 6.3); no name server is asked. */
const LOCALHOST = /(^|\.)localhost\.?$/;

/** Asks name servers itself: the system's look-up has four threads, and slow names would hold up everybody. */
export const resolveByDns: Resolve = async (hostname) => {
  if (LOCALHOST.test(hostname)) return ['127.0.0.1', '::1'];
  const resolver = new Resolver(DNS);
  const answers = await Promise.allSettled([resolver.resolve4(hostname), resolver.resolve6(hostname)]);
  return answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
};

export function createPost({ resolve, allowedNetworks, timeoutMs = LIMITS.webhookTimeoutMs }: PostOptions): Post {
  return async (request, signal) => {
    const late = AbortSignal.any([AbortSignal.timeout(timeoutMs), signal]);
    const url = new URL(request.url);
    const lookUp = addressesOf(url, resolve).catch(() => []);
    const addresses = await within(late, lookUp);
    if (addresses === null) return noAnswer('timeout');
    if (addresses.length === 0) return noAnswer('name_not_resolved');
    // One that is not allowed is enough: a name that leads inside is nobody's public receiver.
    if (!addresses.every((address) => isAllowedAddress(address, allowedNetworks)))
      return noAnswer('address_not_allowed');
    for (;;) {
      const outcome = await exchange(url, addresses, request, late);
      if (outcome !== null) return outcome;
      // It was not sent, and that is not the receiver's doing.
      if ((await within(late, pause(HOST_LACK_PAUSE_MS, true))) === null) return noAnswer('timeout');
    }
  };
}

async function addressesOf(url: URL, resolve: Resolve): Promise<string[]> {
  const literal = literalAddress(url);
  return literal === null ? resolve(url.hostname) : [literal];
}

/** The value, or null when the signal comes first. */
async function within<Value>(signal: AbortSignal, promise: Promise<Value>): Promise<Value | null> {
  const { promise: aborted, resolve } = Promise.withResolvers<null>();
  const give = () => resolve(null);
  signal.addEventListener('abort', give, { once: true });
  try {
    return await (signal.aborted ? null : Promise.race([promise, aborted]));
  } finally {
    signal.removeEventListener('abort', give);
  }
}

/** Null: this host had nothing left to connect with. */
async function exchange(
  url: URL,
  addresses: readonly string[],
  { headers, body }: PostRequest,
  signal: AbortSignal,
): Promise<PostOutcome | null> {
  // Loaded with the first attempt: both bring much along that a function's start would wait for.
  const { request: send } = url.protocol === 'https:' ? await import('node:https') : await import('node:http');
  const literal = literalAddress(url);
  const request = send({
    method: 'POST',
    // A name is looked up by `lookup`, which gives what was checked; a literal address was checked itself.
    host: literal ?? url.hostname,
    lookup: pinned(addresses),
    ...(literal === null && { servername: url.hostname }),
    port: url.port || undefined,
    path: url.pathname + url.search,
    headers: { ...headers, host: url.host, 'content-length': String(Buffer.byteLength(body)) },
    agent: false, // A connection for this request alone.
    signal,
  });
  try {
    const response = await answerTo(request, body);
    const { statusCode: status = 0, headers: answered } = response;
    const answer = await firstBytes(response, signal);
    return { status, error: null, retryAfter: answered['retry-after'] ?? null, answer };
  } catch (error) {
    if (isHostLack(error)) return null;
    return noAnswer(signal.aborted ? 'timeout' : reasonOf(error));
  } finally {
    request.destroy();
  }
}

/** Answers a look-up with the checked addresses, whatever it asks for. */
function pinned(addresses: readonly string[]): LookupFunction {
  const all = addresses.map((address) => ({ address, family: isIPv6(address) ? 6 : 4 }));
  return (_hostname, options, done) => {
    const [first] = all;
    if (options.all) done(null, all);
    else done(null, first?.address ?? '', first?.family);
  };
}

function answerTo(request: ClientRequest, body: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request.once('response', resolve);
    // Also after the answer has begun: what then breaks is seen by whoever reads it.
    request.on('error', reject);
    request.end(body);
  });
}

async function firstBytes(response: IncomingMessage, signal: AbortSignal): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  const enough = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_PATIENCE_MS)]);
  const stop = () => response.destroy();
  enough.addEventListener('abort', stop, { once: true });
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes >= LIMITS.webhookAnswerBytes) break;
    }
  } catch {
    // The status has come: an answer that breaks off is as good as its beginning.
  } finally {
    enough.removeEventListener('abort', stop);
  }
  return Buffer.concat(chunks).subarray(0, LIMITS.webhookAnswerBytes).toString('utf8');
}

function reasonOf(error: unknown): AttemptError {
  const { code = '', message = '' } = error as NodeJS.ErrnoException;
  if (/CERT|TLS|SSL|UNABLE_TO|EPROTO/.test(code)) return 'tls_failed';
  if (code.startsWith('HPE_') || code === 'ECONNRESET' || /socket hang up/.test(message)) return 'broken_answer';
  return 'connection_failed';
}

export function noAnswer(error: AttemptError): PostOutcome {
  return { status: null, error, retryAfter: null, answer: '' };
}
