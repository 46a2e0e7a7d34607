// What a command is given: who calls, and the services, bound to the caller. Called by the command routes.
import type { Call } from '../command/call.ts';
import type { CommandContext } from '../command/context.ts';
import { modelService } from './models/model-service.ts';
import { packService } from './packs/pack-service.ts';
import type { ServerParts } from './parts.ts';
import { obsService } from './telemetry/obs-service.ts';

/** A service is made when the command asks for it: nearly all ask for one. */
export class BoundContext implements CommandContext {
  readonly actor: Call['actor'];
  readonly store: Call['store'];
  readonly creationId: Call['creationId'];
  readonly waitMs: Call['waitMs'];
  readonly traceParent: Call['traceParent'];
  readonly gone: Call['gone'];
  readonly waiting: Call['waiting'];
  readonly recordDone: Call['recordDone'];
  readonly #parts: ServerParts;

  constructor(parts: ServerParts, call: Call) {
    this.actor = call.actor;
    this.store = call.store;
    this.creationId = call.creationId;
    this.waitMs = call.waitMs;
    this.traceParent = call.traceParent;
    this.gone = call.gone;
    this.waiting = call.waiting;
    this.recordDone = call.recordDone;
    this.#parts = { ...parts, store: call.store };
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
