// Which models this server serves, and which it uses when a task names none.
import { SeedError } from '../../protocol/errors.ts';
import { type Upstream, upstreamOf } from './upstream.ts';

export interface ServedModels {
  /** Asked in this order, each when those before it cannot answer. */
  defaultModels: readonly [string, ...string[]];
  /** Those that are known by name, the defaults first; an upstream without an allow-list may have more. */
  named: readonly string[];
  /** The upstream may have more than those. */
  servesOthers: boolean;
  /** Whether a task may name this model: one of the allow-list, without one any that an upstream may have. */
  knows(model: string): boolean;
  /** The error unknown_model, which names what there is. */
  unknown(model: string): SeedError;
  /** @throws SeedError unknown_model */
  refuseUnknown(model: string): void;
}

/** @throws SeedError invalid_settings when the defaults are not among what is allowed */
export function servedModels(
  upstreams: readonly [Upstream, ...Upstream[]],
  allowed: readonly string[] | null,
): ServedModels {
  const [{ defaultModels }] = upstreams;
  const knows = (model: string) => (allowed?.includes(model) ?? true) && upstreamOf(upstreams, model) !== null;
  const wrong = defaultModels.find((model) => !knows(model));
  if (wrong !== undefined) {
    throw new SeedError('invalid_settings', `the default model ${wrong} is not served`, {
      hint: `Name it in SEED_LLM_ALLOWED_MODELS, or other models in SEED_LLM_MODEL. Models that search the web are never served.`,
    });
  }
  const listed = upstreams.flatMap(({ models }) => models ?? []);
  const named = [...new Set([...defaultModels, ...(allowed ?? listed).filter(knows)])];
  const servesOthers = allowed === null && upstreams.some(({ models }) => models === null);
  const unknown = (model: string) => {
    const hint = `There are: ${named.join(', ')}${servesOthers ? ' and others that the upstream has' : ''}.`;
    const shown = JSON.stringify(model.slice(0, 200));
    return new SeedError('unknown_model', `the model ${shown} is not served here`, { hint });
  };
  return {
    defaultModels,
    named,
    servesOthers,
    knows,
    unknown,
    refuseUnknown(model) {
      if (!knows(model)) throw unknown(model);
    },
  };
}

/** When the list was written; it does not change while the server runs. */
const CREATED_SECONDS = 1_767_225_600;

/** The answer of GET /llm/v1/models, as OpenAI has it. */
export function modelList({ named }: ServedModels, upstreams: readonly Upstream[]) {
  const owner = (model: string) => upstreamOf(upstreams, model)?.name ?? 'seed';
  const data = named.map((id) => ({ id, object: 'model', created: CREATED_SECONDS, owned_by: owner(id) }));
  return { object: 'list', data };
}
