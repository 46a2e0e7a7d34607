// Which models this server serves, and which it uses when a task names none.
import { SeedError } from '../../protocol/errors.ts';
import { SCRIPTED_MODEL } from './scripted/scripted.ts';
import type { Upstream } from './upstream.ts';

export interface ServedModels {
  /** Asked in this order, each when those before it cannot answer. */
  defaultModels: readonly [string, ...string[]];
  /** Those that are known by name, the defaults first; an upstream without an allow-list may have more. */
  named: readonly string[];
  /** The upstream may have more than those. */
  servesOthers: boolean;
  /** Whether a task may name this model: one of the allow-list, without one `scripted` and any that the upstream may have. */
  knows(model: string): boolean;
  /** @throws SeedError unknown_model, naming what there is */
  refuseUnknown(model: string): void;
}

/** OpenRouter's suffix for a model that searches the web. */
const WEB_SEARCH_SUFFIX = ':online';

/** @throws SeedError invalid_settings when the defaults are not among what is allowed */
export function servedModels(upstream: Upstream | null, allowed: readonly string[] | null): ServedModels {
  const defaultModels = upstream?.defaultModels ?? ([SCRIPTED_MODEL] as const);
  const knows = (model: string) => {
    if (allowed !== null && !allowed.includes(model)) return false;
    return (
      model === SCRIPTED_MODEL || (upstream !== null && model !== '' && !model.endsWith(WEB_SEARCH_SUFFIX))
    );
  };
  const wrong = defaultModels.find((model) => !knows(model));
  if (wrong !== undefined) {
    throw new SeedError('invalid_settings', `the default model ${wrong} is not served`, {
      hint: `Name it in SEED_LLM_ALLOWED_MODELS, or other models in SEED_LLM_MODEL. Models that search the web are never served.`,
    });
  }
  const named = [...new Set([...defaultModels, ...(allowed ?? [SCRIPTED_MODEL]).filter(knows)])];
  const servesOthers = allowed === null && upstream !== null;
  return {
    defaultModels,
    named,
    servesOthers,
    knows,
    refuseUnknown(model) {
      if (knows(model)) return;
      const others = servesOthers ? ' and others that the upstream has' : '';
      const hint = `There are: ${named.join(', ')}${others}.`;
      const shown = JSON.stringify(model.slice(0, 200));
      throw new SeedError('unknown_model', `the model ${shown} is not served here`, { hint });
    },
  };
}
