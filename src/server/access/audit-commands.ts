// The audit log as its account may see it; calls that named no known key belong to the operator.
import { z } from 'zod';
import { defineCommand } from '../../command/define-command.ts';
import { AuditEntry, AuditFilter } from '../../protocol/audit.ts';
import { SeedError } from '../../protocol/errors.ts';
import { pageOf } from '../../protocol/page.ts';
import { findAudit } from './audit.ts';

const { limit, cursor, ...filters } = AuditFilter.shape;

export const listAudit = defineCommand({
  name: 'audit list',
  summary: 'List who did what, newest first: every call that changes something, and every refused one',
  http: 'GET /audit',
  scope: 'audit:read',
  effect: 'read',
  input: z.object({
    ...filters,
    unknownKeys: z
      .boolean()
      .default(false)
      .describe('Instead: calls that named no known key; for the operator of this Seed'),
    limit,
    cursor,
  }),
  output: pageOf(AuditEntry),
  columns: ['at', 'outcome', 'command', 'keyName', 'address', 'code', 'calls', 'target'],
  examples: [
    'seed audit list --since 24h',
    'seed audit list --outcome refused',
    'seed audit list --command "keys revoke"',
  ],
  run: ({ unknownKeys, ...filter }, { actor, store }) => {
    if (unknownKeys && !actor.operator)
      throw new SeedError('operator_only', 'calls without a known key are for the operator of this Seed');
    return findAudit(store.db, unknownKeys ? null : actor.accountId, filter, store.clock.now());
  },
});
