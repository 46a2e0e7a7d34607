// Protected resource metadata (RFC 9728): what a client that got a 401 reads to learn how to come in.
import type { Context } from 'hono';
import type { HttpEnv } from '../http/http-types.ts';
import { publicOrigin } from '../http/request-headers.ts';

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
