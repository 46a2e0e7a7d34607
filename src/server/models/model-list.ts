// The answer of GET /llm/v1/models, as OpenAI has it.
import { SCRIPTED_MODEL } from './scripted/scripted.ts';
import type { ServedModels } from './served-models.ts';
import type { Upstream } from './upstream.ts';

export interface ModelList {
  object: 'list';
  data: { id: string; object: 'model'; created: number; owned_by: string }[];
}

/** When the list was written; it does not change while the server runs. */
const CREATED_SECONDS = 1_767_225_600;

export function modelList({ named }: ServedModels, upstream: Upstream | null): ModelList {
  return {
    object: 'list',
    data: named.map((id) => ({
      id,
      object: 'model',
      created: CREATED_SECONDS,
      owned_by: id === SCRIPTED_MODEL ? 'seed' : (upstream?.name ?? 'seed'),
    })),
  };
}
