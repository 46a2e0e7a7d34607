// Reading what upstreams say of their models, over a real socket.
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { llmSettings } from '../../../../test/fixtures/llm-settings.ts';
import { type LlmUpstream, startLlmUpstream } from '../../../../test/fixtures/llm-upstream.ts';
import { chooseUpstream, type Upstream } from '../upstream.ts';
import { UpstreamList } from './upstream-list.ts';

const warned: string[] = [];
const log = { warn: (_: object, message: string) => void warned.push(message), error: () => undefined };
let server: LlmUpstream;
let nowMs = 0;
beforeEach(async () => {
  warned.length = 0;
  nowMs = 0;
  server = await startLlmUpstream();
});
afterEach(() => server.close());

function open(more: Partial<Upstream> = {}, fetch?: typeof globalThis.fetch) {
  const upstream = chooseUpstream(
    llmSettings({ baseUrl: server.baseUrl, apiKey: 'the-key', defaultModels: ['m'] }),
  );
  if (upstream === null) throw new Error('there is one');
  return new UpstreamList({
    upstream: { ...upstream, ...more },
    log,
    nowMs: () => nowMs,
    ...(fetch && { fetch }),
  });
}

test('vLLM: the list says it, by the model’s own name only where there are several', async () => {
  server.tell({
    '/v1/models': {
      data: [
        { id: 'a', max_model_len: 8192 },
        { id: 'b', max_model_len: 4096 },
      ],
    },
  });
  await using list = open();
  await list.firstRead();
  expect(list.of('a')?.facts.contextTokens).toBe(8192);
  expect(list.of('A')?.facts.contextTokens).toBe(8192);
  expect(list.of('c')).toBeNull();
  expect(list.names.toSorted()).toEqual(['a', 'b']);
});

test('llama-server: its one model is meant by any name, with the context of a slot and not the model’s own', async () => {
  server.tell({
    '/v1/models': {
      data: [{ id: '1.5b', owned_by: 'llamacpp', meta: { n_ctx_train: 32_768, n_params: 1_777_088_000 } }],
    },
    '/props': { default_generation_settings: { n_ctx: 16_384 }, total_slots: 1 },
  });
  await using list = open();
  await list.firstRead();
  expect(list.of('default')).toMatchObject({
    id: '1.5b',
    facts: { contextTokens: 16_384 },
    parameters: 1_777_088_000,
  });
});

test('the price of the only model is that of its name alone: another name may be served by another', async () => {
  server.tell({ '/v1/models': { data: [{ id: 'one', context_length: 10, pricing: { input: 1, output: 2 } }] } });
  await using list = open();
  await list.firstRead();
  expect(list.of('one')?.facts).toEqual({ contextTokens: 10, price: { input: 1, output: 2 } });
  expect(list.of('other')?.facts).toEqual({ contextTokens: 10 });
});

test('LM Studio: what is loaded is told beside OpenAI’s list', async () => {
  server.tell({
    '/v1/models': {
      data: [
        { id: 'a', owned_by: 'organization_owner' },
        { id: 'b', owned_by: 'organization_owner' },
      ],
    },
    '/api/v0/models': {
      data: [{ id: 'a', state: 'loaded', max_context_length: 131_072, loaded_context_length: 4096 }],
    },
  });
  await using list = open();
  await list.firstRead();
  expect(list.of('a')?.facts.contextTokens).toBe(4096);
  expect(list.of('b')?.facts).toEqual({});
});

test('LiteLLM: limits and prices are in its own list', async () => {
  const model_info = {
    max_input_tokens: 128_000,
    max_output_tokens: 4096,
    input_cost_per_token: 1e-6,
    output_cost_per_token: 2e-6,
  };
  server.tell({
    '/v1/models': { data: [{ id: 'a', owned_by: 'openai', created: 1_677_610_602 }] },
    '/model/info': { data: [{ model_name: 'a', litellm_params: { model: 'openai/real' }, model_info }] },
  });
  await using list = open();
  await list.firstRead();
  expect(list.of('a')?.facts).toMatchObject({
    contextTokens: 128_000,
    outputTokens: 4096,
    price: { input: 1, output: 2 },
  });
});

test('Ollama: a model has what it runs with, else what its file sets, else what Ollama gives', async () => {
  const models = ['runs:latest', 'set:latest', 'plain:7b', 'unwanted:1b'].map((id) => ({
    id,
    owned_by: 'library',
  }));
  server.tell({
    '/v1/models': { data: models },
    '/api/ps': { models: [{ name: 'runs:latest', model: 'runs:latest', context_length: 32_768 }] },
    '/api/show': {
      details: { parameter_size: '7.6B' },
      model_info: { 'qwen2.context_length': 40_960 },
      parameters: 'temperature 0.7\nnum_ctx 8192',
      capabilities: ['completion', 'tools', 'thinking'],
    },
  });
  await using list = open({ defaultModels: ['runs', 'set'] });
  await list.firstRead();
  expect(list.of('runs')).toMatchObject({
    facts: { contextTokens: 32_768, reasoning: true },
    parameters: 7_600_000_000,
  });
  expect(list.of('set')?.facts.contextTokens).toBe(8192);
  // It tells of each model by itself, and is asked of those that somebody uses.
  expect(list.of('plain:7b')?.facts).toEqual({});
  server.tell({
    '/v1/models': { data: models },
    '/api/ps': { models: [] },
    '/api/show': { model_info: { 'llama.context_length': 131_072 } },
  });
  await list.readAgain();
  expect(list.of('plain:7b')?.facts.contextTokens).toBe(4096);
});

test('Gemini: its own list tells what OpenAI’s form does not', async () => {
  const asked: [string, string | null][] = [];
  const fetch: typeof globalThis.fetch = async (url, init) => {
    asked.push([String(url), new Headers(init?.headers).get('x-goog-api-key')]);
    const own = { models: [{ name: 'models/gemini-x', inputTokenLimit: 1_048_576, outputTokenLimit: 65_536 }] };
    return Response.json(String(url).includes('/openai/') ? { data: [{ id: 'models/gemini-x' }] } : own);
  };
  await using list = open({ baseUrl: 'https://generativelanguage.googleapis.com/v1beta/openai' }, fetch);
  await list.firstRead();
  expect(list.of('gemini-x')?.facts).toMatchObject({ contextTokens: 1_048_576, outputTokens: 65_536 });
  expect(asked[1]).toEqual(['https://generativelanguage.googleapis.com/v1beta/models?pageSize=1000', 'the-key']);
});

test('OpenRouter: a name that only chooses who serves it is the model’s', async () => {
  server.tell({
    '/v1/models': {
      data: [
        { id: 'a/b', context_length: 10 },
        { id: 'a/b:free', context_length: 5 },
      ],
    },
  });
  await using list = open({ openRouter: true });
  await list.firstRead();
  expect(list.of('a/b:nitro')?.facts.contextTokens).toBe(10);
  expect(list.of('a/b:free')?.facts.contextTokens).toBe(5);
  expect(list.of('a/b:thinking')).toBeNull();
});

test('an upstream without a list is asked again only much later, and nobody is warned', async () => {
  await using list = open();
  await list.firstRead();
  expect(list.of('m')).toBeNull();
  expect(warned).toEqual([]);
  expect(server.reads).toEqual(['/v1/models']);
});

test.each<[string, typeof fetch]>([
  ['cannot be reached', () => Promise.reject(new TypeError('fetch failed'))],
  ['says nothing that can be read', async () => new Response('<html>')],
  ['says something else', async () => Response.json({ data: 'none' })],
  ['fails', async () => new Response('loading', { status: 503 })],
])('a server starts without it when the upstream %s, with one warning', async (_what, fetch) => {
  await using list = open({}, fetch);
  await list.firstRead();
  await list.readAgain();
  expect(list.of('m')).toBeNull();
  expect(warned).toEqual([expect.stringContaining('tried again')]);
});

test('OpenRouter’s prices are missed: the warning says what follows', async () => {
  await using list = open({ openRouter: true }, () => Promise.reject(new TypeError('fetch failed')));
  await list.firstRead();
  expect(warned).toEqual([expect.stringContaining('SEED_PRICES_FILE')]);
});

test('what was read stays while the upstream is away', async () => {
  server.tell({ '/v1/models': { data: [{ id: 'm', max_model_len: 8192 }] } });
  let away = false;
  await using list = open({}, (...asked) => (away ? Promise.reject(new TypeError('away')) : fetch(...asked)));
  await list.firstRead();
  away = true;
  await list.readAgain();
  expect(list.of('m')?.facts.contextTokens).toBe(8192);
});

test('an upstream that says nothing holds up no start', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  try {
    const silent: typeof fetch = (_url, init) =>
      new Promise((_, reject) => init?.signal?.addEventListener('abort', () => reject(init.signal?.reason)));
    const list = open({}, silent);
    const first = list.firstRead();
    await vi.advanceTimersByTimeAsync(3_000);
    await first;
    await list[Symbol.asyncDispose]();
  } finally {
    vi.useRealTimers();
  }
});

test('without an upstream nobody is asked', async () => {
  const never: typeof fetch = () => Promise.reject(new Error('asked'));
  await using list = new UpstreamList({ upstream: null, log, fetch: never });
  await list.firstRead();
  expect(list.of('m')).toBeNull();
  expect(warned).toEqual([]);
});
