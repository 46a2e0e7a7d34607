// Clients that come by the platform's own login: an MCP client that signs its person in by itself, and the CLI.
import {
  Client,
  type OAuthClientInformationMixed,
  type OAuthClientProvider,
  type OAuthDiscoveryState,
  type OAuthTokens,
  StreamableHTTPClientTransport,
  UnauthorizedError,
} from '@modelcontextprotocol/client';
import { UnauthorizedError as FormerUnauthorizedError } from '@modelcontextprotocol/sdk/client/auth.js';
import { Client as FormerClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as FormerTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { repositoryCli } from '../fixtures/cli-process.ts';
import { type OidcProvider, startOidcProvider } from '../fixtures/oidc-provider.ts';
import { oidcSettingsOf } from '../fixtures/oidc-settings.ts';
import { startTestServer, type TestServer } from '../fixtures/server.ts';

let provider: OidcProvider;
let server: TestServer;

beforeAll(async () => {
  provider = await startOidcProvider({
    audienceIsResource: true,
    scopes: ['seed:read', 'seed:work', 'seed:other'],
  });
  provider.people.set('ada', { account: 'default', email: 'ada@example.com' });
  const scopes = new Map([
    ['seed:read', ['keys:read']],
    ['seed:work', ['tasks:*']],
    ['seed:other', ['nothing:here', 'nothing:*', 'tasks:read']],
  ]);
  const audiences = [provider.audience];
  server = await startTestServer({
    oidc: oidcSettingsOf(provider, { scopesClaim: 'scope', scopes, audiences }),
  });
  // What a client asks for is the resource of the metadata (RFC 8707), and the token is for that alone.
  audiences.push(`${server.url}/mcp`);
});
afterAll(async () => {
  await server?.stop();
  await provider?.stop();
});

/** The official clients that are in use: what they have in common is enough to sign in with. */
interface Kit {
  connect(url: URL, authProvider: OAuthClientProvider): { start(): Promise<Connected>; finish: Finish };
  refused: new (...given: never[]) => Error;
}
type Finish = (callback: URLSearchParams) => Promise<void>;
type Connected = Pick<Client, 'listTools' | 'callTool' | 'close'>;

const INFO = { name: 'host', version: '1' };
const KITS: Record<string, Kit> = {
  'version 2': {
    connect(url, authProvider) {
      const transport = new StreamableHTTPClientTransport(url, { authProvider });
      const client = new Client(INFO);
      return {
        start: () => client.connect(transport).then(() => client),
        finish: (callback) => transport.finishAuth(callback),
      };
    },
    refused: UnauthorizedError,
  },
  'version 1': {
    connect(url, authProvider) {
      const transport = new FormerTransport(url, { authProvider: authProvider as never });
      const client = new FormerClient(INFO);
      return {
        start: () => client.connect(transport as never).then(() => client as unknown as Connected),
        finish: (callback) => transport.finishAuth(callback.get('code') ?? ''),
      };
    },
    refused: FormerUnauthorizedError,
  },
};

/** A host of MCP: it remembers, and opens a browser where the person is to sign in. */
async function signedIn(person: string, kit: Kit | undefined): Promise<Connected> {
  const redirectUrl = 'http://127.0.0.1:9/callback';
  const kept: {
    client?: OAuthClientInformationMixed;
    found?: OAuthDiscoveryState;
    tokens?: OAuthTokens;
    verifier?: string;
    callback?: URLSearchParams;
  } = {};
  const authProvider: OAuthClientProvider = {
    redirectUrl,
    clientMetadata: {
      client_name: 'a host',
      // The client of version 1 does not say so by itself.
      ...{ application_type: 'native' },
      redirect_uris: [redirectUrl],
      grant_types: ['authorization_code'],
      token_endpoint_auth_method: 'none',
    },
    clientInformation: () => kept.client,
    saveClientInformation: (client) => void Object.assign(kept, { client }),
    discoveryState: () => kept.found,
    saveDiscoveryState: (found) => void Object.assign(kept, { found }),
    tokens: () => kept.tokens,
    saveTokens: (tokens) => void Object.assign(kept, { tokens }),
    codeVerifier: () => kept.verifier ?? '',
    saveCodeVerifier: (verifier) => void Object.assign(kept, { verifier }),
    redirectToAuthorization: async (url) => {
      kept.callback = (await provider.approve(String(url), person)).searchParams;
    },
  };
  if (kit === undefined) throw new Error('there is no such client');
  const connect = () => kit.connect(new URL(`${server.url}/mcp`), authProvider);
  const first = connect();
  await expect(first.start()).rejects.toBeInstanceOf(kit.refused);
  await first.finish(kept.callback ?? new URLSearchParams());
  return connect().start();
}

it('the metadata of /mcp names the issuer and the scopes to ask it for', async () => {
  const answer = await server.call('POST', '/mcp', { key: null, body: {} });
  const url = /resource_metadata="([^"]+)"/.exec(answer.headers.get('www-authenticate') ?? '')?.[1];
  expect(await (await fetch(url ?? '')).json()).toMatchObject({
    resource: `${server.url}/mcp`,
    authorization_servers: [provider.issuer],
    scopes_supported: ['seed:read', 'seed:work', 'seed:other'],
  });
  const expired = await server.call('POST', '/mcp', { key: await provider.token({ expiresIn: -60 }), body: {} });
  expect(expired.status).toBe(401);
  expect(expired.headers.get('www-authenticate')).toBe(
    `Bearer resource_metadata="${server.url}/.well-known/oauth-protected-resource/mcp", error="invalid_token"`,
  );
});

it('a start says which scopes of the map no command has', () => {
  expect(server.notices.join()).toContain('no command has, and that are worth nothing: nothing:here, nothing:*.');
});

it.each(Object.keys(KITS))('an MCP client (%s) registers itself, signs its person in, and calls', async (kit) => {
  const client = await signedIn('ada', KITS[kit]);
  const names = (await client.listTools()).tools.map(({ name }) => name);
  expect(names).toEqual(expect.arrayContaining(['keys_list', 'runTask']));
  expect(names).not.toContain('keys_create');
  const { structuredContent } = await client.callTool({ name: 'whoami', arguments: {} });
  expect(structuredContent).toMatchObject({
    account: { name: 'default' },
    key: { identity: { issuer: provider.issuer, subject: 'ada', name: 'ada@example.com' } },
  });
  await client.close();
});

it('a person without an account is told so, after the sign-in', async () => {
  await expect(signedIn('mallory', KITS['version 2'])).rejects.toThrow(/account/);
});

it('the CLI takes a token where it takes a key', async () => {
  const cli = await repositoryCli({ SEED_API_URL: server.url });
  const token = await provider.token({ claims: { scope: 'seed:read' } });
  const run = (args: string[], key: string | null, stdin?: string) =>
    cli.run(args, { env: key === null ? {} : { SEED_API_KEY: key }, ...(stdin !== undefined && { stdin }) });
  try {
    const told = await run(['whoami', '--json'], token);
    expect(JSON.parse(told.stdout).key.identity.subject).toBe('ada');
    const help = await run(['--help'], token);
    expect([help.stdout.includes('keys list'), help.stdout.includes('keys create')]).toEqual([true, false]);
    // Another one is not told what is of the first.
    const more = await run(['--help'], await provider.token({ claims: { scope: 'seed:work' } }));
    expect([more.stdout.includes('keys list'), more.stdout.includes('tasks run')]).toEqual([false, true]);
    const expired = await run(['whoami'], await provider.token({ expiresIn: -60 }));
    expect([expired.code, expired.stderr.includes('the token has expired')]).toEqual([4, true]);
    expect((await run(['login', '--with-key-stdin'], null, `${token}\n`)).code).toBe(0);
    expect((await run(['keys', 'list', '--json'], null)).code).toBe(0);
  } finally {
    await cli.remove();
  }
});
