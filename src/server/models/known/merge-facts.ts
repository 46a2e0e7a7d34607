// Puts together what several sources say of one model. Called by model-rules.ts and known-models.ts.
import type { ModelFacts } from '../model-profile.ts';

/** The first that says a thing counts; how answers are chosen is put together field by field. */
export function mergeFacts(sources: readonly ModelFacts[]): ModelFacts {
  let merged: ModelFacts = {};
  for (const { sampling, ...facts } of sources) {
    const both = sampling && { sampling: { ...sampling, ...merged.sampling } };
    merged = { ...facts, ...merged, ...both };
  }
  return merged;
}
