// The runners that were heard of lately: the server tells from them why a task waits.
import type { RunnerState } from '../protocol/runner.ts';
import { storableJson, storableText } from './storable.ts';
import type { Db } from './tables.ts';

const FORGET_AFTER_MS = 24 * 3600 * 1000;

export type SeenRunner = RunnerState & { lastSeen: Date };

/** Records what a runner says about itself, as of now, and forgets runners that were silent for a day. */
export async function saveRunner(db: Db, state: RunnerState, now: Date = new Date()): Promise<void> {
  const seen = { name: storableText(state.name), state: storableJson(state), last_seen: now };
  await db
    .insertInto('runners')
    .values({ id: state.id, ...seen })
    .onConflict((conflict) => conflict.column('id').doUpdateSet(seen))
    .execute();
  await db
    .deleteFrom('runners')
    .where('last_seen', '<', new Date(now.getTime() - FORGET_AFTER_MS))
    .execute();
}

/** Keeps a runner live without a new state. False when it is unknown and has to say its state first. */
export async function touchRunner(db: Db, runnerId: string, now: Date = new Date()): Promise<boolean> {
  const result = await db
    .updateTable('runners')
    .set({ last_seen: now })
    .where('id', '=', runnerId)
    .executeTakeFirst();
  return result.numUpdatedRows > 0n;
}

/** Runners heard of within the last `sinceMs` milliseconds, by name. */
export async function liveRunners(db: Db, sinceMs: number, now: Date = new Date()): Promise<SeenRunner[]> {
  const rows = await db
    .selectFrom('runners')
    .select(['state', 'last_seen'])
    .where('last_seen', '>=', new Date(now.getTime() - sinceMs))
    .orderBy('name')
    .orderBy('id')
    .execute();
  return rows.map(({ state, last_seen }) => ({ ...state, lastSeen: last_seen }));
}
