import { afterEach, expect, it, vi } from 'vitest';
import { telemetrySettings } from './settings.ts';

const TOKEN = 'm'.repeat(32);
const RUNNER_TOKEN = 'r'.repeat(32);
afterEach(() => vi.unstubAllEnvs());

function read(variables: Record<string, string>) {
  for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value);
  return telemetrySettings(RUNNER_TOKEN);
}

it('nothing is watched without a setting', () => {
  expect(read({})).toEqual({ metricsToken: null, traces: null });
});

it('takes a metrics token that is long enough and no other secret', () => {
  expect(read({ SEED_METRICS_TOKEN: TOKEN }).metricsToken).toBe(TOKEN);
  for (const token of ['short', RUNNER_TOKEN, `${TOKEN} ${TOKEN}`])
    expect(() => read({ SEED_METRICS_TOKEN: token })).toThrow(/SEED_METRICS_TOKEN/);
});

it.each([
  [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318' }, 'http://collector:4318/v1/traces'],
  [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'https://x.example/otlp/' }, 'https://x.example/otlp/v1/traces'],
  [
    {
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318',
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://t/own',
    },
    'http://t/own',
  ],
  [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c', OTEL_TRACES_EXPORTER: 'none' }, undefined],
  [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c', OTEL_SDK_DISABLED: 'true' }, undefined],
])('sends traces as %o says', (variables, url) => {
  expect(read(variables).traces?.url).toBe(url);
});

it.each([
  [{}, 1],
  [{ OTEL_TRACES_SAMPLER: 'always_off' }, 0],
  [{ OTEL_TRACES_SAMPLER: 'parentbased_always_on' }, 1],
  [{ OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: '0.25' }, 0.25],
  [{ OTEL_TRACES_SAMPLER: 'parentbased_traceidratio', OTEL_TRACES_SAMPLER_ARG: '0.25' }, 0.25],
])('samples as %o says', (variables, ratio) => {
  expect(read({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c', ...variables }).traces?.ratio).toBe(ratio);
});

it.each([
  ['OTEL_EXPORTER_OTLP_ENDPOINT', 'collector:4317'],
  ['OTEL_EXPORTER_OTLP_PROTOCOL', 'grpc'],
  ['OTEL_TRACES_EXPORTER', 'zipkin'],
  ['OTEL_TRACES_SAMPLER', 'jaeger_remote'],
  ['OTEL_BSP_MAX_QUEUE_SIZE', 'many'],
])('names %s when it cannot be used', (name, value) => {
  expect(() => read({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c', [name]: value })).toThrow(name);
});
