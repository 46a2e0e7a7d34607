// What a guest has sent in all, counted in its start's row: its requests come to any server.
import { sql } from 'kysely';
import type { Store } from '../../db/store.ts';
import { LIMITS } from '../../protocol/limits.ts';
import {
  artifactsTooLarge,
  type GuestCharges,
  MOST,
  sizeOfEvents,
  tooManyEvents,
  tooManyWorkspaces,
} from '../../relay/limits.ts';

export function doorCharges({ db }: Pick<Store, 'db'>, taskId: string): GuestCharges {
  /** Adds as much as fits. @returns whether all fits */
  async function add(
    column: 'events' | 'event_bytes' | 'artifact_bytes' | 'workspaces',
    amount: number,
    most: number,
  ) {
    const name = sql.ref(column);
    const { numAffectedRows = 0n } = await sql`
      update door_starts set ${name} = ${name} + ${amount}
      where task_id = ${taskId} and ${name} + ${amount} <= ${most}`.execute(db);
    return numAffectedRows > 0n;
  }

  return {
    async chargeEvents(ndjson) {
      const { count, bytes } = sizeOfEvents(ndjson);
      if (!(await add('events', count, MOST.events)) || !(await add('event_bytes', bytes, MOST.eventBytes)))
        throw tooManyEvents();
    },
    async chargeWorkspace() {
      if (!(await add('workspaces', 1, MOST.workspaces))) throw tooManyWorkspaces();
    },
    async chargeArtifact(bytes) {
      if (bytes > LIMITS.artifactBytes || !(await add('artifact_bytes', bytes, MOST.artifactBytes)))
        throw artifactsTooLarge(bytes);
      return async () => void (await add('artifact_bytes', -bytes, MOST.artifactBytes));
    },
  };
}
