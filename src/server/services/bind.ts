// The services of a command's context, bound to the caller.
import type {
  AccountService,
  Actor,
  AuditService,
  KeyService,
  ModelService,
  ObsService,
  PackService,
  SandboxService,
  TaskService,
  TemplateService,
} from '../../commands/context.ts';
import type { WebhookService } from '../../commands/webhook-service.ts';
import type { HeldAnswer } from '../held-answer.ts';
import type { ServerParts } from '../parts.ts';
import { accountService } from './accounts.ts';
import { auditService } from './audit.ts';
import { keyService } from './keys.ts';
import { modelService } from './models.ts';
import { obsService } from './obs.ts';
import { packService } from './packs.ts';
import { sandboxService } from './sandboxes.ts';
import { taskService } from './tasks.ts';
import { templateService } from './templates.ts';
import { webhookService } from './webhooks.ts';

export interface Services {
  accounts: AccountService;
  audit: AuditService;
  keys: KeyService;
  models: ModelService;
  obs: ObsService;
  packs: PackService;
  tasks: TaskService;
  sandboxes: SandboxService;
  templates: TemplateService;
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
    models: modelService(parts, actor),
    obs: obsService(parts, actor),
    packs: packService(parts, actor),
    tasks: taskService(parts, actor, held, recordDone, traceParent),
    sandboxes: sandboxService(parts),
    templates: templateService(parts, actor),
    webhooks: webhookService(parts, actor, held),
  };
}
