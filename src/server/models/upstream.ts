// Which LLM upstream the server's settings choose. Called once, when the gateway is made.
import { SeedError } from '../../protocol/errors.ts';
import type { AccountLimitSettings } from './account-limits.ts';

export interface LlmSettings {
  /** SEED_LLM_BASE_URL: an OpenAI-compatible endpoint, usually ending in /v1. */
  baseUrl: string | null;
  /** SEED_LLM_API_KEY, for that endpoint. */
  apiKey: string | null;
  /** SEED_LLM_MODEL: the models of tasks that name none, each asked when those before it fail; none: the upstream's own default. */
  defaultModels: readonly string[];
  /** SEED_LLM_ALLOWED_MODELS: what is served and nothing else; null: all that the upstream has. */
  allowedModels: readonly string[] | null;
  /** OPENROUTER_API_KEY. */
  openRouterKey: string | null;
  limits: AccountLimitSettings;
}

export interface Upstream {
  name: string;
  /** Without a slash at the end. */
  baseUrl: string;
  apiKey: string | null;
  defaultModels: readonly [string, ...string[]];
  openRouter: boolean;
}

const OPENROUTER_HOST = 'openrouter.ai';
const OPENROUTER_URL = `https://${OPENROUTER_HOST}/api/v1`;
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
  const [first, ...rest] = settings.defaultModels;
  const defaults = (own: string): Upstream['defaultModels'] => [first ?? own, ...rest];
  if (settings.baseUrl !== null) {
    const baseUrl = parseBaseUrl(settings.baseUrl);
    const openRouter = new URL(baseUrl).hostname === OPENROUTER_HOST;
    return {
      name: openRouter ? 'openrouter' : 'upstream',
      baseUrl,
      apiKey: settings.apiKey,
      defaultModels: defaults(openRouter ? OPENROUTER_DEFAULT_MODEL : UNNAMED_MODEL),
      openRouter,
    };
  }
  if (settings.openRouterKey !== null) {
    return {
      name: 'openrouter',
      baseUrl: OPENROUTER_URL,
      apiKey: settings.openRouterKey,
      defaultModels: defaults(OPENROUTER_DEFAULT_MODEL),
      openRouter: true,
    };
  }
  return null;
}
