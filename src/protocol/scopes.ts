// What a set of scopes allows, and what a task gets of what was requested. Pure.

/** Whether one granted scope (`keys:read`, `keys:*` or `*`) covers a wanted one, which may itself be a pattern. */
function covers(granted: string, wanted: string): boolean {
  if (granted === '*' || granted === wanted) return true;
  return granted.endsWith(':*') && wanted.startsWith(granted.slice(0, -1));
}

/** Whether the granted scopes allow all of what `wanted` stands for. */
export function allows(granted: readonly string[], wanted: string): boolean {
  return granted.some((scope) => covers(scope, wanted));
}

/** The concrete scopes out of `known` that the patterns stand for, sorted. */
export function expand(patterns: readonly string[], known: readonly string[]): string[] {
  return known.filter((scope) => allows(patterns, scope)).sort();
}

/** Those of the requested scopes that mean nothing: no known scope is covered by them. */
export function unknownScopes(requested: readonly string[], known: readonly string[]): string[] {
  return requested.filter((pattern) => !known.some((scope) => covers(pattern, scope)));
}

export interface ScopeGrant {
  requested: string[] | null;
  /** requested ∩ caller's, as concrete scopes: a scope that is added to the platform later is not in it. */
  effective: string[];
  /** What was requested and not granted, as concrete scopes. */
  denied: string[];
}

/**
 * Intersects what was requested with what the caller has.
 * @param requested patterns, or null for all of the caller's
 * @param caller the caller's patterns
 * @param known every concrete scope of the platform
 */
export function grantScopes(
  requested: readonly string[] | null,
  caller: readonly string[],
  known: readonly string[],
): ScopeGrant {
  const callers = expand(caller, known);
  if (requested === null) return { requested: null, effective: callers, denied: [] };
  const wanted = expand(requested, known);
  return {
    requested: [...requested],
    effective: wanted.filter((scope) => callers.includes(scope)),
    denied: wanted.filter((scope) => !callers.includes(scope)),
  };
}
