// What operators watch: metrics and traces, each only when its setting is there. Without them nothing is loaded
// and observing does nothing. Opened by server.ts.
import type { Metrics } from './metrics.ts';
import type { Observation, Observe, TelemetryParts } from './observation.ts';

export interface Telemetry extends AsyncDisposable {
  observe: Observe;
  metrics: Metrics | null;
}

export async function openTelemetry(parts: TelemetryParts): Promise<Telemetry> {
  const { settings, log } = parts;
  const metrics =
    settings.metricsToken === null
      ? null
      : (await import('./metrics.ts')).openMetrics(settings.metricsToken, parts);
  const traces =
    settings.traces === null ? null : (await import('./traces.ts')).openTraces(settings.traces, parts);
  const observers = [metrics?.observe, traces?.observe].filter((observe) => observe !== undefined);
  return {
    metrics,
    observe: (observation: Observation) => {
      for (const observe of observers) {
        try {
          observe(observation);
        } catch (error) {
          // What is watched must not fail because it is watched.
          log.error({ err: error, type: observation.type }, 'telemetry failed');
        }
      }
    },
    async [Symbol.asyncDispose]() {
      await traces?.close();
    },
  };
}
