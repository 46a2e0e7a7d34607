// The requests of clients that ask for less than the transport wants of them, and answers that they can read:
// `curl` accepts anything, simple clients JSON alone. Used by routes.ts.
import { repeatedName } from '../../lib/json.ts';
import { linesOf } from '../../lib/read-stream.ts';

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
