// The audit log as its account may see it; calls that named no known key belong to the operator.
import type { Actor } from '../../command/call.ts';
import type { AuditService } from '../../command/context.ts';
import { SeedError } from '../../protocol/errors.ts';
import { pastTime } from '../../protocol/time.ts';
import type { ServerParts } from '../parts.ts';
import { listAudit } from './audit.ts';

export function auditService({ store }: ServerParts, actor: Actor): AuditService {
  return {
    list: async ({ since, until, unknownKeys, ...filter }) => {
      if (unknownKeys && !actor.operator) {
        throw new SeedError('operator_only', 'calls without a known key are for the operator of this Seed');
      }
      const now = store.clock.now();
      return listAudit(store.db, unknownKeys ? null : actor.accountId, {
        ...filter,
        since: since === undefined ? undefined : pastTime(since, now),
        until: until === undefined ? undefined : pastTime(until, now),
      });
    },
  };
}
