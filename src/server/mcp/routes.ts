// /mcp: Streamable HTTP for 2026-07-28 and, without sessions, 2025-11-25. The bearer token is an API key.
import {
  type AuthInfo,
  createMcpHandler,
  type McpRequestContext,
  type Server,
} from '@modelcontextprotocol/server';
import { type Context, Hono } from 'hono';
import type { Registry } from '../../command/registry.ts';
import type { Logger } from '../../lib/log.ts';
import { SeedError } from '../../protocol/errors.ts';
import { LIMITS } from '../../protocol/limits.ts';
import { methodNotAllowed } from '../http/errors.ts';
import type { Gate } from '../http/gate.ts';
import type { HttpEnv } from '../http/http-types.ts';
import { bearerToken, publicBase } from '../http/request-headers.ts';
import type { Era } from './mcp-server.ts';
import { refuseForeignOrigin } from './origin.ts';
import { inProcessPlatform, type Platform } from './platform.ts';
import { accepted, ambiguity, asJson, wholeRequest, withoutNulls } from './wire.ts';

/** The server of one request. The test of conformance has more in it than Seed does. */
export type McpServerFor = (platform: Platform, wanted: { coreOnly: boolean; era: Era }) => Server;

interface McpNeeds {
  registry: Registry;
  version: string;
  log: Logger;
  gate: Gate;
  /** Aborted when the server begins to stop. */
  stopping: AbortSignal;
  /** Makes the MCP server of one request. */
  mcpServerFor: McpServerFor;
  /** Addresses of proxies whose X-Forwarded-For is believed, as CIDRs. */
  trustedProxies: readonly string[];
  /** Origins of web pages that may call /mcp, besides those of this machine. */
  mcpAllowedOrigins: readonly string[];
  /** Who gives tokens that are as good as a key, and the scopes to ask it for; null: there are keys alone. */
  identities: { readonly issuer: string; readonly requestableScopes: readonly string[] | null } | null;
}

const METADATA_PATH = '/.well-known/oauth-protected-resource/mcp';

/** @param app the application that this becomes a part of, which answers the REST calls */
export function mcpRoutes(needs: McpNeeds, app: Hono<HttpEnv>): Hono<HttpEnv> {
  const { registry, version, log, stopping, mcpServerFor, trustedProxies } = needs;
  const platformFor = inProcessPlatform(registry, version, app);
  const handler = createMcpHandler(serverOf, {
    maxRequestBodySize: LIMITS.bodyBytes,
    onerror: (error) => log.debug({ err: error }, 'an MCP request was refused or went wrong'),
  });

  const routes = new Hono<HttpEnv>();
  routes.get(METADATA_PATH, (c) => c.json(protectedResource(c, needs)));
  routes.all('/mcp', (c) =>
    needs.gate.audited(c, { name: null, effect: 'read' }, async () => {
      refuseForeignOrigin(c.req.header('origin'), c.req.header('host'), needs.mcpAllowedOrigins);
      c.set('challenge', `Bearer resource_metadata="${publicBase(c, trustedProxies)}${METADATA_PATH}"`);
      const actor = await needs.gate.authenticate(c, { counted: false, sessions: false });
      if (c.req.method !== 'POST') throw methodNotAllowed(c, ['POST']);
      const platform = platformFor(c, actor);
      const coreOnly = asksForCore(c.req.query('tools'));
      const authInfo: AuthInfo = {
        token: bearerToken(c.req.header('authorization')),
        clientId: actor.key.id,
        scopes: actor.key.scopes,
        extra: { serverFor: (era: Era) => mcpServerFor(platform, { coreOnly, era }) },
      };
      const { raw } = c.req;
      const { json, events } = accepted(c.req.header('accept'));
      // What it refuses, and what only waits for news, is the transport's to answer.
      if (!(json || events) || (listens(c) && !events)) return handler.fetch(raw, { authInfo });
      const body = await c.req.text();
      const signal = listens(c)
        ? AbortSignal.any([raw.signal, stopping, ...(c.env.deadline ? [c.env.deadline.signal] : [])])
        : raw.signal;
      const answer =
        ambiguity(body) ?? (await handler.fetch(wholeRequest(raw, withoutNulls(body), signal), { authInfo }));
      return events ? answer : asJson(answer, body.trimStart().startsWith('['));
    }),
  );
  return routes;
}

/** The request's own server: what the handler is given with the caller is all that it hands on. */
function serverOf({ authInfo, era }: McpRequestContext): Server {
  const serverFor = authInfo?.extra?.['serverFor'] as ((era: Era) => Server) | undefined;
  if (!serverFor) throw new Error('a request got past authentication');
  return serverFor(era);
}

/** Whether it only waits for news (2026-07-28): every other request is work, which a stopping server finishes. */
const listens = (c: Context<HttpEnv>) => c.req.header('mcp-method') === 'subscriptions/listen';

function asksForCore(tools: string | undefined): boolean {
  if (tools === undefined || tools === 'core') return tools === 'core';
  throw new SeedError('invalid_input', '"tools" is not core', {
    hint: 'Leave it out to have a tool for every command.',
  });
}

/**
 * Protected resource metadata (RFC 9728): what a client that got a 401 reads to learn how to come in. Without the
 * platform's own login there is no authorization server: the token is an API key, which a person makes and hands
 * to the client.
 */
function protectedResource(
  c: Context<HttpEnv>,
  { trustedProxies, identities }: Pick<McpNeeds, 'trustedProxies' | 'identities'>,
) {
  const base = publicBase(c, trustedProxies);
  const scopes = identities?.requestableScopes ?? [];
  return {
    resource: `${base}/mcp`,
    resource_name: 'Seed',
    ...(identities && { authorization_servers: [identities.issuer] }),
    ...(scopes.length > 0 && { scopes_supported: scopes }),
    bearer_methods_supported: ['header'],
    resource_documentation: `${base}/docs`,
  };
}
