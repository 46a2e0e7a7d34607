// The services of a command's context, bound to the caller.
import type {
  AccountService,
  Actor,
  AuditService,
  KeyService,
  ObsService,
  PackService,
  SandboxService,
  TaskService,
} from '../../commands/context.ts';
import type { WebhookService } from '../../commands/webhook-service.ts';
import type { HeldAnswer } from '../held-answer.ts';
import type { ServerParts } from '../parts.ts';
import { accountService } from './accounts.ts';
import { auditService } from './audit.ts';
import { keyService } from './keys.ts';
import { obsService } from './obs.ts';
import { packService } from './packs.ts';
import { sandboxService } from './sandboxes.ts';
import { taskService } from './tasks.ts';
import { webhookService } from './webhooks.ts';

export interface Services {
  accounts: AccountService;
  audit: AuditService;
  keys: KeyService;
  obs: ObsService;
  packs: PackService;
  tasks: TaskService;
  sandboxes: SandboxService;
  webhooks: WebhookService;
}

/**
 * @param recordDone records in the audit log what was done to which id, where the answer is then held
 * @param traceParent the request's header `traceparent`
 */
export function bindServices(
  parts: ServerParts,
  actor: Actor,
  held: HeldAnswer,
  recordDone: (target: string) => Promise<void>,
  traceParent: string | undefined,
): Services {
  return {
    accounts: accountService(parts),
    audit: auditService(parts, actor),
    keys: keyService(parts, actor),
    obs: obsService(parts, actor),
    packs: packService(parts, actor),
    tasks: taskService(parts, actor, held, recordDone, traceParent),
    sandboxes: sandboxService(parts),
    webhooks: webhookService(parts, actor, held),
  };
}
