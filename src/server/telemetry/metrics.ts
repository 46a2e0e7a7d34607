// Metrics: counts what is observed, and answers the scrape. Opened only with SEED_METRICS_TOKEN.
import { setTimeout as sleep } from 'node:timers/promises';
import { collectDefaultMetrics, Registry } from 'prom-client';
import type { TaskChange } from '../../db/task-changes.ts';
import { UNFINISHED } from '../../protocol/statuses.ts';
import type { ModelCall } from '../spending/call-usage.ts';
import { createInstruments, type Instruments } from './instruments.ts';
import { type CommandCall, LOST_RECORDS, type Observe, type TelemetryParts } from './observation.ts';

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

export interface Metrics {
  token: string;
  instruments: Pick<Instruments, 'requests' | 'requestSeconds' | 'requestsOpen' | 'errors'>;
  observe: Observe;
  contentType: string;
  /** Everything in Prometheus' text format. Does not reject, also when the database does not answer. */
  scrape(read: () => Promise<DatabaseState>): Promise<string>;
}

/** Stands for every model that is not configured: callers choose names freely. */
const OTHER_MODEL = 'other';
/** Gauges of prom-client that are named like counters; each is there by type as well, under a better name. */
const MISNAMED = ['nodejs_active_handles_total', 'nodejs_active_requests_total', 'nodejs_active_resources_total'];

export function openMetrics(
  token: string,
  { version, models, ailingModels }: Pick<TelemetryParts, 'version' | 'models' | 'ailingModels'>,
): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  for (const name of MISNAMED) registry.removeSingleMetric(name);
  const instruments = createInstruments(registry);
  instruments.buildInfo.set({ version }, 1);
  // There from the start, so that an alert sees the first one.
  for (const record of LOST_RECORDS) instruments.recordsLost.inc({ record }, 0);
  const gauges = new DatabaseGauges(instruments);
  const labelOf = (model: string) => (new Set(models()).has(model) ? model : OTHER_MODEL);
  return {
    token,
    instruments,
    contentType: registry.contentType,
    observe: (observation) => {
      if (observation.type === 'task') countTask(instruments, observation.change);
      else if (observation.type === 'command') countCommand(instruments, observation.call);
      else if (observation.type === 'model_call')
        countModelCall(instruments, labelOf(observation.call.askedModel), observation.call);
      else instruments.recordsLost.inc({ record: observation.record }, observation.count);
    },
    async scrape(read) {
      instruments.modelAiling.reset();
      for (const model of ailingModels()) instruments.modelAiling.set({ model: labelOf(model) }, 1);
      await gauges.refresh(read);
      return registry.metrics();
    },
  };
}

function countTask(instruments: Instruments, { moment, task }: TaskChange): void {
  const { tasksAccepted, tasksEnded, queueSeconds, startSeconds, runSeconds } = instruments;
  if (moment === 'accepted') tasksAccepted.inc();
  if (moment === 'leased') observeSpan(queueSeconds, task.created_at, task.started_at);
  if (moment === 'working') observeSpan(startSeconds, task.started_at, task.working_at);
  if (moment !== 'ended') return;
  tasksEnded.inc({ status: task.status, code: task.error?.code ?? 'none' });
  observeSpan(runSeconds, task.working_at, task.completed_at);
}

function observeSpan(histogram: Instruments['runSeconds'], start: Date | null, end: Date | null): void {
  if (start && end) histogram.observe(Math.max(0, end.getTime() - start.getTime()) / 1_000);
}

function countCommand({ commands, commandSeconds }: Instruments, call: CommandCall): void {
  const { name: command, effect, status, durationMs } = call;
  commands.inc({ command, effect, status });
  commandSeconds.observe({ command }, durationMs / 1_000);
}

function countModelCall(instruments: Instruments, model: string, call: ModelCall): void {
  const { modelCalls, modelSeconds, modelTokens, modelUsd } = instruments;
  modelCalls.inc({ model, outcome: call.outcome });
  modelSeconds.observe({ model }, call.durationMs / 1_000);
  modelTokens.inc({ model, direction: 'input' }, call.inputTokens);
  modelTokens.inc({ model, direction: 'output' }, call.outputTokens);
  modelUsd.inc({ model }, call.costNanoUsd / 1e9);
}

const READ_EVERY_MS = 5_000;
/** After which a scrape goes on without: Prometheus gives one up after ten seconds. */
const PATIENCE_MS = 2_000;

/**
 * Gauges of what the database knows: tasks that have not ended, and what the runners say of themselves. Read when
 * a scrape asks, but not more often than every few seconds, however many scrape.
 */
class DatabaseGauges {
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
