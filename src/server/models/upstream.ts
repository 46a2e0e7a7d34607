// The services that models come from: the one that the server's settings choose, and the one that the server
// starts itself for `scripted`. Called by server.ts; the gateway asks which of them serves a model.
import { SeedError } from '../../protocol/errors.ts';
import { modelNote, SCRIPTED_MODEL } from '../../protocol/model.ts';
import type { AccountLimitSettings } from './account-limits.ts';

export interface LlmSettings {
  /** SEED_LLM_BASE_URL: an OpenAI-compatible endpoint, usually ending in /v1. */
  baseUrl: string | null;
  /** SEED_LLM_API_KEY, for that endpoint. */
  apiKey: string | null;
  /** SEED_LLM_MODEL: the models of tasks that name none, in their order; none: the upstream's own default. */
  defaultModels: readonly string[];
  /** SEED_LLM_ALLOWED_MODELS: what is served and nothing else; null: all that the upstream has. */
  allowedModels: readonly string[] | null;
  /** OPENROUTER_API_KEY. */
  openRouterKey: string | null;
  limits: AccountLimitSettings;
}

export interface Upstream {
  /** As `GET /llm/v1/models` calls the owner of its models. */
  name: string;
  /** In OpenTelemetry's words: `openai` stands for whatever speaks OpenAI's protocol, whoever is behind it. */
  provider: 'openai' | 'openrouter' | 'seed';
  /** Without a slash at the end. */
  baseUrl: string;
  apiKey: string | null;
  /** Used by tasks that name none. */
  defaultModels: readonly [string, ...string[]];
  /** All that it serves; null: whatever it knows by the name. */
  models: readonly string[] | null;
  openRouter: boolean;
  limits: AccountLimitSettings;
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
 * The upstream of SEED_LLM_BASE_URL, else OpenRouter when its key is there, else null: then there is only
 * `scripted`. Each key goes to its own upstream only. Throws invalid_settings for an address that cannot be used.
 */
export function chooseUpstream(settings: LlmSettings): Upstream | null {
  const isOwn = settings.baseUrl !== null;
  if (!isOwn && settings.openRouterKey === null) return null;
  const baseUrl = settings.baseUrl === null ? OPENROUTER_URL : parseBaseUrl(settings.baseUrl);
  const openRouter = new URL(baseUrl).hostname === OPENROUTER_HOST;
  const [first = openRouter ? OPENROUTER_DEFAULT_MODEL : UNNAMED_MODEL, ...rest] = settings.defaultModels;
  return {
    name: openRouter ? 'openrouter' : 'upstream',
    provider: isOwn ? 'openai' : 'openrouter',
    baseUrl,
    apiKey: isOwn ? settings.apiKey : settings.openRouterKey,
    defaultModels: [first, ...rest],
    models: null,
    openRouter,
    limits: settings.limits,
  };
}

/** The upstream of `scripted`, which the server starts itself. */
export function scriptedUpstream({ baseUrl, apiKey }: Pick<Upstream, 'baseUrl' | 'apiKey'>): Upstream {
  const models = [SCRIPTED_MODEL] as const;
  const common = { name: 'seed', provider: 'seed', openRouter: false, limits: {} } as const;
  return { ...common, baseUrl, apiKey, models, defaultModels: models };
}

/** What a start says on the terminal about its models. */
export function modelNotices(settings: LlmSettings, defaultModels: readonly string[]): string[] {
  const namesOthers = settings.defaultModels.some((model) => !defaultModels.includes(model));
  const isLonely = settings.baseUrl === null && (settings.apiKey !== null || namesOthers);
  return [
    ...[modelNote(defaultModels)].filter((note) => note !== null),
    ...(isLonely && settings.openRouterKey === null
      ? ['A model or a key is set, but no address: SEED_LLM_MODEL and SEED_LLM_API_KEY go with SEED_LLM_BASE_URL.']
      : []),
  ];
}

/** OpenRouter's suffix for a model that searches the web, which is never served. */
const WEB_SEARCH_SUFFIX = ':online';

/** Which of them serves a model: the one that lists it, else one that may know the name. */
export function upstreamOf(upstreams: readonly Upstream[], model: string): Upstream | null {
  const listing = upstreams.find(({ models }) => models?.includes(model));
  if (listing !== undefined) return listing;
  if (model === '' || model.endsWith(WEB_SEARCH_SUFFIX)) return null;
  return upstreams.find(({ models }) => models === null) ?? null;
}

/** Tells one upstream from another, also after a restart: that of `scripted` has a new address each time. */
export function addressOf(upstreams: readonly Upstream[], model: string): string {
  const upstream = upstreamOf(upstreams, model);
  return upstream === null || upstream.provider === 'seed' ? 'seed' : upstream.baseUrl;
}
