// The chart's own files agree with one another and with Seed: all that can be told without Helm.
import { readdir, readFile } from 'node:fs/promises';
import { Ajv } from 'ajv';
import { Histogram, Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { createInstruments } from '../src/server/telemetry/instruments.ts';
import { openMetrics } from '../src/server/telemetry/metrics.ts';

interface Schema {
  type?: string;
  description?: string;
  properties?: Record<string, Schema>;
  additionalProperties?: unknown;
  enum?: unknown[];
}

const read = (path: string) => readFile(new URL(path, import.meta.url), 'utf8');
const schema = JSON.parse(await read('chart/values.schema.json')) as Schema;
const valuesText = await read('chart/values.yaml');
const values = parse(valuesText) as Record<string, unknown>;
const templates = await readTemplates();

async function readTemplates(): Promise<string> {
  const folder = new URL('chart/templates/', import.meta.url);
  const names = (await readdir(folder, { recursive: true })).filter((name) => /\.(yaml|tpl|txt)$/.test(name));
  return (await Promise.all(names.map((name) => read(`chart/templates/${name}`)))).join('\n');
}

/** Every value by its path; those of free form are one value. */
function paths(of: Schema, path: string[] = []): { path: string[]; schema: Schema }[] {
  return Object.entries(of.properties ?? {}).flatMap(([name, each]) => {
    const here = [...path, name];
    return [{ path: here, schema: each }, ...paths(each, here)];
  });
}

const at = (path: readonly string[]): unknown =>
  path.reduce<unknown>((value, name) => (value as Record<string, unknown> | undefined)?.[name], values);

test('the values that come with it are what the schema allows', () => {
  const check = new Ajv({ allErrors: true }).compile(schema as object);
  check(values);
  expect(check.errors).toBeNull();
  expect(check({ ...values, sever: {} })).toBe(false);
  expect(check({ ...values, server: { replica: 1 } })).toBe(false);
});

test('every value is described, has a default, and nothing beside it is taken', () => {
  const all = paths(schema);
  const undescribed = all.filter(({ schema: { description = '' } }) => description.length < 5);
  expect(undescribed.map(({ path }) => path.join('.'))).toEqual([]);
  const open = all.filter(({ schema: each }) => each.properties && each.additionalProperties !== false);
  expect(open.map(({ path }) => path.join('.'))).toEqual([]);
  const mayBeMissing = [
    'global',
    'server.resources.claims',
    'runner.resources.claims',
    'migrations.resources.claims',
  ];
  const missing = all.map(({ path }) => path).filter((path) => at(path) === undefined);
  expect(missing.map((path) => path.join('.')).sort()).toEqual(mayBeMissing.sort());
});

test('every value is used, and no template uses one that is not there', () => {
  const known = new Set(paths(schema).map(({ path }) => path.join('.')));
  const used = [...templates.matchAll(/(?:\.Values|\$v)((?:\.[a-zA-Z0-9]+)+)/g)].map(([, path = '']) =>
    path.slice(1),
  );
  expect(used.length).toBeGreaterThan(50);
  expect(used.filter((path) => !known.has(path))).toEqual([]);
  // Within a `with` a value is called by its last name alone.
  const unused = [...known].filter((path) => {
    const name = path.split('.').at(-1);
    return (
      path !== 'global' &&
      !/\.(requests|limits|claims)$/.test(path) &&
      !new RegExp(`\\.${name}\\b`).test(templates)
    );
  });
  const wholeObjects = /^(podSecurityContext|networkPolicy\.apiServer|gateway\.timeouts)\./;
  expect(unused.filter((path) => !wholeObjects.test(path))).toEqual([]);
});

test('chart and application have the version of the package', async () => {
  const { version } = JSON.parse(await read('../package.json')) as { version: string };
  const chart = parse(await read('chart/Chart.yaml')) as { version: string; appVersion: string };
  expect(chart).toMatchObject({ version, appVersion: version });
});

test('every variable that a template sets is one that Seed reads', async () => {
  const set = new Set(
    [...templates.matchAll(/\b(?:SEED|OPENROUTER)_[A-Z0-9_]*[A-Z0-9]\b/g)].map(([name]) => name),
  );
  expect(set.size).toBeGreaterThan(20);
  const folder = new URL('../src/', import.meta.url);
  const sources = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith('.ts'));
  const texts = await Promise.all(sources.map((name) => readFile(new URL(name, folder), 'utf8')));
  const code = texts.join('\n');
  const unread = [...set].filter((name) => !code.includes(`'${name}'`));
  expect(unread).toEqual([]);
});

test('a secret is never a value, nor an object of the chart', () => {
  expect(templates).not.toMatch(/kind:\s*Secret\b/);
  expect(templates).not.toContain('stringData');
  const names = [...templates.matchAll(/^- name: ([A-Z0-9_]+)\n {2}value: /gm)].map(([, name]) => name);
  expect(names.filter((name) => /KEY|TOKEN|DATABASE_URL|PASSWORD/.test(name ?? ''))).toEqual([]);
});

test('the dashboard asks for metrics that Seed has, by labels that they have', async () => {
  const registry = new Registry();
  createInstruments(registry);
  const labelsOf = new Map<string, readonly string[]>();
  for (const metric of registry.getMetricsAsArray()) {
    const { labelNames = [] } = metric as unknown as { labelNames?: string[] };
    const parts = metric instanceof Histogram ? ['_bucket', '_sum', '_count'] : [''];
    for (const part of parts)
      labelsOf.set(metric.name + part, part === '_bucket' ? ['le', ...labelNames] : labelNames);
  }
  for (const name of await allMetrics()) if (!labelsOf.has(name)) labelsOf.set(name, []);
  const dashboard = await read('chart/dashboards/seed.json');
  const asked = [...dashboard.matchAll(/"expr": "((?:[^"\\]|\\.)*)"/g)].map(
    ([, text]) => JSON.parse(`"${text}"`) as string,
  );
  expect(asked.length).toBeGreaterThan(25);
  const seen = new Set<string>();
  for (const expression of asked) {
    const names = [...expression.matchAll(/\b(?:seed|process|nodejs)_[a-z0-9_]+/g)].map(([name]) => name);
    expect(names, expression).not.toEqual([]);
    const allowed = new Set([
      'job',
      'instance',
      ...names.flatMap((name) => labelsOf.get(name) ?? ['no such metric']),
    ]);
    for (const name of names) {
      expect([...labelsOf.keys()], expression).toContain(name);
      seen.add(name.replace(/_(bucket|sum|count)$/, ''));
    }
    const labels = [
      ...[...expression.matchAll(/by \(([^)]*)\)/g)].flatMap(([, list = '']) => list.split(', ')),
      ...[...expression.matchAll(/[{,]\s*([a-z_]+)\s*(?:=|!=|=~|!~)"/g)].map(([, label = '']) => label),
    ];
    expect(
      labels.filter((label) => !allowed.has(label)),
      expression,
    ).toEqual([]);
  }
  // And it leaves none of Seed's own out.
  const own = registry.getMetricsAsArray().map(({ name }) => name);
  expect(own.filter((name) => !seen.has(name))).toEqual([]);
});

/** The names on a server's /metrics, those of its process among them. */
async function allMetrics(): Promise<string[]> {
  const metrics = openMetrics('t'.repeat(32), { version: '0', models: () => [], ailingModels: () => [] });
  const text = await metrics.scrape(() => Promise.reject(new Error('no database')));
  return [...text.matchAll(/^# TYPE (\S+) /gm)].map(([, name = '']) => name);
}
