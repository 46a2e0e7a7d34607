// Gauges of what the database knows: tasks that have not ended, and what the runners say of themselves. Read when
// a scrape asks, but not more often than every few seconds, however many scrape.
import { setTimeout as sleep } from 'node:timers/promises';
import { UNFINISHED } from '../../protocol/statuses.ts';
import type { Instruments } from './instruments.ts';

/** What the gauges show: tasks that have not ended, by status, and the runners heard of lately. */
export interface DatabaseState {
  tasks: readonly { status: string; count: number; oldestSeconds: number }[];
  runners: readonly GaugedRunner[];
}

interface GaugedRunner {
  driver: string | null;
  slots: number;
  freeSlots: number;
  pool?: { size: number; ready: number; memoryBytes: number } | null | undefined;
}

const READ_EVERY_MS = 5_000;
/** After which a scrape goes on without: Prometheus gives one up after ten seconds. */
const PATIENCE_MS = 2_000;

export class DatabaseGauges {
  readonly #instruments: Instruments;
  #readAt = Number.NEGATIVE_INFINITY;
  #reading: Promise<void> | null = null;

  constructor(instruments: Instruments) {
    this.#instruments = instruments;
  }

  /** Does not reject: what cannot be read is left out, and `seed_database_up` says so. */
  async refresh(read: () => Promise<DatabaseState>): Promise<void> {
    if (performance.now() - this.#readAt < READ_EVERY_MS) return;
    // A query that hangs stays the only one.
    this.#reading ??= this.#read(read).finally(() => {
      this.#reading = null;
    });
    const patience = new AbortController();
    const late = sleep(PATIENCE_MS, 'late', { signal: patience.signal }).catch(() => 'in time');
    try {
      if ((await Promise.race([this.#reading, late])) === 'late') this.#forget();
    } catch {
      this.#forget();
    } finally {
      patience.abort();
    }
  }

  async #read(read: () => Promise<DatabaseState>): Promise<void> {
    const { tasks, runners } = await read();
    this.#forget();
    this.#readAt = performance.now();
    this.#instruments.databaseUp.set(1);
    this.#setTasks(tasks);
    for (const runner of runners) this.#add(runner);
  }

  #forget(): void {
    const { databaseUp, oldestSeconds, tasks, runners, slots, slotsFree, ...pools } = this.#instruments;
    for (const gauge of [tasks, runners, slots, slotsFree, pools.poolSize, pools.poolReady, pools.poolBytes])
      gauge.reset();
    oldestSeconds.remove();
    databaseUp.set(0);
  }

  #setTasks(found: DatabaseState['tasks']): void {
    const { tasks, oldestSeconds } = this.#instruments;
    const of = (status: string) => found.find((row) => row.status === status);
    for (const status of UNFINISHED) tasks.set({ status }, of(status)?.count ?? 0);
    oldestSeconds.set(of('queued')?.oldestSeconds ?? 0);
  }

  #add({ slots, freeSlots, pool, ...runner }: GaugedRunner): void {
    const instruments = this.#instruments;
    const driver = runner.driver ?? 'none';
    instruments.runners.inc({ driver });
    instruments.slots.inc({ driver }, slots);
    instruments.slotsFree.inc({ driver }, freeSlots);
    instruments.poolSize.inc({ driver }, pool?.size ?? 0);
    instruments.poolReady.inc({ driver }, pool?.ready ?? 0);
    instruments.poolBytes.inc({ driver }, pool?.memoryBytes ?? 0);
  }
}
