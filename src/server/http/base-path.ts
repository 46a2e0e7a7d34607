// Where below the root of its origin Seed lies, for a proxy that serves other things beside it: what goes before
// its paths in links, and is taken off those of requests. Used by the listener, app.ts, and what makes links.
import type { IncomingMessage } from 'node:http';
import { getPath } from 'hono/utils/url';
import { canonicalAddress, cidrContains } from '../../lib/cidr.ts';

/** `/seed`, `/tools/seed`: of characters that mean the same in every URL, header and page. */
const PREFIX = /^(?:\/(?!\.{1,2}(?:\/|$))[A-Za-z0-9._~-]+)+$/;
const MOST_LENGTH = 200;

/** First parts of paths that are Seed's own, and never a page of the dashboard. */
// biome-ignore format: a short list
const OWN_PATHS: readonly string[] = [
  'api', 'mcp', 'llm', 'runner', 'metrics', 'docs', 'openapi.json', 'cli', 'healthz', 'readyz', 'session', 'assets',
  '.well-known', 'approve', 'door',
];

export interface BasePathSettings {
  /** Such as `/seed`; empty: at the root. */
  basePath: string;
  /** Addresses of proxies whose X-Forwarded-Prefix is believed, as CIDRs. */
  trustedProxies: readonly string[];
}

/** Null: it cannot be one. A slash at its end counts for nothing. */
export function parsePrefix(text: string): string | null {
  const prefix = text.endsWith('/') ? text.slice(0, -1) : text;
  return prefix === '' || (prefix.length <= MOST_LENGTH && PREFIX.test(prefix)) ? prefix : null;
}

/** Whether a prefix begins as paths of Seed itself do, so that one cannot be told from the other. */
export const isOwnPath = (prefix: string): boolean => OWN_PATHS.includes(prefix.split('/')[1] ?? '');

/**
 * The prefix of a request: what a trusted proxy says in X-Forwarded-Prefix, else the setting. Of what cannot be
 * one, and of several, nothing is believed.
 */
export function prefixOf(
  incoming: Pick<IncomingMessage, 'headers' | 'socket'> | undefined,
  { basePath, trustedProxies }: BasePathSettings,
): string {
  const said = incoming?.headers['x-forwarded-prefix'];
  if (typeof said !== 'string' || !isTrusted(incoming?.socket.remoteAddress, trustedProxies)) return basePath;
  return parsePrefix(said.trim()) ?? basePath;
}

/** Whether the socket's other end is a proxy that is believed. */
export function isTrusted(peer: string | undefined, trustedProxies: readonly string[]): boolean {
  const address = canonicalAddress(peer ?? '');
  return address !== null && trustedProxies.some((cidr) => cidrContains(cidr, address));
}

/**
 * The path without the prefix, whether the proxy in front has taken it off already or not: probes come without
 * one, too. RFC 9728 (section 3.1) puts it behind `/.well-known/<name>`.
 */
export function pathBelow(path: string, prefix: string): string {
  if (prefix === '' || isOwnPath(prefix)) return path;
  const [, wellKnown = '', rest = path] = /^(\/\.well-known\/[^/]+)(\/.*)$/.exec(path) ?? [];
  if (!rest.startsWith(prefix)) return path;
  const below = rest.slice(prefix.length);
  if (below === '') return wellKnown === '' ? '/' : wellKnown;
  return below.startsWith('/') ? wellKnown + below : path;
}

/** For Hono: by which path of a request its route is looked up. */
export function routedPath(settings: BasePathSettings) {
  return (request: Request, options?: { env?: unknown }): string => {
    const { incoming } = (options?.env ?? {}) as { incoming?: IncomingMessage };
    return pathBelow(getPath(request), prefixOf(incoming, settings));
  };
}
