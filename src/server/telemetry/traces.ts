// Traces: turns what is observed of a task into spans and sends them away by OTLP. Opened only with an OTLP endpoint.
import { ROOT_CONTEXT } from '@opentelemetry/api';
import {
  defaultResource,
  detectResources,
  resourceAttributesEnvDetector,
  resourceFromAttributes,
  serviceNameEnvDetector,
} from '@opentelemetry/resources';
import { SamplingDecision, TraceIdRatioBasedSampler } from '@opentelemetry/sdk-trace';
import type { Observation, Observe } from './observation.ts';
import { type Span, toReadable, traceIdOf } from './span.ts';
import { openSpanExport } from './span-export.ts';
import { spanOfCommand, spanOfModelCall, spansOfTask } from './task-spans.ts';
import type { TelemetryParts } from './telemetry.ts';
import type { TraceSettings } from './telemetry-settings.ts';

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
      for (const span of spansOf(observation, now, providerOf))
        exported.add(toReadable(span, resource, scope));
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
