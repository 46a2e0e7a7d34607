// Protected resource metadata (RFC 9728): what a client that got a 401 reads to learn how to come in.
import type { Context } from 'hono';
import { canonicalAddress, cidrContains } from '../../core/cidr.ts';
import type { HttpEnv } from '../http-types.ts';

/** There is no authorization server: the token is an API key, which a person makes and hands to the client. */
export function protectedResource(c: Context<HttpEnv>, trustedProxies: readonly string[]) {
  const origin = publicOrigin(c, trustedProxies);
  return {
    resource: `${origin}/mcp`,
    resource_name: 'Seed',
    bearer_methods_supported: ['header'],
    resource_documentation: `${origin}/docs`,
  };
}

export function resourceMetadataUrl(c: Context<HttpEnv>, trustedProxies: readonly string[]): string {
  return `${publicOrigin(c, trustedProxies)}/.well-known/oauth-protected-resource/mcp`;
}

/** As the client called it; a trusted proxy in front says whether that was over TLS. */
function publicOrigin(c: Context<HttpEnv>, trustedProxies: readonly string[]): string {
  const url = new URL(c.req.url);
  const peer = canonicalAddress(c.env?.incoming?.socket.remoteAddress ?? '');
  const isProxied = peer !== null && trustedProxies.some((cidr) => cidrContains(cidr, peer));
  const isSecure = url.protocol === 'https:' || (isProxied && c.req.header('x-forwarded-proto') === 'https');
  return `${isSecure ? 'https' : 'http'}://${url.host}`;
}
