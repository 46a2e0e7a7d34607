// What servers list, each in the form that its documentation or its source shows; written anew.
import { expect, test } from 'vitest';
import { listedModel, listedModels } from './listed-models.ts';

const only = (entry: object) => listedModel(entry);

test('OpenRouter: context, the answer’s most, what it takes, prices a token (openrouter.ai/docs/models)', () => {
  const model = only({
    id: 'maker/one:free',
    canonical_slug: 'maker/one-2026',
    context_length: 262_144,
    pricing: { prompt: '0.000003', completion: '0.000015', input_cache_read: '0.0000003', request: '0' },
    top_provider: { context_length: 131_072, max_completion_tokens: 32_768, is_moderated: false },
    supported_parameters: ['tools', 'tool_choice', 'max_tokens', 'top_p', 'top_k', 'min_p', 'reasoning'],
  });
  expect(model).toMatchObject({ id: 'maker/one:free', aliases: ['maker/one-2026'], parameters: null });
  expect(model?.facts).toMatchObject({
    contextTokens: 131_072,
    outputTokens: 32_768,
    reasoning: true,
    sampling: { temperature: null },
  });
  expect(model?.facts.price?.input).toBeCloseTo(3, 9);
  expect(model?.facts.price?.output).toBeCloseTo(15, 9);
  expect(model?.facts.price?.cached).toBeCloseTo(0.3, 9);
});

test('prices are only those that can be: free is one, less than nothing is none', () => {
  const priceOf = (pricing: object) => only({ id: 'm', pricing })?.facts.price;
  expect(priceOf({ prompt: '0', completion: '0' })).toEqual({ input: 0, output: 0 });
  expect(priceOf({ prompt: '-1', completion: '-1' })).toBeUndefined();
  expect(priceOf({ prompt: 'much', completion: '1' })).toBeUndefined();
  expect(priceOf({ prompt: '', completion: '' })).toBeUndefined();
  expect(priceOf({ prompt: '0.000001', completion: '0.000002', input_cache_read: '-1' })?.cached).toBeUndefined();
});

test.each<[string, object, object]>([
  // docs.vllm.ai, as protocol ModelCard has it
  [
    'vLLM',
    { id: 'Qwen/Qwen3-8B', object: 'model', owned_by: 'vllm', root: 'Qwen/Qwen3-8B', max_model_len: 8192 },
    { contextTokens: 8192 },
  ],
  // llama-server 0.7.0, asked here
  [
    'llama-server',
    { id: 'a', owned_by: 'llamacpp', meta: { n_ctx: 16_384, n_ctx_train: 32_768, n_params: 1_777_088_000 } },
    { contextTokens: 16_384 },
  ],
  [
    'an older llama-server',
    { id: 'a', owned_by: 'llamacpp', meta: { n_ctx_train: 32_768 } },
    { contextTokens: 32_768 },
  ],
  // lmstudio.ai/docs: REST API v0
  [
    'LM Studio, loaded',
    { id: 'a', state: 'loaded', max_context_length: 131_072, loaded_context_length: 4096 },
    { contextTokens: 4096 },
  ],
  [
    'LM Studio, not loaded',
    { id: 'a', state: 'not-loaded', max_context_length: 32_768, capabilities: ['tool_use'] },
    { contextTokens: 32_768 },
  ],
  // console.groq.com/docs/models
  [
    'Groq',
    { id: 'a', active: true, context_window: 131_072, max_completion_tokens: 65_536 },
    { contextTokens: 131_072, outputTokens: 65_536 },
  ],
  // docs.mistral.ai: list models
  [
    'Mistral',
    {
      id: 'a',
      max_context_length: 131_072,
      aliases: ['a-latest'],
      capabilities: { completion_chat: true, function_calling: true, reasoning: true },
    },
    { contextTokens: 131_072, reasoning: true },
  ],
  // ai.google.dev/api/models
  [
    'Gemini',
    { name: 'models/gemini-x', inputTokenLimit: 1_048_576, outputTokenLimit: 65_536, thinking: true },
    { contextTokens: 1_048_576, outputTokens: 65_536, reasoning: true },
  ],
  // docs.litellm.ai: /model/info
  [
    'LiteLLM',
    {
      model_name: 'a',
      model_info: {
        max_tokens: 16_384,
        max_input_tokens: 128_000,
        max_output_tokens: 16_384,
        input_cost_per_token: 0.0000005,
        output_cost_per_token: 0.000002,
        supports_reasoning: null,
      },
    },
    { contextTokens: 128_000, outputTokens: 16_384, price: { input: 0.5, output: 2 } },
  ],
  // docs.together.ai: list all models
  [
    'Together',
    { id: 'a', context_length: 32_768, pricing: { hourly: 0, input: 0.3, output: 0.6, base: 0, finetune: 0 } },
    { contextTokens: 32_768, price: { input: 0.3, output: 0.6 } },
  ],
  // deepinfra.com/docs
  [
    'DeepInfra',
    {
      id: 'a',
      metadata: {
        context_length: 163_840,
        max_tokens: 16_384,
        pricing: { input_tokens: 0.5, output_tokens: 2, cache_read_tokens: 0.1 },
      },
    },
    { contextTokens: 163_840, outputTokens: 16_384, price: { input: 0.5, output: 2, cached: 0.1 } },
  ],
  // docs.fireworks.ai
  [
    'Fireworks',
    { id: 'accounts/x/models/a', context_length: 131_072, supports_tools: true },
    { contextTokens: 131_072 },
  ],
  // docs.github.com/rest/models/catalog
  [
    'GitHub Models',
    {
      id: 'a',
      limits: { max_input_tokens: 131_072, max_output_tokens: 4096 },
      capabilities: ['streaming', 'tool-calling', 'reasoning'],
    },
    { contextTokens: 131_072, outputTokens: 4096, reasoning: true },
  ],
  // openai's own, Azure's and many others' say nothing
  ['OpenAI', { id: 'a', object: 'model', created: 1, owned_by: 'openai' }, {}],
  ['numbers as text', { id: 'a', context_length: '8192' }, { contextTokens: 8192 }],
  [
    'numbers that cannot be',
    { id: 'a', context_length: 0, max_model_len: -1, context_window: 'big', max_completion_tokens: 1.5 },
    {},
  ],
])('%s', (_server, entry, facts) => {
  expect(only(entry)?.facts).toEqual(facts);
});

test('the size is told as a number, or in billions', () => {
  expect(only({ id: 'a', meta: { n_params: 1_777_088_000 } })?.parameters).toBe(1_777_088_000);
  expect(only({ id: 'a', details: { parameter_size: '4.3B' } })?.parameters).toBe(4_300_000_000);
  expect(only({ id: 'a', details: { parameter_size: '134.52M' } })?.parameters).toBe(134_520_000);
  expect(only({ id: 'a', details: { parameter_size: '' } })?.parameters).toBeNull();
  expect(only({ id: 'a', params_string: '7B' })?.parameters).toBe(7_000_000_000);
});

test('a list comes in an object, under one of two names, or as it is; what has no name is left out', () => {
  const entries = [{ id: 'a' }, null, 'text', {}, { id: '' }, { id: 'x'.repeat(201) }, { name: 'models/b' }];
  for (const list of [entries, { data: entries }, { models: entries }]) {
    expect(listedModels(list)?.map(({ id }) => id)).toEqual(['a', 'b']);
  }
  expect(listedModels({ data: 'none' })).toBeNull();
  expect(listedModels('<html>')).toBeNull();
  expect(listedModels(null)).toBeNull();
});

test('a list without an end is read to one', () => {
  expect(listedModels(Array.from({ length: 20_000 }, (_, index) => ({ id: `m${index}` })))).toHaveLength(10_000);
});
