// Settings of metrics and traces (see docs/operating.md). OpenTelemetry itself reads the rest of OTLP
// (OTEL_EXPORTER_OTLP_*) and the resource (OTEL_SERVICE_NAME, OTEL_RESOURCE_ATTRIBUTES).
import { env } from '../../lib/env.ts';
import { choiceSetting, integerSetting, urlSetting } from '../../lib/settings.ts';
import { SeedError } from '../../protocol/errors.ts';

export interface TelemetrySettings {
  /** Null: no metrics. */
  metricsToken: string | null;
  /** Null: no traces. */
  traces: TraceSettings | null;
}

export interface TraceSettings {
  /** Where OTLP over HTTP is posted to. */
  url: string;
  /** Part of the tasks that are traced, 0 to 1. */
  ratio: number;
  /** Spans that may wait to be sent; more are dropped. */
  queueSize: number;
  batchSize: number;
  /** Between two sendings. */
  delayMs: number;
  /** After which a sending is given up. */
  timeoutMs: number;
}

const SAMPLERS = ['always_on', 'always_off', 'traceidratio'] as const;

/** @throws SeedError invalid_settings, naming the variable */
export function telemetrySettings(runnerToken: string): TelemetrySettings {
  return { metricsToken: metricsToken(runnerToken), traces: traceSettings() };
}

function metricsToken(runnerToken: string): string | null {
  const token = env('SEED_METRICS_TOKEN');
  if (token === undefined) return null;
  if (/^[\x21-\x7e]{32,200}$/.test(token) && token !== runnerToken) return token;
  const why = 'SEED_METRICS_TOKEN is shorter than 32 characters, or it is the runner token';
  throw new SeedError('invalid_settings', why, { hint: 'Make one of its own: openssl rand -hex 32.' });
}

function traceSettings(): TraceSettings | null {
  const general = urlSetting('OTEL_EXPORTER_OTLP_ENDPOINT');
  const url = urlSetting('OTEL_EXPORTER_OTLP_TRACES_ENDPOINT') ?? (general && `${general}/v1/traces`);
  const off = env('OTEL_SDK_DISABLED')?.toLowerCase() === 'true';
  const exporter = choiceSetting('OTEL_TRACES_EXPORTER', 'otlp', ['otlp', 'none']);
  if (url === null || off || exporter === 'none') return null;
  for (const name of ['OTEL_EXPORTER_OTLP_TRACES_PROTOCOL', 'OTEL_EXPORTER_OTLP_PROTOCOL'])
    choiceSetting(name, 'http/protobuf', ['http/protobuf']);
  const queueSize = integerSetting('OTEL_BSP_MAX_QUEUE_SIZE', 2_048, 1, 1_000_000);
  return {
    url,
    ratio: sampledRatio(),
    queueSize,
    batchSize: Math.min(queueSize, integerSetting('OTEL_BSP_MAX_EXPORT_BATCH_SIZE', 512, 1, 100_000)),
    delayMs: integerSetting('OTEL_BSP_SCHEDULE_DELAY', 5_000, 1, 600_000),
    timeoutMs: integerSetting('OTEL_BSP_EXPORT_TIMEOUT', 30_000, 1, 600_000),
  };
}

/** A task's trace has no parent, so that `parentbased_x` decides as `x` does. */
function sampledRatio(): number {
  const parentBased = SAMPLERS.map((sampler) => `parentbased_${sampler}` as const);
  const choice = choiceSetting('OTEL_TRACES_SAMPLER', 'parentbased_always_on', [...SAMPLERS, ...parentBased]);
  if (choice.endsWith('always_on')) return 1;
  if (choice.endsWith('always_off')) return 0;
  const text = env('OTEL_TRACES_SAMPLER_ARG') ?? '1';
  const ratio = Number(text);
  if (ratio >= 0 && ratio <= 1) return ratio;
  throw new SeedError('invalid_settings', `OTEL_TRACES_SAMPLER_ARG is "${text}", not a number from 0 to 1`);
}
