// The runners that were heard of lately: the server tells from them why a task waits.
import { sql } from 'kysely';
import { storableJson, storableText } from '../../db/storable.ts';
import type { Store } from '../../db/store.ts';
import type { RunnerState } from '../../protocol/runner.ts';

const FORGET_AFTER_MS = 24 * 3600 * 1000;

export type SeenRunner = RunnerState & { lastSeen: Date };

type RunnerStore = Pick<Store, 'db' | 'time'>;

/** Records what a runner says about itself, as of now, and forgets runners that were silent for a day. */
export async function saveRunner(store: RunnerStore, state: RunnerState): Promise<void> {
  const seen = { name: storableText(state.name), state: storableJson(state), last_seen: store.time() };
  await store.db
    .insertInto('runners')
    .values({ id: state.id, ...seen })
    .onConflict((conflict) => conflict.column('id').doUpdateSet(seen))
    .execute();
  await store.db.deleteFrom('runners').where('last_seen', '<', ago(store, FORGET_AFTER_MS)).execute();
}

/** Keeps a runner live without a new state. False when it is unknown and has to say its state first. */
export async function touchRunner({ db, time }: RunnerStore, runnerId: string): Promise<boolean> {
  const result = await db
    .updateTable('runners')
    .set({ last_seen: time() })
    .where('id', '=', runnerId)
    .executeTakeFirst();
  return result.numUpdatedRows > 0n;
}

/** One that has ended is not to be taken for live. */
export async function forgetRunner({ db }: RunnerStore, runnerId: string): Promise<void> {
  await db.deleteFrom('runners').where('id', '=', runnerId).execute();
}

/** Runners heard of within the last `sinceMs` milliseconds, by name. */
export async function liveRunners(store: RunnerStore, sinceMs: number): Promise<SeenRunner[]> {
  const rows = await store.db
    .selectFrom('runners')
    .select(['state', 'last_seen'])
    .where('last_seen', '>=', ago(store, sinceMs))
    .orderBy('name')
    .orderBy('id')
    .execute();
  return rows.map(({ state, last_seen }) => ({ ...state, lastSeen: last_seen }));
}

const ago = ({ time }: RunnerStore, ms: number) => sql<Date>`${time()} - ${ms} * interval '1 millisecond'`;
