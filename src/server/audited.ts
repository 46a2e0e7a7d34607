// Wraps a route so that what came of the call gets into the audit log. Used by every route that takes a key.
import type { Context } from 'hono';
import { taskOf } from '../core/key-lineage.ts';
import { REFUSED_STATUSES } from '../protocol/audit.ts';
import { SeedError } from '../protocol/errors.ts';
import type { Effect } from '../protocol/manifest.ts';
import type { AuditTrail } from './audit-trail.ts';
import type { HttpEnv } from './http-types.ts';

/** What the call is, as far as its route tells. */
export interface AuditedRoute {
  /** Null: the path is no command's. */
  name: string | null;
  effect: Effect;
}

/** Answers, and records every call that was refused, and every one of a write or destructive command. */
export async function audited(
  c: Context<HttpEnv>,
  audit: AuditTrail,
  route: AuditedRoute,
  answer: () => Promise<Response>,
): Promise<Response> {
  let outcome: { status: number; code: string | null } = { status: 500, code: 'internal' };
  try {
    const response = await answer();
    outcome = { status: response.status, code: null };
    return response;
  } catch (error) {
    if (error instanceof SeedError) outcome = { status: error.status, code: error.code };
    throw error;
  } finally {
    if (route.effect !== 'read' || REFUSED_STATUSES.includes(outcome.status)) {
      const presented = c.get('presented');
      await audit.record({
        accountId: presented?.accountId ?? null,
        keyId: presented?.key.id ?? null,
        taskId: presented ? taskOf(presented.lineage) : null,
        address: c.get('address') ?? null,
        command: route.name,
        target: c.get('target') ?? null,
        requestId: c.get('requestId'),
        ...outcome,
      });
    }
  }
}
