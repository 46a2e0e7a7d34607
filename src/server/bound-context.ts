// What a command is given: who calls, and the services, bound to the caller. Called by the command routes.
import type { Kysely } from 'kysely';
import type { Actor, CommandContext } from '../command/context.ts';
import { accountService } from './access/account-service.ts';
import { auditService } from './access/audit-service.ts';
import { keyService } from './access/key-service.ts';
import type { HeldAnswer } from './http/held-answer.ts';
import { modelService } from './models/model-service.ts';
import { packService } from './packs/pack-service.ts';
import type { ServerParts } from './parts.ts';
import { sandboxService } from './runners/sandbox-service.ts';
import { taskService } from './tasks/task-service.ts';
import { templateService } from './tasks/template-service.ts';
import { obsService } from './telemetry/obs-service.ts';
import { webhookService } from './webhooks/webhook-service.ts';

export interface CallInHand {
  actor: Actor;
  held: HeldAnswer;
  waitMs: number;
  /** Records in the audit log what was done to which id, where the answer is then held. */
  recordDone: (target: string) => Promise<void>;
  /** The request's header `traceparent`. */
  traceParent: string | undefined;
}

/** A service is made when the command asks for it: nearly all ask for one. */
export class BoundContext implements CommandContext {
  readonly actor: Actor;
  readonly waitMs: number;
  readonly creationId: string;
  readonly #parts: ServerParts;
  readonly #call: CallInHand;

  constructor(parts: ServerParts, call: CallInHand, creationId: string) {
    this.actor = call.actor;
    this.waitMs = call.waitMs;
    this.creationId = creationId;
    this.#parts = parts;
    this.#call = call;
  }

  get transaction() {
    const { db } = this.#parts.store;
    return db.isTransaction ? (db as unknown as Kysely<never>) : null;
  }

  get signal() {
    return this.#call.held.gone;
  }

  get accounts() {
    return accountService(this.#parts);
  }

  get audit() {
    return auditService(this.#parts, this.actor);
  }

  get keys() {
    return keyService(this.#parts, this.actor);
  }

  get models() {
    return modelService(this.#parts, this.actor);
  }

  get obs() {
    return obsService(this.#parts, this.actor);
  }

  get packs() {
    return packService(this.#parts, this.actor);
  }

  get tasks() {
    const { held, recordDone, traceParent } = this.#call;
    return taskService(this.#parts, this.actor, held, recordDone, traceParent);
  }

  get sandboxes() {
    return sandboxService(this.#parts);
  }

  get templates() {
    return templateService(this.#parts, this.actor);
  }

  get webhooks() {
    return webhookService(this.#parts, this.actor, this.#call.held);
  }
}
