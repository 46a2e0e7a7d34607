// What an upstream's list of its models says of each, in whichever of the fields that servers have for it: one
// reader for all of them, since what a field means goes by its name. Called by read-upstream.ts. Pure.
import { z } from 'zod';
import type { ModelFacts } from '../model-profile.ts';

/** One model as its upstream tells of it. */
export interface ListedModel {
  id: string;
  /** Other names for the same model. */
  aliases: readonly string[];
  facts: ModelFacts;
  /** Null: it does not say. */
  parameters: number | null;
}

/** More are not read: no upstream serves as many. */
const MOST = 10_000;
const MOST_ALIASES = 20;
const MOST_TOKENS = 1_000_000_000;

const Name = z.string().min(1).max(200);
const Entry = z.record(z.string(), z.unknown());
type Entry = z.infer<typeof Entry>;
const Entries = z.array(z.unknown());
const Lists = z.union([
  Entries,
  z.object({ data: Entries }).transform(({ data }) => data),
  z.object({ models: Entries }).transform(({ models }) => models),
]);

/** Its models; null for what is no list of models. */
export function listedModels(json: unknown): ListedModel[] | null {
  const list = Lists.safeParse(json);
  if (!list.success) return null;
  return list.data.slice(0, MOST).flatMap((entry) => listedModel(entry) ?? []);
}

/** Null when it has no name. */
export function listedModel(json: unknown): ListedModel | null {
  const entry = Entry.safeParse(json);
  if (!entry.success) return null;
  const name = ['id', 'model_name', 'model_group', 'model', 'name', 'key'].map((field) => entry.data[field]);
  const id = name.find((value) => Name.safeParse(value).success);
  if (typeof id !== 'string') return null;
  const named = [
    ...textsIn(entry.data['aliases']),
    ...textsIn([entry.data['canonical_slug'], entry.data['model']]),
  ];
  return {
    // Google lists `models/gemini-…` and takes the name without it, too.
    id: id.replace(/^models\//, ''),
    aliases: named.filter((alias) => alias !== id).slice(0, MOST_ALIASES),
    facts: factsIn(entry.data),
    parameters: parametersIn(entry.data),
  };
}

/**
 * Tokens of a request and its answer. What is loaded is told before what the model could have; who serves it is in
 * brackets.
 */
const CONTEXT = [
  'loaded_context_length', // LM Studio
  'meta.n_ctx', // llama-server
  'max_model_len', // vLLM, SGLang
  'top_provider.context_length', // OpenRouter
  'context_length', // OpenRouter, Together, Fireworks, Cerebras; Ollama of what runs
  'context_window', // Groq
  'max_context_length', // Mistral, LM Studio
  'context_size', // Novita
  'metadata.context_length', // DeepInfra
  'capabilities.limits.max_context_window_tokens', // GitHub Copilot
  'limits.max_input_tokens', // GitHub Models
  'inputTokenLimit', // Gemini
  'model_info.max_input_tokens', // LiteLLM
  'max_input_tokens', // Anthropic, LiteLLM of a group
  'max_tokens_total', // Text Generation Inference's successors
  'max_total_tokens', // Text Generation Inference
  'meta.n_ctx_train', // llama-server before it told n_ctx
] as const;

/** Tokens of the longest answer. */
const OUTPUT = [
  'top_provider.max_completion_tokens', // OpenRouter
  'max_completion_tokens', // Groq
  'max_output_length', // those that OpenRouter reads
  'max_output_tokens', // Novita, LiteLLM of a group
  'metadata.max_tokens', // DeepInfra
  'capabilities.limits.max_output_tokens', // GitHub Copilot
  'limits.max_output_tokens', // GitHub Models
  'outputTokenLimit', // Gemini
  'model_info.max_output_tokens', // LiteLLM
] as const;

function factsIn(entry: Entry): ModelFacts {
  const contextTokens = firstCount(entry, CONTEXT);
  const outputTokens = firstCount(entry, OUTPUT);
  const reasoning = reasoningIn(entry);
  const sampling = refusedIn(entry);
  const price = priceIn(entry);
  return {
    ...(contextTokens !== null && { contextTokens }),
    ...(outputTokens !== null && { outputTokens }),
    ...(reasoning !== null && { reasoning }),
    ...(sampling !== null && { sampling }),
    ...(price !== null && { price }),
  };
}

const THINKS = ['reasoning', 'include_reasoning', 'reasoning_effort', 'thinking'];

function reasoningIn(entry: Entry): boolean | null {
  const said = ['thinking', 'capabilities.reasoning', 'capabilities.thinking', 'model_info.supports_reasoning'];
  const flag = said.map((path) => at(entry, path)).find((value) => typeof value === 'boolean');
  if (typeof flag === 'boolean') return flag;
  const lists = ['capabilities', 'supported_parameters', 'supported_features'].map((path) => at(entry, path));
  const told = lists.filter(Array.isArray);
  if (told.some((list) => list.some((item) => THINKS.includes(item)))) return true;
  // Capabilities are told one by one, as a server learned to tell of them: silence says nothing.
  return told.some((list) => list !== lists[0]) ? false : null;
}

/** Of what could be sent, what is not in the list of what it takes. */
function refusedIn(entry: Entry): ModelFacts['sampling'] | null {
  const lists = ['supported_parameters', 'supported_sampling_parameters'].map((path) => at(entry, path));
  const taken = lists.find((list) => Array.isArray(list) && list.length > 0);
  if (!Array.isArray(taken)) return null;
  const refused = (['temperature', 'top_p', 'top_k', 'min_p'] as const).filter((name) => !taken.includes(name));
  return refused.length === 0 ? null : Object.fromEntries(refused.map((name) => [name, null]));
}

const PER_MILLION = 1_000_000;
/** In, out and cached; what a number of it is to be multiplied by for US dollars per million tokens. */
const PRICES = [
  // OpenRouter and those that it reads: US dollars a token, as text.
  [['pricing.prompt', 'pricing.completion', 'pricing.input_cache_read'], PER_MILLION],
  // Together.
  [['pricing.input', 'pricing.output', 'pricing.cached_input'], 1],
  // DeepInfra.
  [['metadata.pricing.input_tokens', 'metadata.pricing.output_tokens', 'metadata.pricing.cache_read_tokens'], 1],
  // LiteLLM, by model and by group.
  [
    [
      'model_info.input_cost_per_token',
      'model_info.output_cost_per_token',
      'model_info.cache_read_input_token_cost',
    ],
    PER_MILLION,
  ],
  [['input_cost_per_token', 'output_cost_per_token', 'cache_read_input_token_cost'], PER_MILLION],
] as const;

/** The first that is whole; less than nothing, as where it depends on which model answers, is no price. */
function priceIn(entry: Entry): ModelFacts['price'] | null {
  for (const [[in_, out, cached], times] of PRICES) {
    const [input, output, fromCache] = [in_, out, cached].map((path) => amount(at(entry, path), times));
    if (input === null || input === undefined || output === null || output === undefined) continue;
    return { input, output, ...(typeof fromCache === 'number' && { cached: fromCache }) };
  }
  return null;
}

function amount(value: unknown, times: number): number | null {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  if (typeof number !== 'number' || !Number.isFinite(number) || number < 0) return null;
  return number * times;
}

/** Billions as `7.6B`, or the number itself. */
function parametersIn(entry: Entry): number | null {
  const counts = ['meta.n_params', 'details.parameter_size', 'params_string'].map((path) => at(entry, path));
  const infos = at(entry, 'model_info');
  const count = Entry.safeParse(infos).data?.['general.parameter_count'];
  for (const value of [...counts, count]) {
    const [, number, unit = ''] = /^(\d+(?:\.\d+)?)\s*([KMBT]?)$/i.exec(String(value ?? '')) ?? [];
    if (number === undefined) continue;
    const parameters = Number(number) * ({ K: 1e3, M: 1e6, B: 1e9, T: 1e12 }[unit.toUpperCase()] ?? 1);
    if (parameters >= 1e6) return Math.round(parameters);
  }
  return null;
}

function firstCount(entry: Entry, paths: readonly string[]): number | null {
  for (const path of paths) {
    const value = at(entry, path);
    const count = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
    if (typeof count === 'number' && Number.isSafeInteger(count) && count > 0 && count <= MOST_TOKENS)
      return count;
  }
  return null;
}

function at(entry: Entry, path: string): unknown {
  let value: unknown = entry;
  for (const name of path.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
    value = (value as Entry)[name];
  }
  return value;
}

function textsIn(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item): item is string => Name.safeParse(item).success) : [];
}
