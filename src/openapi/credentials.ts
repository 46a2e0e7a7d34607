// Which credential the server of an imported pack holds: that of the security scheme that opens most.
import { isRecord } from '../lib/json.ts';
import { SeedError } from '../protocol/errors.ts';
import { type Document, type Node, nodesOf, type Resolve } from './document.ts';
import type { Credential, OAuthService, SingleCredential } from './operation.ts';

/** @param scheme the name of the one to use; undefined: the one of most operations. @throws SeedError usage */
export function chooseCredential(
  { root, resolve }: Document,
  operations: readonly Node[],
  scheme: string | undefined,
): Credential {
  if (scheme !== undefined) {
    const credential = credentialOf(schemesIn(root, resolve)[scheme]);
    if (credential) return credential;
    throw new SeedError('usage', `the document has no security scheme "${scheme}" that a server can hold`, {
      hint: `It has: ${Object.keys(schemesIn(root, resolve)).join(', ') || 'none'}.`,
    });
  }
  const counts = new Map<string, { credential: Credential; operations: number }>();
  for (const operation of operations) {
    const ways = accepted(root, resolve, operation) ?? [];
    for (const [way, credential] of new Map(ways.map((one) => [wayOf(one), one]))) {
      const known = counts.get(way);
      counts.set(way, {
        // Where one of two schemes of bearer tokens says how they are got, that is kept.
        credential: known && 'oauth' in known.credential ? known.credential : credential,
        operations: (known?.operations ?? 0) + 1,
      });
    }
  }
  const [most] = [...counts.values()].sort((a, b) => b.operations - a.operations);
  return most?.credential ?? { kind: 'bearer' };
}

/** Why the operation cannot be called with the credential; null: it can. `public` ones are called without. */
export function credentialObstacle(
  { root, resolve }: Document,
  operation: Node,
  credential: Credential,
): string | null {
  const alternatives = accepted(root, resolve, operation);
  if (alternatives === null || alternatives.some((one) => wayOf(one) === wayOf(credential))) return null;
  const needed = nodesOf(operation['security'] ?? root['security']);
  const names = needed.map((each) => Object.keys(each as Node).join(' with '));
  return `it needs another credential: ${names.join(', or ')}`;
}

/** The same for credentials that are shown alike, however they are got. */
function wayOf(credential: Credential): string {
  if (credential.kind === 'several') return credential.of.map((each) => wayOf(each.credential)).join(', ');
  return 'name' in credential ? `${credential.kind} ${credential.name}` : credential.kind;
}

export function isPublic(operation: Node): boolean {
  return Array.isArray(operation['security']) && operation['security'].length === 0;
}

/** The single credentials that open the operation; null: the document asks for none. */
function accepted(root: Node, resolve: Resolve, operation: Node): Credential[] | null {
  const security = nodesOf(operation['security'] ?? root['security']).filter(isRecord);
  if (security.length === 0) return null;
  const schemes = schemesIn(root, resolve);
  const found = security.flatMap((each) => together(Object.keys(each), schemes) ?? []);
  const optional = security.some((each) => Object.keys(each).length === 0);
  return optional && found.length === 0 ? null : found;
}

/** Null: a server cannot hold one of them, or they would stand in one place. */
function together(names: readonly string[], schemes: Record<string, Node | null>): Credential | null {
  const all = names.toSorted().map((scheme) => ({ scheme, credential: credentialOf(schemes[scheme]) }));
  const [only] = all;
  if (all.length < 2) return only?.credential ?? null;
  const of = all.flatMap(({ scheme, credential }) => (credential === null ? [] : [{ scheme, credential }]));
  const places = of.map(({ credential }) => ('name' in credential ? wayOf(credential) : 'authorization'));
  return of.length === all.length && new Set(places).size === of.length ? { kind: 'several', of } : null;
}

function schemesIn(root: Node, resolve: Resolve): Record<string, Node | null> {
  const schemes = resolve(root['components'])?.['securitySchemes'];
  const entries = Object.entries(isRecord(schemes) ? schemes : {});
  return Object.fromEntries(entries.map(([name, each]) => [name, resolve(each)]));
}

function credentialOf(scheme: Node | null | undefined): SingleCredential | null {
  const { type, scheme: http, in: where, name } = (scheme ?? {}) as Record<string, string>;
  if (type === 'openIdConnect') return { kind: 'bearer' };
  if (type === 'oauth2') {
    const oauth = serviceOf(scheme?.['flows']);
    return { kind: 'bearer', ...(oauth && { oauth }) };
  }
  if (type === 'http' && /^(bearer|basic)$/i.test(http ?? ''))
    return { kind: http?.toLowerCase() === 'basic' ? 'basic' : 'bearer' };
  if (type !== 'apiKey' || !name) return null;
  return where === 'header' || where === 'query' || where === 'cookie' ? { kind: where, name } : null;
}

/** That of the flow for a server by itself, else of any that has one. */
function serviceOf(flows: unknown): OAuthService | null {
  if (!isRecord(flows)) return null;
  const all = [flows['clientCredentials'], flows['authorizationCode'], flows['password']].filter(isRecord);
  const flow = all.find(({ tokenUrl }) => typeof tokenUrl === 'string' && /^https?:/.test(tokenUrl));
  if (flow === undefined) return null;
  const { scopes } = flow;
  return { tokenUrl: String(flow['tokenUrl']), scopes: isRecord(scopes) ? Object.keys(scopes) : [] };
}
