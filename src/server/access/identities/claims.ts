// What the claims of a token say: which account, which values, which name, and the scopes that these are worth.
// Pure; called by verify.ts and identities.ts.
import { isRecord } from '../../../lib/json.ts';
import { allows } from '../../../protocol/scope.ts';

export type Claims = Readonly<Record<string, unknown>>;

/**
 * The claim of this name, which may be one with dots, such as `https://example.com/roles`, or a path through
 * objects, such as `realm_access.roles`; the longest name that is there goes first. Undefined: there is none.
 */
export function claimAt(claims: unknown, path: string): unknown {
  if (!isRecord(claims)) return undefined;
  if (Object.hasOwn(claims, path)) return claims[path];
  for (let dot = path.lastIndexOf('.'); dot > 0; dot = path.lastIndexOf('.', dot - 1)) {
    const name = path.slice(0, dot);
    const inner = Object.hasOwn(claims, name) ? claimAt(claims[name], path.slice(dot + 1)) : undefined;
    if (inner !== undefined) return inner;
  }
  return undefined;
}

/**
 * The values of a claim as issuers write it: a list, a text with spaces, which is also a value as a whole, or an
 * object whose names are the values, but for those that are false or null.
 */
export function valuesOf(claim: unknown): string[] {
  if (typeof claim === 'string') return [claim, ...claim.split(' ').filter((word) => word !== '')];
  if (Array.isArray(claim)) return claim.filter((item) => typeof item === 'string');
  if (!isRecord(claim)) return [];
  return Object.entries(claim).flatMap(([name, value]) => (value === false || value === null ? [] : [name]));
}

/** The one account that a claim names, by its id or name: a text, or the only one of a list or an object. */
export function accountOf(claim: unknown): string | null {
  const named = typeof claim === 'string' ? [claim] : valuesOf(claim);
  const [account = ''] = named.length === 1 ? named : [];
  const text = account.normalize('NFC').trim();
  return text === '' ? null : text;
}

/** What people know somebody by, and tells them apart best: their address, if that is proven, or their name. */
export function nameOf(claims: Claims, most: number): string {
  const email = claims['email_verified'] === false ? undefined : claims['email'];
  const { preferred_username: username, name, sub } = claims as Record<string, unknown>;
  const text = [email, username, name, sub].find((each) => typeof each === 'string' && shown(each) !== '');
  return Array.from(shown(String(text)))
    .slice(0, most)
    .join('')
    .trim();
}

/** Without what would not be seen. */
const shown = (text: string) =>
  text
    .normalize('NFC')
    .replace(/[\p{C}\p{Z}]+/gu, ' ')
    .trim();

/** What is given only where the map names it word for word, never by a `*`. */
const BY_NAME_ONLY = ['approvals:write', 'keys:write'];

/**
 * The scopes that the values are worth by the map, one by one: a scope that is added to the platform later is
 * found when the next token comes.
 * @param known every scope of the platform that the account could have
 * @param operators those of commands that are the operator's alone, which have to be named as well
 */
export function scopesOf(
  values: readonly string[],
  map: ReadonlyMap<string, readonly string[]>,
  { known, operators }: { known: readonly string[]; operators: readonly string[] },
): string[] {
  const given = values.flatMap((value) => map.get(value) ?? []);
  const isNamed = (scope: string) => BY_NAME_ONLY.includes(scope) || operators.includes(scope);
  return known.filter((scope) => (isNamed(scope) ? given.includes(scope) : allows(given, scope)));
}
