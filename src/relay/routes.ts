// What a guest may ask for: an exact list. Everything that is not in it, or is written in a way that a server
// could read differently, is refused before anything is sent.
import { fileNameProblem } from '../protocol/file-name.ts';

export type RelayRoute =
  | { kind: 'task' | 'events' | 'output' | 'result' | 'conversation' }
  /** Those behind the first so many: once there are any, or what there is now. */
  | { kind: 'messages'; after: number; now: boolean }
  /** Counted from 0. */
  | { kind: 'file'; index: number }
  | { kind: 'artifact'; method: 'PUT' | 'DELETE'; name: string }
  | { kind: 'workspace'; method: 'GET' | 'PUT' }
  /** Sent to the server: path and query, unchanged. */
  | { kind: 'forward'; method: string; target: string; isCompletion: boolean }
  /** Asks what people have decided. */
  | { kind: 'approval'; id: string };

const PATH_LENGTH = 4096;
const OWN_ROUTES: Record<string, 'task' | 'events' | 'output' | 'result' | 'conversation'> = {
  'GET /task': 'task',
  'GET /conversation': 'conversation',
  'POST /events': 'events',
  'POST /output': 'output',
  'POST /result': 'result',
};
const FILE = /^\/files\/(\d{1,3})$/;
const MESSAGES = /^\/messages\?after=(?<after>\d{1,6})(?<now>&now)?$/;
const ARTIFACT = /^\/artifacts\/([^/?#]{1,1024})$/;
const APPROVAL = /^\/api\/v1\/approvals\/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/;
/** Sent on as they stand. */
const FORWARDED_ROUTES: ReadonlySet<string> = new Set([
  'GET /cli/seed.mjs',
  'GET /llm/v1/models',
  'POST /llm/v1/chat/completions',
]);
/** Below it are the platform's commands, which the server knows; it is asked only in the plainest form. */
const COMMANDS = '/api/v1/';
const COMMAND_METHODS: ReadonlySet<string> = new Set(['GET', 'POST', 'PUT', 'PATCH', 'DELETE']);

/** Null: not allowed. `rawPath` is the request's :path. */
export function relayRoute(method: string | undefined, rawPath: string | undefined): RelayRoute | null {
  if (method === undefined || rawPath === undefined) return null;
  const own = OWN_ROUTES[`${method} ${rawPath}`];
  if (own !== undefined) return { kind: own };
  if (method === 'GET' && FILE.test(rawPath)) return { kind: 'file', index: Number(FILE.exec(rawPath)?.[1]) };
  if (rawPath === '/workspace' && (method === 'GET' || method === 'PUT')) return { kind: 'workspace', method };
  const { after, now } = (method === 'GET' && MESSAGES.exec(rawPath)?.groups) || {};
  if (after !== undefined) return { kind: 'messages', after: Number(after), now: now !== undefined };
  if (method === 'PUT' || method === 'DELETE') {
    const name = artifactName(rawPath);
    if (name !== null) return { kind: 'artifact', method, name };
  }
  const approval = method === 'GET' ? APPROVAL.exec(rawPath)?.[1] : undefined;
  if (approval !== undefined) return { kind: 'approval', id: approval };
  if (FORWARDED_ROUTES.has(`${method} ${rawPath}`)) return forward(method, rawPath);
  if (!rawPath.startsWith(COMMANDS) || !COMMAND_METHODS.has(method) || !isPlainTarget(rawPath)) return null;
  return forward(method, rawPath);
}

/** Null: this is no artifact's path, or its name is not allowed. */
function artifactName(rawPath: string): string | null {
  const encoded = ARTIFACT.exec(rawPath)?.[1];
  if (encoded === undefined) return null;
  try {
    const name = decodeURIComponent(encoded);
    return fileNameProblem(name) === null ? name : null;
  } catch {
    return null;
  }
}

function forward(method: string, target: string): RelayRoute {
  const isCompletion = method === 'POST' && target === '/llm/v1/chat/completions';
  return { kind: 'forward', method, target, isCompletion };
}

/** What encodeURIComponent makes of anything, and `@` and `:`. No `;`, which may end a segment for a server. */
const PATH = /^(?:\/(?:[A-Za-z0-9._~!'()*:@-]|%[0-9A-Fa-f]{2})*)+$/;
const QUERY = /^(?:[A-Za-z0-9._~!$&'()*+,;=:@/?[\]-]|%[0-9A-Fa-f]{2})*$/;
/** Encoded percent signs, slashes, dots, backslashes and control characters. */
const AMBIGUOUS = /%(?:2[5fFeE]|5[cC]|[01][0-9A-Fa-f]|7[fF])/;

/** Whether every reader takes this for the same path: no dot segments, empty segments or encoded separators. */
function isPlainTarget(target: string): boolean {
  if (target.length > PATH_LENGTH) return false;
  const mark = target.indexOf('?');
  const path = mark === -1 ? target : target.slice(0, mark);
  const query = mark === -1 ? '' : target.slice(mark + 1);
  if (!PATH.test(path) || AMBIGUOUS.test(path) || !QUERY.test(query)) return false;
  const segments = path.slice(1).split('/');
  return segments.every((segment) => segment !== '' && segment !== '.' && segment !== '..');
}
