// The runners heard of lately: what they say of themselves, what runs on them, and what that means for a task that
// is to run. Called by runners/routes.ts, `sandboxes list`, where a task is accepted or shown, and for metrics.
import { sql } from 'kysely';
import { storableJson, storableText } from '../../db/storable.ts';
import type { Store } from '../../db/store.ts';
import { createSharedRuns } from '../../lib/shared-runs.ts';
import { SeedError } from '../../protocol/errors.ts';
import type { Page } from '../../protocol/page.ts';
import { type RunnerState, type RunnerView, SEEN_WITHIN_MS } from '../../protocol/runner.ts';
import { countLeased, tasksOfRunners } from '../tasks/list.ts';

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

/** Keeps a runner live without a new state. One that is unknown has to say its state first. */
export async function touchRunner({ db, time }: RunnerStore, runnerId: string): Promise<void> {
  await db.updateTable('runners').set({ last_seen: time() }).where('id', '=', runnerId).execute();
}

/** One that has ended is not to be taken for live. */
export async function forgetRunner({ db }: RunnerStore, runnerId: string): Promise<void> {
  await db.deleteFrom('runners').where('id', '=', runnerId).execute();
}

/** The runners that are connected, by name. */
export async function liveRunners(store: RunnerStore): Promise<SeenRunner[]> {
  const rows = await store.db
    .selectFrom('runners')
    .select(['state', 'last_seen'])
    .where('last_seen', '>=', ago(store, SEEN_WITHIN_MS))
    .orderBy('name')
    .orderBy('id')
    .execute();
  return rows.map(({ state, last_seen }) => ({ ...state, lastSeen: last_seen }));
}

const ago = ({ time }: RunnerStore, ms: number) => sql<Date>`${time()} - ${ms} * interval '1 millisecond'`;

/** The connected runners, with the tasks that run on them. */
export async function listRunners(store: RunnerStore): Promise<Page<RunnerView>> {
  const runners = await liveRunners(store);
  const ids = runners.map(({ id }) => id);
  const tasksOf = await tasksOfRunners(store.db, ids);
  const items = runners.map(({ pool, snapshot, lastSeen, ...state }) => ({
    ...state,
    pool: pool ?? null,
    snapshot: snapshot ?? null,
    lastSeen: lastSeen.toISOString(),
    sandboxes: tasksOf(state.id),
  }));
  return { items, nextCursor: null };
}

/** What the runners that are connected mean for a task, looked up once for all who ask at the same time. */
export interface RunnerLook {
  /** Throws SeedError no_usable_driver when runners are connected and none of them can make a sandbox. */
  refuseWithoutDriver(): Promise<void>;
  /** Why a queued task waits, for a person; null when it is about to be taken. */
  queuedNote(): Promise<string | null>;
}

export function openRunnerLook(store: RunnerStore): RunnerLook {
  const lists = createSharedRuns<SeenRunner[]>();
  const counts = createSharedRuns<number>();
  const live = () => lists('live', () => liveRunners(store));
  const leased = () => counts('leased', () => countLeased(store.db));
  return {
    refuseWithoutDriver: async () => refuseAllUnusable(await live()),
    queuedNote: async () => noteFor(await live(), leased),
  };
}

function refuseAllUnusable(runners: readonly SeenRunner[]): void {
  if (runners.length === 0 || runners.some((runner) => runner.driver !== null)) return;
  const reasons = runners.flatMap((runner) =>
    runner.probes.map((probe) => `${probe.driver}: ${probe.why ?? 'not usable'}`),
  );
  throw new SeedError('no_usable_driver', `no runner can make a sandbox (${[...new Set(reasons)].join('; ')})`, {
    hint: 'Run "bin/seed doctor" on the runner\'s machine: it says what is missing and how to get it.',
  });
}

async function noteFor(runners: readonly SeenRunner[], leased: () => Promise<number>): Promise<string | null> {
  if (runners.length === 0) return 'No runner is connected; it starts as soon as one is ("npm start" brings one).';
  const slots = runners.reduce((sum, runner) => sum + runner.slots, 0);
  return (await leased()) < slots ? null : `Waits for one of ${slots} slots.`;
}
