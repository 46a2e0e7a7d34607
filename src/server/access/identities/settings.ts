// The settings of the platform's own login (OpenID Connect): whose tokens are taken, and what they are worth here.
// docs/identities.md describes each.
import { env } from '../../../lib/env.ts';
import { isRecord, parseJson, repeatedName } from '../../../lib/json.ts';
import { integerSetting, listSetting } from '../../../lib/settings.ts';
import { SeedError } from '../../../protocol/errors.ts';
import { Scope, unknownScopes } from '../../../protocol/scope.ts';

export interface OidcSettings {
  /** As it is set: whether it ends in a slash is as the issuer itself says. */
  issuer: string;
  /** A token has to be for one of them. */
  audiences: readonly string[];
  accountClaim: string;
  scopesClaim: string;
  /** What a value of that claim is worth. */
  scopes: ReadonlyMap<string, readonly string[]>;
  /** How far the issuer's clock and this one may be apart. */
  skewSeconds: number;
  /** As what the dashboard signs people in; null: it does not. */
  client: { id: string; secret: string | null } | null;
}

const SKEW_SECONDS = { preset: 30, most: 300 };
const OTHERS = ['AUDIENCE', 'ACCOUNT_CLAIM', 'SCOPES_CLAIM', 'SCOPES', 'CLIENT_ID', 'CLIENT_SECRET'];

/** @returns null: there are keys alone. @throws SeedError invalid_settings */
export function oidcSettings(): OidcSettings | null {
  const issuer = env('SEED_OIDC_ISSUER');
  if (issuer === undefined) {
    const stray = OTHERS.find((name) => env(`SEED_OIDC_${name}`) !== undefined);
    if (stray === undefined) return null;
    throw wrong(`SEED_OIDC_${stray} is set, and SEED_OIDC_ISSUER is not`, 'Set both, or neither.');
  }
  const audiences = listSetting('SEED_OIDC_AUDIENCE') ?? [];
  if (audiences.length === 0) {
    const hint = 'It is what the issuer writes into "aud" of the tokens for this Seed; several with commas.';
    throw wrong('SEED_OIDC_AUDIENCE is not set: without it a token for any other service would be taken', hint);
  }
  const id = env('SEED_OIDC_CLIENT_ID');
  const secret = env('SEED_OIDC_CLIENT_SECRET') ?? null;
  if (id === undefined && secret !== null)
    throw wrong('SEED_OIDC_CLIENT_SECRET is set, and SEED_OIDC_CLIENT_ID is not', 'Set both, or neither.');
  return {
    issuer: issuerSetting(issuer),
    audiences,
    accountClaim: accountClaim(),
    scopesClaim: env('SEED_OIDC_SCOPES_CLAIM') ?? 'scope',
    scopes: scopesSetting(env('SEED_OIDC_SCOPES')),
    skewSeconds: integerSetting('SEED_OIDC_CLOCK_SKEW_SECONDS', SKEW_SECONDS.preset, 0, SKEW_SECONDS.most),
    client: id === undefined ? null : { id, secret },
  };
}

/** What is to be said of a map that gives scopes which no command has. @param known every scope of the platform */
export function mapNotices({ scopes }: OidcSettings, known: readonly string[]): string[] {
  const unknown = unknownScopes([...new Set([...scopes.values()].flat())], known);
  if (unknown.length === 0) return [];
  return [`SEED_OIDC_SCOPES gives scopes that no command has, and that are worth nothing: ${unknown.join(', ')}.`];
}

function accountClaim(): string {
  const claim = env('SEED_OIDC_ACCOUNT_CLAIM');
  if (claim !== undefined) return claim;
  const hint = 'It is the claim whose value is the id or the name of an account of this Seed.';
  throw wrong('SEED_OIDC_ACCOUNT_CLAIM is not set: nobody would have an account', hint);
}

/** Over TLS, where it is not on this machine: whoever is asked for the keys decides who is let in. */
function issuerSetting(text: string): string {
  const url = URL.parse(text);
  const hint = 'Write it as the issuer has it in its tokens: https://login.example.com/realms/platform.';
  if (!url || !['http:', 'https:'].includes(url.protocol) || url.search !== '' || url.hash !== '')
    throw wrong('SEED_OIDC_ISSUER is not the address of an issuer', hint);
  if (url.username !== '' || url.password !== '') throw wrong('SEED_OIDC_ISSUER holds a name or password', hint);
  if (url.protocol === 'http:' && !isOfThisMachine(url.hostname))
    throw wrong('SEED_OIDC_ISSUER is not an https address: its keys could be exchanged on the way', hint);
  return text;
}

function isOfThisMachine(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || /^127(\.\d+){3}$/.test(host);
}

/** `{"claim value": ["scope", …]}`, or the scopes as one text with spaces. */
function scopesSetting(text: string | undefined): OidcSettings['scopes'] {
  if (text === undefined) return new Map();
  const hint = 'Write {"platform-admin": ["*", "approvals:write"], "analyst": ["tasks:*", "keys:read"]}.';
  const map = parseJson(text);
  if (!isRecord(map)) throw wrong('SEED_OIDC_SCOPES is not an object of claim values and their scopes', hint);
  const twice = repeatedName(text);
  if (twice !== null) throw wrong(`SEED_OIDC_SCOPES has "${twice}" twice`, hint);
  return new Map(
    Object.entries(map).map(([value, scopes]) => {
      const list: unknown[] = typeof scopes === 'string' ? scopes.split(/\s+/).filter(Boolean) : [scopes].flat();
      const bad = list.find((scope) => !Scope.safeParse(scope).success);
      if (bad !== undefined)
        throw wrong(`SEED_OIDC_SCOPES: ${JSON.stringify(bad)} of "${value}" is no scope`, hint);
      return [value, list as string[]];
    }),
  );
}

function wrong(message: string, hint: string): SeedError {
  return new SeedError('invalid_settings', message, { hint });
}
