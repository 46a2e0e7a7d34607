// Asks an upstream what it says of its models: its list, and where it is known to tell more at another place, that
// too. Within bounds of time and bytes, along no redirect. Called by known-models.ts.
import { z } from 'zod';
import { createCallSignal, readText } from '../call-signal.ts';
import type { Upstream } from '../upstream.ts';
import { parseObject } from '../upstream-failure.ts';
import { type ListedModel, listedModel, listedModels } from './listed-models.ts';
import { mergeFacts } from './merge-facts.ts';

/** All that is asked of one upstream at a time. */
const WITHIN_MS = 10_000;
/** One answer. */
const ANSWER_MS = 3_000;
const MOST_BYTES = 16 * 1024 * 1024;
/** Models that Ollama is asked of one by one. */
const SHOWN_MOST = 20;

interface ReadOptions {
  /** Models that are asked about where the list says nothing of them. */
  wanted: readonly string[];
  fetch: typeof fetch;
  signal: AbortSignal;
}

type Ask = (path: string, body?: object) => Promise<unknown>;

/**
 * @returns null when it has no list of models
 * @throws when it cannot be reached, takes too long, or answers with something else
 */
export async function readUpstreamModels(
  upstream: Pick<Upstream, 'baseUrl' | 'apiKey'>,
  { wanted, fetch, signal }: ReadOptions,
): Promise<ListedModel[] | null> {
  const call = createCallSignal(signal, WITHIN_MS, WITHIN_MS);
  const base = new URL(upstream.baseUrl);
  // What is not OpenAI's lies beside `/v1`.
  const root = upstream.baseUrl.replace(/\/v1$/, '');
  const ask = async (url: string, body?: object): Promise<unknown> => {
    const asked = fetch(url, {
      redirect: 'error',
      signal: call.signal,
      headers: {
        accept: 'application/json',
        'user-agent': 'seed',
        ...(upstream.apiKey !== null && { authorization: `Bearer ${upstream.apiKey}` }),
        ...(upstream.apiKey !== null && isGoogle(base) && { 'x-goog-api-key': upstream.apiKey }),
        ...(body && { 'content-type': 'application/json' }),
      },
      ...(body && { method: 'POST', body: JSON.stringify(body) }),
    });
    const response = await call.within(ANSWER_MS, 'answer', asked);
    const { text, complete } = await readText(response, { call, maxBytes: MOST_BYTES, idleMs: ANSWER_MS });
    if (response.status === 404 || response.status === 405 || response.status === 501) return null;
    const json = response.ok && complete ? parseObject(text) : null;
    if (json === null) throw new Error(`answered ${response.status} with no list`);
    return json;
  };
  try {
    const list = await ask(`${upstream.baseUrl}/models`);
    if (list === null) return null;
    const listed = listedModels(list);
    if (listed === null) throw new Error('answered with no list of models');
    // What is said elsewhere is only more: without it there is still the list.
    const more = await askMore(list, { base, root, wanted, ask }).catch(() => []);
    return [...listed.map((model) => joined(model, more)), ...more.filter(({ id }) => isNew(id, listed))];
  } finally {
    call.close();
  }
}

interface More {
  base: URL;
  root: string;
  wanted: readonly string[];
  ask: Ask;
}

const Owned = z.object({
  data: z.array(
    z
      .object({
        owned_by: z.string().nullish().catch(null),
        id: z.string(),
        created: z.number().nullish().catch(null),
      })
      .nullable()
      .catch(null),
  ),
});
/** The time that LiteLLM gives all its models. */
const LITELLM_CREATED = 1_677_610_602;

const isGoogle = ({ hostname }: URL) => hostname === 'generativelanguage.googleapis.com';

/** Which server it is shows in its list. */
async function askMore(list: unknown, { base, root, wanted, ask }: More): Promise<ListedModel[]> {
  // Google's list in OpenAI's form says nothing, its own all.
  if (isGoogle(base)) {
    const own = await ask(`${upstreamOrigin(base)}/v1beta/models?pageSize=1000`);
    return listedModels(own) ?? [];
  }
  const entries = Owned.safeParse(list).data?.data.filter((entry) => entry !== null) ?? [];
  const isOwnedBy = (owner: string) => entries.some(({ owned_by }) => owned_by === owner);
  if (isOwnedBy('llamacpp'))
    return entries.length === 1 ? loadedByLlama(entries[0]?.id, await ask(`${root}/props`)) : [];
  if (isOwnedBy('organization_owner')) return listedModels(await ask(`${root}/api/v0/models`)) ?? [];
  if (isOwnedBy('library')) return await shownByOllama(entries, { root, wanted, ask });
  if (entries.some(({ created }) => created === LITELLM_CREATED)) {
    return listedModels(await ask(`${root}/model/info`)) ?? [];
  }
  return [];
}

const upstreamOrigin = (base: URL) => base.origin;

const Props = z.object({ default_generation_settings: z.object({ n_ctx: z.number() }) });

/** What llama-server has loaded has the context that it was started with, divided among its slots. */
function loadedByLlama(id: string | undefined, json: unknown): ListedModel[] {
  const props = Props.safeParse(json);
  if (id === undefined || !props.success) return [];
  return [listedModel({ id, meta: { n_ctx: props.data.default_generation_settings.n_ctx } })].filter(
    (one) => one !== null,
  );
}

const Shown = z.looseObject({
  model_info: z.record(z.string(), z.unknown()).optional().catch(undefined),
  parameters: z.string().optional().catch(undefined),
});

/** What Ollama gives a model that its file, its environment and its loading say nothing of. */
const OLLAMA_CONTEXT = 4_096;

/** Ollama tells of each model by itself, and of those that run how much context they were given. */
async function shownByOllama(
  entries: readonly { id: string }[],
  { root, wanted, ask }: Pick<More, 'root' | 'wanted' | 'ask'>,
): Promise<ListedModel[]> {
  const running = listedModels(await ask(`${root}/api/ps`)) ?? [];
  const ids = entries.map(({ id }) => id).filter((id) => wanted.some((name) => isSameOllama(name, id)));
  const shown = await Promise.all(
    ids.slice(0, SHOWN_MOST).map(async (id) => {
      const {
        model_info = {},
        parameters = '',
        ...rest
      } = Shown.parse(await ask(`${root}/api/show`, { model: id }));
      const most = Object.entries(model_info).find(([name]) => name.endsWith('.context_length'))?.[1];
      const set = /^num_ctx\s+(\d+)$/m.exec(parameters)?.[1];
      const runs = running.find((model) => isSameOllama(model.id, id))?.facts.contextTokens;
      const given = runs ?? (set === undefined ? OLLAMA_CONTEXT : Number(set));
      const context = typeof most === 'number' ? Math.min(most, given) : given;
      return listedModel({
        ...rest,
        id,
        model_info,
        aliases: [id.replace(/:latest$/, '')],
        context_length: context,
      });
    }),
  );
  return shown.filter((one) => one !== null);
}

const isSameOllama = (one: string, other: string) => one.replace(/:latest$/, '') === other.replace(/:latest$/, '');

function isNew(id: string, listed: readonly ListedModel[]): boolean {
  return !listed.some((model) => model.id === id);
}

/** What is said at the other place is said of the server as it runs, and goes first. */
function joined(model: ListedModel, more: readonly ListedModel[]): ListedModel {
  const same = more.find(({ id }) => id === model.id);
  if (same === undefined) return model;
  return {
    id: model.id,
    aliases: [...new Set([...model.aliases, ...same.aliases])],
    facts: mergeFacts([same.facts, model.facts]),
    parameters: same.parameters ?? model.parameters,
  };
}
