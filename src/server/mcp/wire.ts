// The requests of clients that ask for less than the transport wants of them, and answers that they can read:
// `curl` accepts anything, simple clients JSON alone. Used by routes.ts.
import { isRecord, parseJson, repeatedName } from '../../lib/json.ts';
import { linesOf } from '../../lib/read-stream.ts';
import { LIMITS } from '../../protocol/limits.ts';

/** What Streamable HTTP has a client accept. */
const BOTH = 'application/json, text/event-stream';

/** Which of the two kinds of answer the header allows; a missing one allows both. */
export function accepted(header: string | undefined): { json: boolean; events: boolean } {
  const weights = new Map<string, number>();
  for (const range of (header ?? '*/*').toLowerCase().split(',')) {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim());
    const weight = parameters.find((parameter) => parameter.startsWith('q='))?.slice('q='.length) ?? '1';
    weights.set(type, Number(weight));
  }
  // Of the ranges that fit the closest counts (RFC 9110, section 12.5.1).
  const allows = (...closestFirst: string[]) =>
    (closestFirst.map((type) => weights.get(type)).find((weight) => weight !== undefined) ?? 0) > 0;
  return {
    json: allows('application/json', 'application/*', '*/*'),
    events: allows('text/event-stream', 'text/*', '*/*'),
  };
}

/** The request with this body, as the transport wants it. */
export function wholeRequest(raw: Request, body: string, signal: AbortSignal): Request {
  const headers = new Headers(raw.headers);
  headers.set('accept', BOTH);
  return new Request(raw.url, { method: raw.method, headers, body, signal });
}

/** The JSON-RPC error for a body with a field that is given twice, which has no one meaning; null: it has none. */
export function ambiguity(body: string): Response | null {
  const name = /^\s*[[{]/.test(body) ? repeatedName(body) : null;
  if (name === null) return null;
  const message = `Invalid Request: ${JSON.stringify(name)} is given twice`;
  return Response.json({ jsonrpc: '2.0', id: null, error: { code: -32600, message } }, { status: 400 });
}

/**
 * The body without the nulls that some clients write for what they leave out of a request, such as Go's
 * `"arguments":null`. What a tool's input holds is left for its schema.
 * @param body what is no JSON is left for the transport
 */
export function withoutNulls(body: string): string {
  if (!body.includes('null')) return body;
  const message = parseJson(body);
  if (message === undefined || !isWithin(message, DEEPEST)) return body;
  const messages = [message].flat().map((one) => {
    if (!isRecord(one) || !('params' in one)) return one;
    const { params, ...rest } = one;
    if (!isRecord(params)) return params === null ? rest : one;
    const { arguments: input } = params;
    const others = leftOut({ ...params, arguments: null }) as object;
    return { ...one, params: isRecord(input) ? { ...others, arguments: input } : others };
  });
  return JSON.stringify(Array.isArray(message) ? messages : messages[0]);
}

/** The parameters of a request, and in them what their input holds. */
const DEEPEST = LIMITS.inputDepth + 10;

function isWithin(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return true;
  return depth > 0 && Object.values(value).every((each) => isWithin(each, depth - 1));
}

function leftOut(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(leftOut);
  if (!isRecord(value)) return value;
  const given = Object.entries(value).filter(([, each]) => each !== null);
  return Object.fromEntries(given.map(([name, each]) => [name, leftOut(each)]));
}

/** An answer of events as one of JSON: the results in it, without what was said on the way to them. */
export async function asJson(response: Response, isBatch: boolean): Promise<Response> {
  if (response.body === null || !response.headers.get('content-type')?.startsWith('text/event-stream'))
    return response;
  const results: object[] = [];
  for await (const line of linesOf(response.body)) {
    if (!line.startsWith('data:')) continue;
    const message = JSON.parse(line.slice('data:'.length)) as object;
    if ('id' in message && ('result' in message || 'error' in message)) results.push(message);
  }
  const headers = new Headers(response.headers);
  headers.set('content-type', 'application/json');
  return new Response(JSON.stringify(isBatch ? results : results[0]), { status: response.status, headers });
}
