// Wraps a route so that what came of the call gets into the audit log. Used by every route that takes a key.
import type { Context } from 'hono';
import { REFUSED_STATUSES } from '../../protocol/audit.ts';
import { SeedError } from '../../protocol/errors.ts';
import type { AuditedRoute, RecordDone } from '../http/gate.ts';
import type { HttpEnv } from '../http/http-types.ts';
import type { AuditTrail } from './audit-trail.ts';
import { taskOf } from './lineage.ts';

/**
 * Answers, and records every call that was refused, and every one of a write or destructive command: before the answer,
 * or as soon as `recordDone` says that only the answer is still to come.
 */
export async function audited(
  c: Context<HttpEnv>,
  audit: AuditTrail,
  route: AuditedRoute,
  answer: (recordDone: RecordDone) => Promise<Response>,
): Promise<Response> {
  let recorded = false;
  const record = async (status: number, code: string | null) => {
    if (route.effect === 'read' && !REFUSED_STATUSES.includes(status)) return;
    const presented = c.get('presented');
    await audit.record({
      accountId: presented?.accountId ?? null,
      keyId: presented?.key.id ?? null,
      taskId: presented ? taskOf(presented.lineage) : null,
      sessionId: c.get('session')?.id ?? null,
      address: c.get('address') ?? null,
      command: route.name,
      target: c.get('target') ?? null,
      status,
      code,
      requestId: c.get('requestId'),
    });
  };
  const recordDone: RecordDone = async (target, status) => {
    c.set('target', target);
    recorded = true;
    await record(status, null);
  };
  try {
    const response = await answer(recordDone);
    if (!recorded) await record(response.status, null);
    return response;
  } catch (error) {
    const known = error instanceof SeedError ? error : null;
    await record(known?.status ?? 500, known?.code ?? 'internal');
    throw error;
  }
}
