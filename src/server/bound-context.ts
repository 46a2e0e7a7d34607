// What a command is given: who calls, and the services, bound to the caller. Called by the command routes.
import type { Actor, Call } from '../command/call.ts';
import type { CommandContext } from '../command/context.ts';
import type { Store } from '../db/store.ts';
import { accountService } from './access/account-service.ts';
import { auditService } from './access/audit-service.ts';
import { keyService } from './access/issue-keys.ts';
import type { HeldAnswer } from './http/held-answer.ts';
import { modelService } from './models/model-service.ts';
import { packService } from './packs/pack-service.ts';
import type { ServerParts } from './parts.ts';
import { obsService } from './telemetry/obs-service.ts';

/** What is the same for every attempt of a call. */
export interface CallInHand extends Pick<Call, 'actor' | 'waitMs' | 'traceParent' | 'recordDone'> {
  held: HeldAnswer;
}

/** A service is made when the command asks for it: nearly all ask for one. */
export class BoundContext implements CommandContext {
  readonly actor: Actor;
  readonly store: Store;
  readonly creationId: string;
  readonly waitMs: number;
  readonly traceParent: string | undefined;
  readonly recordDone: Call['recordDone'];
  readonly #parts: ServerParts;
  readonly #held: HeldAnswer;

  constructor(parts: ServerParts, call: CallInHand, store: Store, creationId: string) {
    this.actor = call.actor;
    this.store = store;
    this.creationId = creationId;
    this.waitMs = call.waitMs;
    this.traceParent = call.traceParent;
    this.recordDone = call.recordDone;
    this.#parts = { ...parts, store };
    this.#held = call.held;
  }

  get gone() {
    return this.#held.gone;
  }

  get waiting() {
    return this.#held.signal;
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
}
