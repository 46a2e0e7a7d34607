import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Registry } from 'prom-client';
import { expect, it } from 'vitest';
import type { ModelCall } from '../spending/call-usage.ts';
import { createInstruments } from './instruments.ts';
import { openMetrics } from './metrics.ts';

const CALL: ModelCall = {
  askedModel: 'm',
  answeredModel: null,
  inputTokens: 3,
  outputTokens: 2,
  cachedTokens: 0,
  reasoningTokens: 0,
  costNanoUsd: 1,
  costSource: 'prices',
  unpriced: false,
  durationMs: 5,
  outcome: 'ok',
};
/** Of a database that is gone. */
const noDatabase = () => Promise.reject(new Error('no database'));

it('models that nobody configured are counted together, however many there are', async () => {
  const ailing = ['configured', 'x', 'y'];
  const metrics = openMetrics('token', { version: '1', models: () => ['configured'], ailingModels: () => ailing });
  for (let count = 0; count < 500; count += 1) {
    const askedModel = `model-${randomUUID()}`;
    metrics.observe({ type: 'model_call', taskId: randomUUID(), call: { ...CALL, askedModel } });
  }
  metrics.observe({ type: 'model_call', taskId: randomUUID(), call: { ...CALL, askedModel: 'configured' } });
  const text = await metrics.scrape(noDatabase);
  const calls = text.split('\n').filter((line) => line.startsWith('seed_model_calls_total{'));
  expect(calls).toEqual([
    'seed_model_calls_total{model="other",outcome="ok"} 500',
    'seed_model_calls_total{model="configured",outcome="ok"} 1',
  ]);
  expect(text).toContain('seed_model_tokens_total{model="other",direction="input"} 1500');
  expect(text).toContain('seed_database_up 0');
  const ails = (scraped: string) => scraped.split('\n').filter((line) => line.startsWith('seed_model_ailing{'));
  expect(ails(text)).toEqual(['seed_model_ailing{model="configured"} 1', 'seed_model_ailing{model="other"} 1']);
  ailing.length = 0;
  expect(ails(await metrics.scrape(noDatabase))).toEqual([]);
});

it('docs/operating.md lists every metric with its labels, and no other', async () => {
  const page = readFileSync(new URL('../../../docs/operating.md', import.meta.url), 'utf8');
  const rows = [...page.matchAll(/^\| `(seed_\w+)` +\| ([^|]*?) +\|/gm)].map(([, name, labels]) => [name, labels]);
  const registry = new Registry();
  createInstruments(registry);
  const instruments = registry.getMetricsAsArray() as unknown as { name: string; labelNames: string[] }[];
  expect(rows.sort()).toEqual(
    instruments
      .map(({ name, labelNames }) => [
        name,
        labelNames
          .filter((label) => label !== 'le')
          .map((label) => `\`${label}\``)
          .join(', '),
      ])
      .sort(),
  );
});
