// What a scope looks like, what a set of scopes allows, and what a task gets of those that were requested. Pure.
import { z } from 'zod';
import { LIMITS } from './limits.ts';

/** `resource:action`, `resource:*` or `*`. */
const SCOPE_PATTERN = /^(?:\*|[a-z][a-z0-9-]*:(?:\*|[a-z][a-z0-9-]*))$/;

export const Scope = z
  .string()
  .max(100)
  .regex(SCOPE_PATTERN, 'a scope is written resource:action, resource:* or *, such as keys:read')
  .meta({ id: 'Scope', description: 'resource:action, resource:* or *', examples: ['keys:read'] });
export type Scope = z.infer<typeof Scope>;

export const Scopes = z.array(Scope).max(LIMITS.scopesPerRequest);

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

/** Deciding is for people, and so is what is forgotten: no task ever has it, whatever its caller has. */
const NOT_FOR_TASKS = ['approvals:write', 'tasks:delete', 'retention:write', 'holds:write'];

/**
 * Intersects what was requested (null: all of the caller's) with what the caller has.
 * @param known every concrete scope of the platform
 */
export function grantScopes(
  requested: readonly string[] | null,
  caller: readonly string[],
  known: readonly string[],
): ScopeGrant {
  const callers = expand(caller, known).filter((scope) => !NOT_FOR_TASKS.includes(scope));
  if (requested === null) return { requested: null, effective: callers, denied: [] };
  const wanted = expand(requested, known);
  return {
    requested: [...requested],
    effective: wanted.filter((scope) => callers.includes(scope)),
    denied: wanted.filter((scope) => !callers.includes(scope)),
  };
}
