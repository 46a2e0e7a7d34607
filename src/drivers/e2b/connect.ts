// The Connect protocol (connectrpc.com/docs/protocol) with JSON, as much of it as E2B's daemon in the sandbox is
// asked by: one message for one, one for many, and many for one. A message of many has five bytes in front: its
// flags, and its length as four. Flag 2 marks the last, which tells how the call ended. Used by envd.ts.
import { Readable } from 'node:stream';
import { Agent, type Dispatcher, request } from 'undici';
import { z } from 'zod';
import { isRecord, parseJson } from '../../lib/json.ts';
import { readWithin } from '../../lib/read-stream.ts';
import { retryAfterMs } from '../../lib/retry-after.ts';
import { type ErrorCode, SeedError } from '../../protocol/errors.ts';

const CONNECT_MS = 10_000;
const CALL_MS = 20_000;
const ANSWER_BYTES = 1024 * 1024;
/** Of a message of many: envd reads some 32 KiB of a program's output at a time, and base64 makes more of it. */
const MESSAGE_BYTES = 8 * 1024 * 1024;
const HEAD_BYTES = 5;
const FLAG = { compressed: 1, last: 2 } as const;

export interface Server {
  /** Without a slash at its end. */
  url: string;
  headers: Readonly<Record<string, string>>;
}

export interface ConnectClient {
  /** One message for one. @throws SeedError */
  call(server: Server, method: string, message: object, signal?: AbortSignal): Promise<unknown>;
  /**
   * One message for many. Resolves once the server has taken it. The messages end with an error when the call has
   * failed, was cut, or nothing came for `silenceMs`. @throws SeedError
   */
  receive(server: Server, method: string, message: object, within: Within): Promise<AsyncIterable<unknown>>;
  /** Many messages for one: resolves with the answer, which may come before all are sent. @throws SeedError */
  send(server: Server, method: string, messages: AsyncIterable<object>, signal: AbortSignal): Promise<unknown>;
  close(): Promise<void>;
}

export interface Within {
  signal: AbortSignal;
  silenceMs: number;
}

export function createConnectClient(): ConnectClient {
  const dispatcher = new Agent({ connections: null, connect: { timeout: CONNECT_MS }, keepAliveTimeout: 10_000 });

  async function post(server: Server, method: string, options: Partial<Dispatcher.RequestOptions> & Sent) {
    const { type, ...rest } = options;
    try {
      return await request(`${server.url}/${method}`, {
        method: 'POST',
        dispatcher,
        headersTimeout: CALL_MS,
        ...rest,
        headers: { ...server.headers, ...rest.headers, 'content-type': type, 'connect-protocol-version': '1' },
      });
    } catch (cause) {
      throw lost(method, cause as Error);
    }
  }

  return {
    async call(server, method, message, signal) {
      const limits = [AbortSignal.timeout(CALL_MS), ...(signal ? [signal] : [])];
      const response = await post(server, method, {
        type: 'application/json',
        body: JSON.stringify(message),
        signal: AbortSignal.any(limits),
      });
      return answerOf(response, method);
    },
    async receive(server, method, message, { signal, silenceMs }) {
      const type = 'application/connect+json';
      const body = enveloped(message);
      const response = await post(server, method, { type, body, signal, bodyTimeout: silenceMs });
      if (response.statusCode !== 200) await answerOf(response, method);
      return messagesOf(response.body, method);
    },
    async send(server, method, messages, signal) {
      async function* body() {
        for await (const message of messages) yield enveloped(message);
      }
      // Its answer comes when all is sent, which may take as long as the sandbox lives.
      const long = { headersTimeout: 0, bodyTimeout: 0, signal };
      const response = await post(server, method, {
        type: 'application/connect+json',
        body: Readable.from(body()),
        ...long,
      });
      if (response.statusCode !== 200) return answerOf(response, method);
      for await (const answer of messagesOf(response.body, method)) return answer;
      throw new SeedError('unreachable', `${method} was not answered`);
    },
    close: () => dispatcher.destroy(),
  };
}

interface Sent {
  type: string;
}

function enveloped(message: object): Buffer {
  const content = Buffer.from(JSON.stringify(message));
  const head = Buffer.alloc(HEAD_BYTES);
  head.writeUInt32BE(content.length, 1);
  return Buffer.concat([head, content]);
}

async function answerOf({ statusCode, headers, body }: Dispatcher.ResponseData, method: string): Promise<unknown> {
  const bytes = await readWithin(body, ANSWER_BYTES).catch((cause: Error) => {
    throw lost(method, cause);
  });
  const answer = parseJson(bytes?.toString('utf8') ?? '');
  if (statusCode === 200 && answer !== undefined) return answer;
  const retryAfter = headers['retry-after'];
  const waitMs = retryAfterMs(typeof retryAfter === 'string' ? retryAfter : null, new Date());
  throw failure(method, isRecord(answer) ? answer : {}, { statusCode, waitMs });
}

/** @throws SeedError with the error that the last message tells, and `unreachable` where there is no last one */
export async function* messagesOf(body: AsyncIterable<Uint8Array>, method: string): AsyncGenerator<unknown> {
  let held = Buffer.alloc(0);
  try {
    for await (const chunk of body) {
      held = held.length === 0 ? Buffer.from(chunk) : Buffer.concat([held, chunk]);
      let at = 0;
      while (held.length - at >= HEAD_BYTES) {
        const flags = held.readUInt8(at);
        const length = held.readUInt32BE(at + 1);
        if (length > MESSAGE_BYTES || flags & FLAG.compressed) {
          throw new SeedError('unreachable', `${method} was answered with what no message is`);
        }
        if (held.length - at - HEAD_BYTES < length) break;
        const content = parseJson(held.toString('utf8', at + HEAD_BYTES, at + HEAD_BYTES + length));
        at += HEAD_BYTES + length;
        if (flags & FLAG.last) {
          if (isRecord(content) && isRecord(content['error'])) throw failure(method, content['error']);
          return;
        }
        yield content;
      }
      held = held.subarray(at);
    }
  } catch (cause) {
    throw cause instanceof SeedError ? cause : lost(method, cause as Error);
  }
  throw new SeedError('unreachable', `${method} was cut off`);
}

/** Codes of Connect whose calls may do better later, or say what Seed has its own word for. */
const CODES: Readonly<Record<string, ErrorCode>> = {
  not_found: 'not_found',
  unauthenticated: 'not_authenticated',
  permission_denied: 'not_allowed',
  unavailable: 'unreachable',
  aborted: 'unreachable',
  canceled: 'unreachable',
  deadline_exceeded: 'unreachable',
  resource_exhausted: 'unavailable',
};

/** A page of a load balancer has neither. */
const Failure = z.object({ code: z.string().optional().catch(undefined), message: z.string().catch('') });

/** The proxies in front answer without a code: with 502 for a sandbox that is gone, and for one not there yet. */
const OF_STATUS: Readonly<Record<number, ErrorCode>> = {
  401: 'not_authenticated',
  403: 'not_allowed',
  404: 'not_found',
  429: 'unavailable',
};

interface Answered {
  statusCode: number;
  /** As the answer asks for. */
  waitMs: number | null;
}

function failure(method: string, body: Record<string, unknown>, answered?: Answered): SeedError {
  const { code, message } = Failure.parse(body);
  const { statusCode = 200, waitMs = null } = answered ?? {};
  const ofStatus = OF_STATUS[statusCode] ?? 'unreachable';
  const known = code === undefined ? ofStatus : (CODES[code] ?? 'sandbox_failed');
  const what = [code ?? `status ${statusCode}`, message].filter(Boolean).join(': ');
  return new SeedError(known, `${method} in the sandbox was answered with ${what}`, {
    ...(waitMs !== null && { retryAfterSeconds: waitMs / 1000 }),
  });
}

const lost = (method: string, cause: Error) =>
  new SeedError('unreachable', `${method} in the sandbox was not answered: ${cause.message}`, { cause });
