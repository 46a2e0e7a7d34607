// What one call of a pack's command emits: gathered while it runs, written in its transaction when it has done its work.

import type { Store } from '../../db/store.ts';
import type { Tx } from '../../db/tables.ts';
import { SeedError } from '../../protocol/errors.ts';
import { createEventTypes } from '../../protocol/event-types.ts';
import type { Effect } from '../../protocol/manifest.ts';
import { emitEvent, type NewEvent } from '../webhooks/events.ts';
import type { LoadedPack } from './pack.ts';

interface EmittedEvents {
  /** @throws SeedError internal: of a command that only reads, or a type that the pack does not declare */
  emit(type: string, data: Record<string, unknown>): void;
  any(): boolean;
  write(tx: Tx): Promise<void>;
}

export function emittedEvents(
  { name, events = [] }: LoadedPack,
  effect: Effect,
  accountId: string,
  { clock }: Pick<Store, 'clock'>,
): EmittedEvents {
  const types = createEventTypes(events);
  const emitted: NewEvent[] = [];
  return {
    emit(type, data) {
      if (effect === 'read') {
        throw new SeedError('internal', `a command of the pack ${name} that only reads emits "${type}"`);
      }
      types.refuseUndeclared(type);
      emitted.push({ accountId, type, data });
    },
    any: () => emitted.length > 0,
    async write(tx) {
      for (const event of emitted) await emitEvent(tx, event, clock.now());
    },
  };
}
