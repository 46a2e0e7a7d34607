// seed mcp: carries MCP messages between stdio, one a line, and a server's Streamable HTTP endpoint, for clients
// that start a process. The server does all the work. Used by local-commands.ts.
import { isRecord, parseJson } from '../lib/json.ts';
import { linesOf } from '../lib/read-stream.ts';
import { SeedError } from '../protocol/errors.ts';
import { LIMITS } from '../protocol/limits.ts';
import { apiError, connectionError } from './api.ts';
import { EXIT, type Io } from './io.ts';
import type { LocalCommand } from './local-command.ts';
import { credentialHeaders, loadProfile } from './profile.ts';
import type { HttpResponse } from './request.ts';

export const mcp: LocalCommand = {
  name: 'mcp',
  summary: 'Speak MCP over stdin and stdout, as the key in use; clients start this by themselves',
  usage: 'seed mcp [--core]',
  flags: [{ name: '--core', summary: 'Only the tools for tasks, for clients that choke on long lists' }],
  examples: ['seed mcp install claude-code', 'seed mcp'],
  async run(io, flags, values) {
    const { url, key } = loadProfile(io, flags.url);
    if (key === null) {
      throw new SeedError('not_authenticated', `no key is known for ${url}`, {
        hint: `Log in: seed login --url ${url}, or set SEED_API_KEY.`,
      });
    }
    const query = values['core'] === true ? '?tools=core' : '';
    const credentials = credentialHeaders(io, null);
    await bridgeMcp(io, { url, key, endpoint: `${url}/mcp${query}`, credentials });
    return EXIT.ok;
  },
};

/** The server, and its endpoint with what the query asks for. */
type McpEndpoint = Record<'url' | 'key' | 'endpoint', string> & {
  /** The caller's own for the platforms of packs, as headers. */
  credentials: Record<string, string>;
};

type Message = { id?: string | number; method?: string; params?: Record<string, unknown> | null };

/** runTask may hold its answer for as long as a task may run. */
const ANSWER_TIMEOUT_MS = (LIMITS.waitSeconds + 60) * 1000;
const PARSE_ERROR = -32700;
const INTERNAL_ERROR = -32603;

/** Comes back when stdin has ended and all that was read from it is answered. */
async function bridgeMcp(io: Io, server: McpEndpoint): Promise<void> {
  const open = new Map<string | number, AbortController>();
  /** What `initialize` agreed on; requests of later revisions say it themselves. */
  let revision: string | null = null;
  const send = (message: object) => io.stdout.write(`${JSON.stringify(message)}\n`);

  async function exchange(message: Message | readonly Message[], signal: AbortSignal): Promise<void> {
    const [first = {}] = [message].flat();
    const response = await io.request({
      method: 'POST',
      url: server.endpoint,
      headers: { ...server.credentials, authorization: `Bearer ${server.key}`, ...mcpHeaders(first, revision) },
      body: JSON.stringify(Array.isArray(message) ? message : { jsonrpc: '2.0', ...message }),
      timeoutMs: ANSWER_TIMEOUT_MS,
      signal,
    });
    for await (const answer of answersOf(response, server)) {
      if (first.method === 'initialize') revision = revisionIn(answer) ?? revision;
      send(answer);
    }
  }

  /** One, or all of a batch, which the server answers as it does over HTTP. */
  async function request(message: Message | readonly Message[]): Promise<void> {
    const ids = [message].flat().flatMap(({ id }) => id ?? []);
    const letGo = new AbortController();
    for (const id of ids) open.set(id, letGo);
    try {
      await exchange(message, letGo.signal);
    } catch (error) {
      if (letGo.signal.aborted) return;
      for (const id of ids) send(failure(id, connectionError(error, server.url)));
    } finally {
      for (const id of ids) open.delete(id);
    }
  }

  const asked = new Set<Promise<void>>();
  const ask = (message: Message | readonly Message[]) => {
    const answered = request(message).finally(() => asked.delete(answered));
    asked.add(answered);
  };
  for await (const line of linesOf(io.stdin.chunks())) {
    const message = parseMessage(line);
    if (message === null) send({ jsonrpc: '2.0', id: null, error: { code: PARSE_ERROR, message: 'not JSON' } });
    else if (Array.isArray(message)) ask(message);
    else if (message.method === undefined) continue;
    else if (message.id !== undefined) ask(message);
    else if (message.method === 'notifications/cancelled') open.get(cancelledIn(message))?.abort();
    else await exchange(message, AbortSignal.timeout(ANSWER_TIMEOUT_MS)).catch(() => {});
  }
  await Promise.all(asked);
}

/** The messages of an answer: one as JSON, or several as server-sent events, each written in one line. */
async function* answersOf(response: HttpResponse, server: McpEndpoint): AsyncGenerator<object> {
  const isStream = response.headers['content-type']?.startsWith('text/event-stream');
  let text = '';
  for await (const line of linesOf(response.body)) {
    if (!isStream) text += line;
    else if (line.startsWith('data:')) yield JSON.parse(line.slice('data:'.length)) as object;
  }
  if (isStream || text === '') return;
  const answer = parseMessage(text);
  if (Array.isArray(answer)) return yield* answer;
  // An error of Seed's own, such as a key that was revoked, is no message.
  if (answer === null || !('jsonrpc' in answer)) throw apiError(response, text, server);
  yield answer;
}

function failure(id: string | number, error: SeedError): object {
  const { code, hint } = error;
  const message = `${code}: ${error.message}.${hint === null ? '' : ` ${hint}`}`;
  return { jsonrpc: '2.0', id, error: { code: INTERNAL_ERROR, message, data: { code } } };
}

/** A list: a batch. Null: neither that nor a message. */
function parseMessage(line: string): Message | Message[] | null {
  const message = parseJson(line);
  return isRecord(message) || Array.isArray(message) ? (message as Message | Message[]) : null;
}

const cancelledIn = ({ params }: Message): string | number => (params?.['requestId'] ?? '') as string | number;

function revisionIn(answer: object): string | null {
  const { result } = answer as { result?: { protocolVersion?: unknown } };
  return typeof result?.protocolVersion === 'string' ? result.protocolVersion : null;
}

const META_REVISION = 'io.modelcontextprotocol/protocolVersion';

/** Which parameter names what a request is about, for `Mcp-Name` (SEP-2243, SEP-2663). */
const NAMED_BY: Record<string, string> = {
  'tools/call': 'name',
  'prompts/get': 'name',
  'resources/read': 'uri',
  'tasks/get': 'taskId',
  'tasks/update': 'taskId',
  'tasks/cancel': 'taskId',
};

/** @param agreed the revision that `initialize` agreed on; null before it, and where there is none */
function mcpHeaders({ method = '', params: given }: Message, agreed: string | null): Record<string, string> {
  const headers: Record<string, string> = {
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    'user-agent': 'seed-cli',
  };
  const params = given ?? {};
  const own = (params['_meta'] as Record<string, unknown> | undefined)?.[META_REVISION];
  if (typeof own !== 'string') return agreed === null ? headers : { ...headers, 'mcp-protocol-version': agreed };
  const name = params[NAMED_BY[method] ?? ''];
  return {
    ...headers,
    'mcp-protocol-version': own,
    'mcp-method': method,
    ...(typeof name === 'string' && { 'mcp-name': headerValue(name) }),
  };
}

/** What a header cannot hold as it is goes as Base64 between marks. */
function headerValue(text: string): string {
  if (/^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/.test(text) && !text.startsWith('=?base64?')) return text;
  return `=?base64?${Buffer.from(text).toString('base64')}?=`;
}
