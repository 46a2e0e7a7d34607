import { expect, test } from 'vitest';
import type { ModelFacts } from '../model-profile.ts';
import { USUAL_PROFILE } from '../model-profile.ts';
import { knownModels } from './known-models.ts';
import type { ListedModel } from './listed-models.ts';

interface Said {
  settings?: ModelFacts;
  tested?: ModelFacts;
  listed?: Partial<ListedModel>;
  table?: (model: string) => ModelFacts;
}

function known({ settings = {}, tested = {}, listed, table = () => ({}) }: Said) {
  return knownModels({
    settings: () => settings,
    tested: () => tested,
    listed: () => (listed ? { id: 'm', aliases: [], facts: {}, parameters: null, ...listed } : null),
    table,
  });
}

test('of a model that nobody knows all is as usual', () => {
  expect(known({}).profileOf('some-model')).toEqual(USUAL_PROFILE);
  expect(known({}).sourcesOf('some-model')).toEqual({});
  expect(known({}).priceOf('some-model')).toBeNull();
});

test('settings go before a test, that before the upstream, its size and the table', () => {
  const models = known({
    settings: { contextTokens: 1_000 },
    tested: { contextTokens: 2_000, toolCalls: 'text' },
    listed: { facts: { contextTokens: 3_000, toolCalls: 'native', outputTokens: 300 }, parameters: 1.5e9 },
    table: () => ({ outputTokens: 400, tools: 'all', sampling: { temperature: 1, top_p: 0.9 } }),
  });
  expect(models.profileOf('m')).toMatchObject({
    contextTokens: 1_000,
    toolCalls: 'text',
    outputTokens: 300,
    tools: 'bash',
    sampling: { temperature: 0.2, top_p: 0.9 },
  });
  expect(models.sourcesOf('m')).toEqual({
    contextTokens: 'settings',
    toolCalls: 'test',
    outputTokens: 'upstream',
    tools: 'size',
    sampling: 'size',
  });
});

test('half of the context is left for what is asked, unless the settings say more', () => {
  expect(known({ listed: { facts: { contextTokens: 4_096 } } }).profileOf('m').outputTokens).toBe(2_048);
  const whole = { contextTokens: 131_072, outputTokens: 131_072 };
  expect(known({ listed: { facts: whole } }).profileOf('m').outputTokens).toBe(65_536);
  expect(known({ settings: whole }).profileOf('m').outputTokens).toBe(131_072);
  expect(known({ settings: { contextTokens: 1 } }).profileOf('m').outputTokens).toBe(1);
});

test('the size stands in the name, of the task’s or of the server’s own', () => {
  expect(known({}).profileOf('qwen2.5-coder:1.5b').tools).toBe('bash');
  expect(known({ listed: { id: 'Llama-3.2-3B-Instruct-Q4_K_M.gguf' } }).profileOf('default').tools).toBe('bash');
  expect(known({}).profileOf('llama-3.3-70b-instruct').tools).toBe('all');
  expect(known({ settings: { tools: 'all' } }).profileOf('qwen2.5-coder:1.5b').tools).toBe('all');
});

test('a small model that thinks keeps the warmth that the table has for it', () => {
  const table = () => ({ reasoning: true, sampling: { temperature: 0.6 } });
  expect(known({ table }).profileOf('qwen3:1.7b').sampling).toEqual({ temperature: 0.6 });
});

test('what an upstream is known to refuse is not sent, whatever the size says', () => {
  const listed = { facts: { sampling: { temperature: null } } };
  expect(known({ listed }).profileOf('small-3b').sampling).toEqual({ temperature: null });
});

test('the table is asked by the name that the server itself has for its only model', () => {
  const table = (model: string) => (model === 'real-name' ? { contextTokens: 5_000 } : {});
  expect(known({ listed: { id: 'real-name' }, table }).profileOf('default').contextTokens).toBe(5_000);
});

test('`scripted` is nothing that the upstream lists', () => {
  expect(known({ listed: { facts: { contextTokens: 5 } } }).profileOf('scripted').contextTokens).toBe(128_000);
});
