// The runners heard of lately: what they say of themselves, what runs on them, and what that means for a task that
// is to run. Called by runners/routes.ts, `sandboxes list`, where a task is accepted or shown, and for metrics.
import { sql } from 'kysely';
import { storableJson, storableText } from '../../db/storable.ts';
import type { Store } from '../../db/store.ts';
import { SEED_COMMAND } from '../../lib/own-files.ts';
import { createSharedRuns } from '../../lib/shared-runs.ts';
import { SeedError } from '../../protocol/errors.ts';
import type { Page } from '../../protocol/page.ts';
import { type RunnerState, type RunnerView, SEEN_WITHIN_MS } from '../../protocol/runner.ts';
import { countLeased, tasksOfRunners } from '../tasks/list.ts';

const FORGET_AFTER_MS = 24 * 3600 * 1000;

export type SeenRunner = RunnerState & { lastSeen: Date };

type RunnerStore = Pick<Store, 'db' | 'time'>;

/** With a lease it asks for, a runner says what it is; nothing new is written so often and no oftener. */
const SAVE_AGAIN_MS = 1_000;
const FORGET_EVERY_MS = 60_000;

/** What runners have said to this server of themselves, written down for all. */
export class RunnerRegister {
  readonly #store: RunnerStore;
  /** What was written last of each, but its free slots and its pool, and when. */
  readonly #written = new Map<string, { said: string; atMs: number }>();
  #forgotMs = Number.NEGATIVE_INFINITY;

  constructor(store: RunnerStore) {
    this.#store = store;
  }

  /** As of now. */
  async save(state: RunnerState): Promise<void> {
    this.#written.set(state.id, { said: lasting(state), atMs: performance.now() });
    await saveRunner(this.#store, state);
    await this.#forgetSilent();
  }

  /** The same, unless it was written a moment ago: free slots change with every task, and heartbeats tell them. */
  async note(state: RunnerState): Promise<void> {
    const written = this.#written.get(state.id);
    const isRecent = written !== undefined && performance.now() < written.atMs + SAVE_AGAIN_MS;
    if (!isRecent || written.said !== lasting(state)) await this.save(state);
  }

  async forget(runnerId: string): Promise<void> {
    this.#written.delete(runnerId);
    await forgetRunner(this.#store, runnerId);
  }

  /** Those that were silent for a day. */
  async #forgetSilent(): Promise<void> {
    const nowMs = performance.now();
    if (nowMs < this.#forgotMs + FORGET_EVERY_MS) return;
    this.#forgotMs = nowMs;
    for (const [id, { atMs }] of this.#written) if (atMs < nowMs - FORGET_EVERY_MS) this.#written.delete(id);
    const { db } = this.#store;
    await db.deleteFrom('runners').where('last_seen', '<', ago(this.#store, FORGET_AFTER_MS)).execute();
  }
}

function lasting({ freeSlots, pool, ...state }: RunnerState): string {
  return JSON.stringify({ ...state, isFree: freeSlots > 0, hasPool: pool !== null });
}

async function saveRunner(store: RunnerStore, state: RunnerState): Promise<void> {
  const seen = { name: storableText(state.name), state: storableJson(state), last_seen: store.time() };
  await store.db
    .insertInto('runners')
    .values({ id: state.id, ...seen })
    .onConflict((conflict) => conflict.column('id').doUpdateSet(seen))
    .execute();
}

/** Keeps a runner live without a new state. One that is unknown has to say its state first. */
export async function touchRunner({ db, time }: RunnerStore, runnerId: string): Promise<void> {
  await db.updateTable('runners').set({ last_seen: time() }).where('id', '=', runnerId).execute();
}

/** One that has ended is not to be taken for live. */
async function forgetRunner({ db }: RunnerStore, runnerId: string): Promise<void> {
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
  const items = runners.map(({ version, pool, snapshot, lastSeen, ...state }) => ({
    ...state,
    version: version ?? null,
    pool: pool ?? null,
    snapshot: snapshot ?? null,
    lastSeen: lastSeen.toISOString(),
    sandboxes: tasksOf(state.id),
  }));
  return { items, nextCursor: null };
}

/** What the runners that are connected mean for a task, looked up once for all who ask at the same time. */
export interface RunnerLook {
  /**
   * @param lifeMs how long a sandbox may have to live; null: not more than any can
   * @throws SeedError no_usable_driver when runners are connected and none of them can make a sandbox;
   * invalid_input when none can make one that lives so long
   */
  refuseWithoutDriver(lifeMs: number | null): Promise<void>;
  /** Why a queued task waits, for a person; null when it is about to be taken. */
  queuedNote(): Promise<string | null>;
}

/** @param doorSlots how many sandboxes there are at a time without runners; null: runners make all */
export function openRunnerLook(store: RunnerStore, doorSlots: number | null): RunnerLook {
  const lists = createSharedRuns<SeenRunner[]>();
  const counts = createSharedRuns<number>();
  const live = () => lists('live', () => liveRunners(store));
  const leased = () => counts('leased', () => countLeased(store.db));
  return {
    async refuseWithoutDriver(lifeMs) {
      const runners = await live();
      refuseAllUnusable(runners);
      if (lifeMs !== null) refuseTooLong(runners, lifeMs);
    },
    // Side by side: the answer to each post waits for both.
    queuedNote: async () => noteFor(...(await Promise.all([live(), leased()])), doorSlots),
  };
}

function refuseAllUnusable(runners: readonly SeenRunner[]): void {
  if (runners.length === 0 || runners.some((runner) => runner.driver !== null)) return;
  const reasons = runners.flatMap((runner) =>
    runner.probes.map((probe) => `${probe.driver}: ${probe.why ?? 'not usable'}`),
  );
  throw new SeedError('no_usable_driver', `no runner can make a sandbox (${[...new Set(reasons)].join('; ')})`, {
    hint: `Run "${SEED_COMMAND} doctor" on the runner's machine: it says what is missing and how to get it.`,
  });
}

function refuseTooLong(runners: readonly SeenRunner[], lifeMs: number): void {
  const able = runners.filter(({ driver }) => driver !== null);
  const longest = Math.max(...able.map(({ longestLifeMs }) => longestLifeMs ?? Number.POSITIVE_INFINITY));
  if (able.length === 0 || lifeMs <= longest) return;
  throw new SeedError(
    'invalid_input',
    `timeout and approval.wait are ${lifeMs} ms together, and no sandbox here can live longer than ${longest} ms`,
    { hint: 'Give the task a shorter approval.wait, or a shorter timeout.' },
  );
}

function noteFor(runners: readonly SeenRunner[], leased: number, doorSlots: number | null): string | null {
  if (runners.length === 0 && doorSlots === null)
    return 'No runner is connected; it starts as soon as one is ("npm start" brings one).';
  const slots = runners.reduce((sum, runner) => sum + runner.slots, doorSlots ?? 0);
  return leased < slots ? null : `Waits for one of ${slots} slots.`;
}
