// Calls the server's commands over REST; what goes wrong is a SeedError. Used by the commands that ask the server.
import { parseJson } from '../lib/json.ts';
import { readWithin } from '../lib/read-stream.ts';
import { type RestCall, restCall } from '../lib/rest-call.ts';
import { APPROVAL_HEADER, POLL_SECONDS } from '../protocol/approval-wait.ts';
import { ERROR_STATUS, type ErrorBody, type ErrorCode, SeedError } from '../protocol/errors.ts';
import type { ManifestCommand } from '../protocol/manifest.ts';
import { type ApprovalPolls, untilApproved } from './await-approval.ts';
import { type Io, usageError } from './io.ts';
import { multipartBody, takeFiles } from './local-file.ts';
import { credentialHeaders, type Profile } from './profile.ts';
import type { HttpResponse, StreamedBody } from './request.ts';
import { sanitiseLine } from './terminal.ts';
import { sendLargeFiles } from './uploads.ts';

export interface Api {
  readonly url: string;
  /** Runs a command and returns the JSON text of its answer. */
  call(command: ManifestCommand, input: Record<string, unknown>): Promise<string>;
  /** Runs a command that answers with a file. */
  file(command: ManifestCommand, input: Record<string, unknown>): Promise<HttpResponse>;
  /** GET of a path under the server's address, as JSON text. */
  get(path: string): Promise<string>;
  /** Runs a stream command; the body is NDJSON. */
  stream(
    command: ManifestCommand,
    input: Record<string, unknown>,
    options: { lastEventId: number | null; signal?: AbortSignal },
  ): Promise<AsyncIterable<Uint8Array>>;
}

/** A command with its input, and where it is called. */
export type CommandCall = { io: Io; api: Api; command: ManifestCommand; input: Record<string, unknown> };

/** What is accepted of commands that answer with a file. */
const FILE = '*/*';
const ANSWER_TIMEOUT_MS = 300_000;
const JSON_TYPE = /^application\/([a-z.]+\+)?json\b/;
const ANSWER_LIMIT_BYTES = 64 * 1024 * 1024;
const RETRY_PAUSES_MS = [150, 500];

interface Exchange {
  method: string;
  path: string;
  accept: string;
  body?: string | StreamedBody | null;
  lastEventId?: number | null;
  prefer?: string;
  /** With it a request can be sent again: its work is done once. */
  idempotencyKey?: string;
  /** The pack to whose platform the caller's own credential is shown. */
  callerCredential?: string | undefined;
  signal?: AbortSignal | undefined;
}

export function createApi(io: Io, profile: Profile): Api {
  async function once(exchange: Exchange): Promise<HttpResponse> {
    const {
      method,
      path,
      accept,
      body = null,
      lastEventId,
      prefer,
      idempotencyKey,
      callerCredential,
      signal,
    } = exchange;
    const headers: Record<string, string> = { accept, 'user-agent': 'seed-cli' };
    if (profile.key !== null) headers['authorization'] = `Bearer ${profile.key}`;
    if (body !== null) headers['content-type'] = typeof body === 'string' ? 'application/json' : body.type;
    if (idempotencyKey !== undefined) headers['idempotency-key'] = idempotencyKey;
    if (callerCredential !== undefined) Object.assign(headers, credentialHeaders(io, callerCredential));
    if (prefer !== undefined) headers['prefer'] = prefer;
    if (lastEventId) headers['last-event-id'] = String(lastEventId);
    return io.request({
      method,
      url: profile.url + path,
      headers,
      timeoutMs: ANSWER_TIMEOUT_MS,
      ...(body !== null && { body }),
      ...(signal && { signal }),
    });
  }

  /** What the server says of the call besides its answer. */
  function warned(response: HttpResponse): HttpResponse {
    const warning = response.headers['seed-warning'];
    if (typeof warning === 'string') io.stderr.write(`warning: ${sanitiseLine(warning)}\n`);
    return response;
  }

  /** Sends until it is answered with success; again only what does nothing twice. */
  async function send(exchange: Exchange): Promise<HttpResponse> {
    const isRepeatable = exchange.method === 'GET' || exchange.idempotencyKey !== undefined;
    const pauses = isRepeatable ? RETRY_PAUSES_MS : [];
    for (const pauseMs of [...pauses, null]) {
      try {
        const response = await once(exchange);
        const isMoved = response.status === 302 && exchange.accept === FILE;
        if ((response.status >= 200 && response.status < 300) || isMoved) return warned(response);
        const body = await readAll(response.body);
        const mayHelp = response.status === 503 || isOnTheWay(response);
        if (!mayHelp || pauseMs === null) throw apiError(response, body, profile);
      } catch (error) {
        const mayHelp = isRefused(error) || (exchange.idempotencyKey !== undefined && isBroken(error));
        if (pauseMs === null || !mayHelp) throw connectionError(error, profile.url);
      }
      await io.wait(pauseMs);
    }
    throw connectionError(null, profile.url);
  }

  async function json(exchange: Exchange): Promise<string> {
    return textOf(await send(exchange));
  }

  async function textOf(response: HttpResponse): Promise<string> {
    try {
      const text = await readAll(response.body);
      if (response.status === 204 && text === '') return '{}';
      if (!JSON_TYPE.test(response.headers['content-type'] ?? '')) throw notSeed(response.status, profile.url);
      return text;
    } catch (error) {
      throw connectionError(error, profile.url);
    }
  }

  const announce = (file: object) =>
    json({
      method: 'POST',
      path: '/api/v1/tasks/uploads',
      accept: 'application/json',
      body: JSON.stringify(file),
      idempotencyKey: globalThis.crypto.randomUUID(),
    });

  /** A file from where the server says that it is: without the key, which is none of the store's. */
  async function followed(response: HttpResponse): Promise<HttpResponse> {
    const { location, 'repr-digest': digest } = response.headers;
    if (response.status !== 302 || location === undefined) return response;
    await readAll(response.body);
    const { href: url, origin } = new URL(location, profile.url);
    const request = { method: 'GET', url, headers: { accept: FILE }, timeoutMs: ANSWER_TIMEOUT_MS };
    const stored = await io.request(request).catch((error) => {
      throw connectionError(error, origin);
    });
    if (stored.status === 200) return { ...stored, headers: { ...stored.headers, 'repr-digest': digest } };
    throw new SeedError('unreachable', `the store of files at ${origin} answered ${stored.status}`);
  }

  const polls: ApprovalPolls = {
    poll: (id, signal) =>
      json({
        method: 'GET',
        path: `/api/v1/approvals/${encodeURIComponent(id)}`,
        accept: 'application/json',
        prefer: `wait=${POLL_SECONDS}`,
        signal,
      }),
    codeOf: (code) => codeOf(code, 500),
    // Without a key of its own it is in a sandbox, where the runner attaches the task's.
    url: profile.key === null ? null : profile.url,
  };

  return {
    url: profile.url,
    async call(command, input) {
      const carried = await sendLargeFiles(io, command, input, announce);
      const response = await send({
        ...callOf(command, carried),
        callerCredential: command.callerCredential,
        accept: 'application/json',
        ...(command.effect !== 'read' && { idempotencyKey: globalThis.crypto.randomUUID() }),
      });
      const text = await textOf(response);
      return response.headers[APPROVAL_HEADER] === undefined ? text : untilApproved(io, text, polls);
    },
    async file(command, input) {
      const { callerCredential } = command;
      return followed(await send({ ...typedCall(command, input), callerCredential, accept: FILE }));
    },
    get: (path) => json({ method: 'GET', path, accept: 'application/json' }),
    async stream(command, input, { lastEventId, signal }) {
      const exchange = { ...typedCall(command, input), accept: 'application/x-ndjson', lastEventId, signal };
      return (await send(exchange)).body;
    },
  };
}

function callOf(command: ManifestCommand, input: Record<string, unknown>) {
  const { rest, files } = takeFiles(input);
  const call = typedCall(command, rest);
  return files === null ? call : { ...call, body: multipartBody(call.body ?? '{}', files) };
}

/** What cannot be put into a request was typed wrong. */
function typedCall(command: ManifestCommand, input: Record<string, unknown>): RestCall {
  try {
    return restCall(command, input);
  } catch (cause) {
    throw cause instanceof SeedError ? usageError(cause.message, undefined, cause) : cause;
  }
}

async function readAll(body: AsyncIterable<Uint8Array>): Promise<string> {
  const bytes = await readWithin(body, ANSWER_LIMIT_BYTES);
  if (bytes === null) throw new Error(`the answer is larger than ${ANSWER_LIMIT_BYTES} bytes`);
  return bytes.toString('utf8');
}

export function apiError(response: HttpResponse, text: string, profile: Profile): SeedError {
  const error = parseErrorBody(text);
  if (!error) return notSeed(response.status, profile.url);
  const hints = [error.hint ?? (response.status === 401 ? loginHint(profile) : '')];
  if (response.status >= 500 && error.requestId) hints.push(`Request ${error.requestId} in the server's log.`);
  return new SeedError(codeOf(error.code, response.status), error.message, {
    hint: hints.filter((hint) => hint !== '').join(' '),
  });
}

/** The error of an exchange that broke; a SeedError stays as it is. */
export function connectionError(error: unknown, url: string): SeedError {
  if (error instanceof SeedError) return error;
  if (isRefused(error) || isOneOf(error, ['ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH'])) {
    return new SeedError('unreachable', `no server answers at ${url}`, {
      hint: 'Start one with `npm start`, or name another with SEED_API_URL or --url.',
      cause: error,
    });
  }
  const why = error instanceof Error ? error.message : 'no answer';
  return new SeedError('unreachable', `the connection to ${url} failed: ${why}`, { cause: error });
}

/** The error of an answer that no Seed server gives, such as a proxy's page. */
function notSeed(status: number, url: string): SeedError {
  return new SeedError('unreachable', `${url} answered ${status}, but not as a Seed server does`, {
    hint: 'Check the address: SEED_API_URL or --url.',
  });
}

/** Of whoever is in between, such as the vendor of a function that was cut off: Seed's own answers have an id. */
const isOnTheWay = ({ status, headers }: HttpResponse): boolean =>
  status >= 500 && headers['x-request-id'] === undefined;

const isRefused = (error: unknown): boolean => isOneOf(error, ['ECONNREFUSED', 'ENOENT']);

/** The request may have arrived and been worked on all the same. */
const isBroken = (error: unknown): boolean => isOneOf(error, ['ECONNRESET', 'EPIPE']);

function isOneOf(error: unknown, codes: readonly string[]): boolean {
  const code = (error as NodeJS.ErrnoException | null)?.code;
  return code !== undefined && codes.includes(code);
}

function loginHint(profile: Profile): string {
  return profile.key === null
    ? `Log in: seed login --url ${profile.url}, or set SEED_API_KEY.`
    : 'Log in again: seed login';
}

function parseErrorBody(text: string): ErrorBody['error'] | null {
  const body = parseJson(text) as Partial<ErrorBody> | null | undefined;
  return typeof body?.error?.message === 'string' ? body.error : null;
}

/** A server may be newer than this CLI: a code it does not know is judged by the HTTP status. */
function codeOf(code: string, status: number): ErrorCode {
  if (Object.hasOwn(ERROR_STATUS, code)) return code as ErrorCode;
  if (status === 401) return 'not_authenticated';
  return status === 403 ? 'not_allowed' : 'internal';
}
