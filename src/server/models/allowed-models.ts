// Which models a key's tasks may use: asked when a task is accepted and at each model call; told by `models list`.

import type { Actor } from '../../command/call.ts';
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

/** Whose models they are. */
type Owner = Pick<Actor, 'lineage' | 'accountModels'>;

/**
 * The models asked for or, without any, the key's defaults, of which each answers when those before it cannot.
 * @throws SeedError unknown_model or model_not_allowed
 */
export function chooseModels(
  asked: readonly string[] | undefined,
  owner: Owner,
  llm: Pick<LlmGateway, 'defaultModels' | 'knows' | 'refuseUnknown'>,
): readonly [string, ...string[]] {
  const [first = llm.defaultModels[0], ...rest] = new Set(asked ?? defaultModelsFor(owner, llm));
  for (const model of [first, ...rest]) {
    llm.refuseUnknown(model);
    refuseModel(model, owner.lineage);
  }
  return [first, ...rest];
}

/**
 * Of the key's list, else the account's, else the server's, those that the key may use and the server has; without
 * any, the first that it may use.
 */
function defaultModelsFor(
  { lineage, accountModels }: Owner,
  llm: Pick<LlmGateway, 'defaultModels' | 'knows'>,
): readonly [string, ...string[]] {
  const ofKey = lineage.find(({ models }) => models !== null)?.models ?? null;
  for (const list of [ofKey, accountModels, llm.defaultModels]) {
    const [first, ...rest] = (list ?? []).filter((model) => llm.knows(model) && mayUseModel(model, lineage));
    if (first !== undefined) return [first, ...rest];
  }
  return [allowedModels(lineage)?.find(llm.knows) ?? llm.defaultModels[0]];
}

/** Those known by name that the key may use, the defaults first; `others`: the upstream's other names, too. */
export function modelsFor(
  owner: Owner,
  llm: Pick<LlmGateway, 'defaultModels' | 'knows' | 'named' | 'servesOthers'>,
  known: KnownOfModels,
): { items: ModelView[]; others: boolean } {
  const { lineage } = owner;
  const own = allowedModels(lineage);
  const defaults = defaultModelsFor(owner, llm).filter((model) => mayUseModel(model, lineage));
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
