// The models that a key's tasks can be given: those known by name that the key may use, defaults first.
import type { Actor } from '../../command/call.ts';
import type { ModelService } from '../../command/context.ts';
import { modelNote } from '../../protocol/model.ts';
import { allowedModels } from '../access/lineage.ts';
import type { ServerParts } from '../parts.ts';
import { defaultModelsFor, mayUseModel } from './allowed-model.ts';

export function modelService(
  { llm }: Pick<ServerParts, 'llm'>,
  { lineage }: Pick<Actor, 'lineage'>,
): ModelService {
  return {
    list: () => {
      const own = allowedModels(lineage);
      const defaults = defaultModelsFor(lineage, llm).filter((model) => mayUseModel(model, lineage));
      const named = own?.filter(llm.knows) ?? llm.named;
      return {
        items: [...new Set([...defaults, ...named])].map((name) => ({
          name,
          default: defaults.includes(name),
          note: modelNote([name]),
        })),
        others: own === null && llm.servesOthers,
      };
    },
  };
}
