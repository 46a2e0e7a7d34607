// Which LLM upstream the server's settings choose. Called once, when the gateway is made.
import { SeedError } from '../../protocol/errors.ts';

export interface LlmSettings {
  /** SEED_LLM_BASE_URL: an OpenAI-compatible endpoint, usually ending in /v1. */
  baseUrl: string | null;
  /** SEED_LLM_API_KEY, for that endpoint. */
  apiKey: string | null;
  /** The model of tasks that name none; null for the upstream's own default. */
  defaultModel: string | null;
  /** OPENROUTER_API_KEY. */
  openRouterKey: string | null;
}

export interface Upstream {
  name: string;
  /** Without a slash at the end. */
  baseUrl: string;
  apiKey: string | null;
  defaultModel: string;
}

const OPENROUTER_URL = 'https://openrouter.ai/api/v1';
/** Free of charge, takes tools, a million tokens of context. */
const OPENROUTER_DEFAULT_MODEL = 'nvidia/nemotron-3-super-120b-a12b:free';
/** Servers with one model take any name; the others say which names they have. */
const UNNAMED_MODEL = 'default';

function parseBaseUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  const wrong =
    url === null || !['http:', 'https:'].includes(url.protocol)
      ? 'is not an http or https address'
      : url.username !== '' || url.password !== ''
        ? 'holds a user name or password'
        : url.search !== '' || url.hash !== ''
          ? 'has a query or a fragment'
          : null;
  if (wrong !== null) {
    throw new SeedError('invalid_settings', `SEED_LLM_BASE_URL ${wrong}`, {
      hint: 'Set it to something like https://llm.example.com/v1, and the key in SEED_LLM_API_KEY.',
    });
  }
  return text.replace(/\/+$/, '');
}

/**
 * The upstream of SEED_LLM_BASE_URL, else OpenRouter when its key is there, else null: only the scripted model.
 * Each key goes to its own upstream only. Throws invalid_settings for an address that cannot be used.
 */
export function chooseUpstream(settings: LlmSettings): Upstream | null {
  if (settings.baseUrl !== null) {
    return {
      name: 'upstream',
      baseUrl: parseBaseUrl(settings.baseUrl),
      apiKey: settings.apiKey,
      defaultModel: settings.defaultModel ?? UNNAMED_MODEL,
    };
  }
  if (settings.openRouterKey !== null) {
    return {
      name: 'openrouter',
      baseUrl: OPENROUTER_URL,
      apiKey: settings.openRouterKey,
      defaultModel: settings.defaultModel ?? OPENROUTER_DEFAULT_MODEL,
    };
  }
  return null;
}
