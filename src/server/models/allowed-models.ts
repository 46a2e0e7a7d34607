// Which models a key's tasks may use: asked when a task is accepted and at each model call; told by `models list`.
import { SeedError } from '../../protocol/errors.ts';
import type { Lineage } from '../../protocol/key.ts';
import { type ModelView, modelNote } from '../../protocol/model.ts';
import { allowedModels } from '../access/lineage.ts';
import type { LlmGateway } from './gateway.ts';
import { type KnownOfModels, knownOf } from './model-view.ts';

export function mayUseModel(model: string, lineage: Lineage): boolean {
  return allowedModels(lineage)?.includes(model) ?? true;
}

/** @throws SeedError model_not_allowed */
export function refuseModel(model: string, lineage: Lineage): void {
  if (mayUseModel(model, lineage)) return;
  throw new SeedError('model_not_allowed', `this key may not use the model "${model}"`, {
    hint: `It may use: ${allowedModels(lineage)?.join(', ') || 'none'}.`,
  });
}

/**
 * The model asked for or, without one, the key's defaults, of which each answers when those before it cannot.
 * @throws SeedError unknown_model or model_not_allowed
 */
export function chooseModels(
  asked: string | undefined,
  lineage: Lineage,
  llm: Pick<LlmGateway, 'defaultModels' | 'knows' | 'refuseUnknown'>,
): readonly [string, ...string[]] {
  const chosen = asked === undefined ? defaultModelsFor(lineage, llm) : ([asked] as const);
  llm.refuseUnknown(chosen[0]);
  refuseModel(chosen[0], lineage);
  return chosen;
}

/** The server's defaults that the key may use; without any, the first that it may use and the server has. */
function defaultModelsFor(
  lineage: Lineage,
  llm: Pick<LlmGateway, 'defaultModels' | 'knows'>,
): readonly [string, ...string[]] {
  const [first, ...rest] = llm.defaultModels.filter((model) => mayUseModel(model, lineage));
  if (first !== undefined) return [first, ...rest];
  return [allowedModels(lineage)?.find(llm.knows) ?? llm.defaultModels[0]];
}

/** Those known by name that the key may use, the defaults first; `others`: the upstream's other names, too. */
export function modelsFor(
  lineage: Lineage,
  llm: Pick<LlmGateway, 'defaultModels' | 'knows' | 'named' | 'servesOthers'>,
  known: KnownOfModels,
): { items: ModelView[]; others: boolean } {
  const own = allowedModels(lineage);
  const defaults = defaultModelsFor(lineage, llm).filter((model) => mayUseModel(model, lineage));
  const named = own?.filter(llm.knows) ?? llm.named;
  return {
    items: [...new Set([...defaults, ...named])].map((name) => ({
      name,
      default: defaults.includes(name),
      note: modelNote([name]),
      ...knownOf(name, known),
    })),
    others: own === null && llm.servesOthers,
  };
}
