// Traces: turns what is observed of a task into spans and sends them away by OTLP over HTTP, in batches. A
// receiver that is slow, broken or gone costs nothing but its spans: so many may wait and no more, nobody waits
// for them, and the log says so once a minute. Opened by telemetry.ts only with an OTLP endpoint.
import { setTimeout as sleep } from 'node:timers/promises';
import { ROOT_CONTEXT } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import {
  defaultResource,
  detectResources,
  resourceAttributesEnvDetector,
  resourceFromAttributes,
  serviceNameEnvDetector,
} from '@opentelemetry/resources';
import {
  BatchSpanProcessor,
  type ReadableSpan,
  SamplingDecision,
  type SpanExporter,
  TraceIdRatioBasedSampler,
} from '@opentelemetry/sdk-trace';
import type { Logger } from '../../lib/log.ts';
import type { Observation, Observe, TelemetryParts } from './observation.ts';
import type { TraceSettings } from './settings.ts';
import { type Span, spanOfCommand, spanOfModelCall, spansOfTask, toReadable, traceIdOf } from './spans.ts';

const LOG_EVERY_MS = 60_000;
/** What a server that stops waits for the receiver. */
const CLOSE_WITHIN_MS = 3_000;

export interface Traces {
  observe: Observe;
  /** Sends what waits, within a bound. Does not reject. */
  close(): Promise<void>;
}

export function openTraces(
  settings: TraceSettings,
  { version, log, providerOf, clock }: Pick<TelemetryParts, 'version' | 'log' | 'providerOf' | 'clock'>,
): Traces {
  const exported = openSpanExport(settings, log);
  const resource = defaultResource()
    .merge(resourceFromAttributes({ 'service.name': 'seed', 'service.version': version }))
    .merge(detectResources({ detectors: [resourceAttributesEnvDetector, serviceNameEnvDetector] }));
  const scope = { name: 'seed', version };
  const isSampled = samplerOf(settings.ratio);
  return {
    observe: (observation) => {
      const taskId = taskOf(observation);
      if (taskId === null || !isSampled(taskId)) return;
      const now = clock.now().getTime();
      for (const span of spansOf(observation, now, providerOf)) exported.add(toReadable(span, resource, scope));
    },
    close: () => exported.close(),
  };
}

/** Decides by the id alone, so that all servers decide alike. */
function samplerOf(ratio: number): (taskId: string) => boolean {
  const sampler = new TraceIdRatioBasedSampler(ratio);
  return (taskId) =>
    sampler.shouldSample(ROOT_CONTEXT, traceIdOf(taskId)).decision === SamplingDecision.RECORD_AND_SAMPLED;
}

/** The task that something belongs to and is a span of; null when there is none. */
function taskOf(observation: Observation): string | null {
  if (observation.type === 'model_call') return observation.taskId;
  if (observation.type === 'command') return observation.call.taskId;
  if (observation.type === 'task' && observation.change.moment === 'ended') return observation.change.task.id;
  return null;
}

function spansOf(observation: Observation, now: number, providerOf: (model: string) => string): Span[] {
  if (observation.type === 'task') return spansOfTask(observation.change.task, providerOf);
  if (observation.type === 'model_call') {
    const { taskId, call } = observation;
    return [spanOfModelCall(taskId, call, now, providerOf(call.askedModel))];
  }
  if (observation.type !== 'command' || observation.call.taskId === null) return [];
  return [spanOfCommand(observation.call.taskId, observation.call, now)];
}

export interface SpanExport {
  add(span: ReadableSpan): void;
  close(): Promise<void>;
}

export function openSpanExport(settings: TraceSettings, log: Logger): SpanExport {
  // All that waits may be sent at once when the server stops.
  const concurrencyLimit = Math.ceil(settings.queueSize / settings.batchSize) + 1;
  const exporter = new OTLPTraceExporter({ url: settings.url, concurrencyLimit });
  const processor = new BatchSpanProcessor({
    exporter: telling(exporter, log),
    maxQueueSize: settings.queueSize,
    maxExportBatchSize: settings.batchSize,
    scheduledDelayMillis: settings.delayMs,
    exportTimeoutMillis: settings.timeoutMs,
  });
  return {
    add: (span) => processor.onEnd(span),
    async close() {
      const sent = processor.shutdown().then(
        () => 'sent',
        (error: Error) => error.message,
      );
      const late = sleep(CLOSE_WITHIN_MS, `not within ${CLOSE_WITHIN_MS} ms`, { ref: false });
      const outcome = await Promise.race([sent, late]);
      if (outcome !== 'sent') log.warn({ error: outcome }, 'the last spans may not have been received');
    },
  };
}

/** An exporter that logs its failures, seldom, and keeps them to itself. */
function telling(exporter: OTLPTraceExporter, log: Logger): SpanExporter {
  let lost = 0;
  let toldAt = Number.NEGATIVE_INFINITY;
  const failed = (spans: number, error: Error | undefined) => {
    lost += spans;
    if (performance.now() - toldAt < LOG_EVERY_MS) return;
    log.warn({ spans: lost, error: error?.message }, 'spans could not be sent to the OTLP endpoint');
    toldAt = performance.now();
    lost = 0;
  };
  return {
    export: (spans, done) =>
      exporter.export(spans, (result) => {
        if (result.error || result.code !== 0) failed(spans.length, result.error);
        done({ code: 0 });
      }),
    forceFlush: () => exporter.forceFlush(),
    shutdown: () => exporter.shutdown(),
  };
}
