// Traces: turns what is observed of a task into spans and sends them by OTLP over HTTP in batches. A receiver that
// is slow, broken or gone costs only its spans: so many may wait and no more, nobody waits for them, and the log
// says so once a minute. Opened by telemetry.ts only with an OTLP endpoint.
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
      const spans = spansOf(observation, clock.now().getTime(), providerOf);
      if (!spans[0] || !isSampled(spans[0].taskId)) return;
      for (const span of spans) exported.add(toReadable(span, resource, scope));
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

/** The spans, all of one task, that an observation makes; none when it belongs to no task, or does not end one. */
function spansOf(observation: Observation, now: number, providerOf: (model: string) => string): Span[] {
  if (observation.type === 'task') {
    const { moment, task } = observation.change;
    return moment === 'ended' ? spansOfTask(task, providerOf) : [];
  }
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
  const processor = new BatchSpanProcessor({
    exporter: telling(new OTLPTraceExporter({ url: settings.url, concurrencyLimit }), log),
    maxQueueSize: settings.queueSize,
    maxExportBatchSize: settings.batchSize,
    scheduledDelayMillis: settings.delayMs,
    exportTimeoutMillis: settings.timeoutMs,
  });
  return {
    add: (span) => processor.onEnd(span),
    async close() {
      const shutdown = processor.shutdown().then(() => 'sent');
      const sent = shutdown.catch((error: Error) => error.message);
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
