// What a scope looks like. What a set of scopes allows is decided in protocol/scopes.ts.
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
