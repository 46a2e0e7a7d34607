// The origin of this server as its caller sees it.
import type { Context } from 'hono';
import { canonicalAddress, cidrContains } from '../../lib/cidr.ts';
import type { HttpEnv } from './http-types.ts';

/** As the client called it; a trusted proxy in front says whether that was over TLS. */
export function publicOrigin(c: Context<HttpEnv>, trustedProxies: readonly string[]): string {
  const url = new URL(c.req.url);
  const peer = canonicalAddress(c.env?.incoming?.socket.remoteAddress ?? '');
  const isProxied = peer !== null && trustedProxies.some((cidr) => cidrContains(cidr, peer));
  const isSecure = url.protocol === 'https:' || (isProxied && c.req.header('x-forwarded-proto') === 'https');
  return new URL(`${isSecure ? 'https' : 'http'}://${url.host}`).origin;
}
