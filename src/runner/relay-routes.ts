// What a guest may ask for: an exact list. Everything that is not in it, or is written in a way that a server could read
// differently, is refused before anything is sent.
import { FORWARDED_PREFIXES } from '../protocol/guest-wire.ts';

export type RelayRoute =
  | { kind: 'task' | 'events' | 'result' }
  /** Sent to the server: path and query, unchanged. */
  | { kind: 'forward'; method: string; target: string; isCompletion: boolean };

const PATH_LENGTH = 4096;
const OWN_ROUTES: Record<string, 'task' | 'events' | 'result'> = {
  'GET /task': 'task',
  'POST /events': 'events',
  'POST /result': 'result',
};
const METHODS: Record<(typeof FORWARDED_PREFIXES)[number], readonly string[]> = {
  '/api/v1/': ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'],
  '/llm/v1/': ['GET', 'POST'],
};

/** Null: not allowed. `rawPath` is the request's :path. */
export function relayRoute(method: string | undefined, rawPath: string | undefined): RelayRoute | null {
  if (method === undefined || rawPath === undefined) return null;
  const own = OWN_ROUTES[`${method} ${rawPath}`];
  if (own !== undefined) return { kind: own };
  if (method === 'GET' && rawPath === '/cli/seed.mjs') return forward(method, rawPath);
  const prefix = FORWARDED_PREFIXES.find((known) => rawPath.startsWith(known));
  if (prefix === undefined || !METHODS[prefix].includes(method) || !isPlainTarget(rawPath)) return null;
  return forward(method, rawPath);
}

function forward(method: string, target: string): RelayRoute {
  return {
    kind: 'forward',
    method,
    target,
    isCompletion: method === 'POST' && target === '/llm/v1/chat/completions',
  };
}

const PATH = /^(?:\/(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})*)+$/;
const QUERY = /^(?:[A-Za-z0-9._~!$&'()*+,;=:@/?[\]-]|%[0-9A-Fa-f]{2})*$/;
/** Encoded slashes, dots, backslashes and control characters. */
const AMBIGUOUS = /%(?:2[fFeE]|5[cC]|[01][0-9A-Fa-f]|7[fF])/;

/** Whether every reader takes this for the same path: no dot segments, empty segments or encoded separators. */
function isPlainTarget(target: string): boolean {
  if (target.length > PATH_LENGTH) return false;
  const mark = target.indexOf('?');
  const path = mark === -1 ? target : target.slice(0, mark);
  const query = mark === -1 ? '' : target.slice(mark + 1);
  if (!PATH.test(path) || AMBIGUOUS.test(path) || !QUERY.test(query)) return false;
  return path
    .slice(1)
    .split('/')
    .every((segment) => segment !== '' && segment !== '.' && segment !== '..');
}
