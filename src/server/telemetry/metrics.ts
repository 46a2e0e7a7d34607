// Metrics: counts what is observed, and answers the scrape. Opened only with SEED_METRICS_TOKEN.
import { collectDefaultMetrics, Registry } from 'prom-client';
import type { TaskChange } from '../../db/task-changes.ts';
import type { ModelCall } from '../spending/call-usage.ts';
import { DatabaseGauges, type DatabaseState } from './database-gauges.ts';
import { createInstruments, type Instruments } from './instruments.ts';
import { type CommandCall, LOST_RECORDS, type Observe, type TelemetryParts } from './observation.ts';

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
  { version, models }: Pick<TelemetryParts, 'version' | 'models'>,
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

function countCommand(
  { commands, commandSeconds }: Instruments,
  { name, effect, status, durationMs }: CommandCall,
): void {
  commands.inc({ command: name, effect, status });
  commandSeconds.observe({ command: name }, durationMs / 1_000);
}

function countModelCall(
  { modelCalls, modelSeconds, modelTokens, modelUsd }: Instruments,
  model: string,
  call: ModelCall,
): void {
  modelCalls.inc({ model, outcome: call.outcome });
  modelSeconds.observe({ model }, call.durationMs / 1_000);
  modelTokens.inc({ model, direction: 'input' }, call.inputTokens);
  modelTokens.inc({ model, direction: 'output' }, call.outputTokens);
  modelUsd.inc({ model }, call.costNanoUsd / 1e9);
}
