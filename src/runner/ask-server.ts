// One request of a guest at the server, with as much of the answer as is to be there before any of it is handed on: what was
// not handed on can be asked for again. Used by forward.ts.
import { type Dispatcher, request as send } from 'undici';
import { SeedError } from '../protocol/errors.ts';
import { errorIn } from './server-client.ts';
import { isAway } from './until-back.ts';

export interface ServerRequest {
  url: string;
  method: Dispatcher.HttpMethod;
  headers: Record<string, string>;
  /** In memory, so that it can be sent again. */
  body: Buffer | null;
  /** An answer of unknown length is waited for until it has begun; it can be long until then. */
  isCompletion: boolean;
}

export interface ServerAnswer {
  status: number;
  headers: Dispatcher.ResponseData['headers'];
  /** The whole of it. It breaks off where the server broke off. */
  content: AsyncIterable<Buffer>;
  /** Lets go of what is left of it. */
  drop(): void;
}

/** An answer that is known not to be longer is there whole before any of it is handed on. */
const WHOLE_BYTES = 1024 * 1024;
/** Those of a proxy in between, and of a server that is away or works on the same request already. */
const PASSING_STATUSES = new Set([409, 502, 503, 504]);

/** @throws SeedError one that is away (until-back.ts) when there was no answer, when it broke off, or when it said so */
export async function askServer(
  { url, isCompletion, ...request }: ServerRequest,
  dispatcher: Dispatcher,
  signal: AbortSignal,
): Promise<ServerAnswer> {
  // A model may think for minutes; the task's deadline ends what hangs.
  const options = { ...request, dispatcher, signal, headersTimeout: 0, bodyTimeout: 0 };
  const { statusCode: status, headers, body } = await send(url, options).catch(noAnswer);
  const chunks = body[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  const isShort = status !== 200 || Number(headers['content-length']) <= WHOLE_BYTES;
  const wanted = isShort ? WHOLE_BYTES : Number(isCompletion);
  const begun = await firstOf(chunks, wanted).catch(noAnswer);
  const away = PASSING_STATUSES.has(status) ? awayIn(status, Buffer.concat(begun), headers) : null;
  if (away !== null) {
    body.destroy();
    throw away;
  }
  return { status, headers, content: wholeOf(begun, chunks), drop: () => body.destroy() };
}

function noAnswer(cause: Error): never {
  throw new SeedError('unreachable', `the server did not answer: ${cause.message}`, {
    hint: 'What was to be changed may have been changed all the same: look before you try again.',
    cause,
  });
}

async function firstOf(chunks: AsyncIterator<Buffer>, bytes: number): Promise<Buffer[]> {
  const first: Buffer[] = [];
  for (let size = 0; size < bytes; ) {
    const { done, value } = await chunks.next();
    if (done) break;
    first.push(value);
    size += value.length;
  }
  return first;
}

async function* wholeOf(begun: Buffer[], rest: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  yield* begun;
  yield* { [Symbol.asyncIterator]: () => rest };
}

/** What the answer says of a server that is away; null when it is the answer. */
function awayIn(
  status: number,
  body: Buffer,
  { 'retry-after': retryAfter }: Dispatcher.ResponseData['headers'],
): SeedError | null {
  const said = errorIn(body.toString('utf8'));
  if (said === null) {
    // Seed's own errors say what they are.
    return status === 409
      ? null
      : new SeedError('unreachable', `the server did not answer: ${status} on the way to it`);
  }
  if (!isAway(said)) return null;
  const { code, message, hint } = said;
  const seconds = Number(retryAfter);
  return new SeedError(code, message, {
    ...(hint !== null && { hint }),
    ...(seconds > 0 && { retryAfterSeconds: seconds }),
  });
}
