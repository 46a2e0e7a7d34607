// Puts together all that is known of a model: the operator's settings, what a test of it found out, what its
// upstream says, its size, and a kept table, in this order; for each thing the first that says it counts. Made by
// server.ts.
import type { Price } from '../../../lib/money.ts';
import type { FactSource } from '../../../protocol/model.ts';
import { SCRIPTED_MODEL } from '../../../protocol/model.ts';
import { type ModelFacts, type ModelProfile, USUAL_PROFILE } from '../model-profile.ts';
import type { ListedModel } from './listed-models.ts';
import { mergeFacts } from './merge-facts.ts';
import type { Rules } from './model-rules.ts';
import { factsOfSize, sizeInName } from './model-size.ts';

interface Sources {
  /** SEED_MODELS_FILE. */
  settings: Rules;
  /** What the last test of a model found out. */
  tested: Rules;
  listed(model: string): ListedModel | null;
  /** What is kept of families of models. */
  table: Rules;
}

export interface KnownModels {
  profileOf(model: string): ModelProfile;
  /** Where the things come from that the profile says; those that nobody says are as usual. */
  sourcesOf(model: string): Partial<Record<keyof ModelFacts, FactSource>>;
  priceOf(model: string): Price | null;
}

export function knownModels(sources: Sources): KnownModels {
  const layersOf = (model: string): [FactSource, ModelFacts][] => {
    const listed = model === SCRIPTED_MODEL ? null : sources.listed(model);
    // A server of one model tells its real name, whatever the task calls it.
    const named = [model, ...(listed === null ? [] : [listed.id, ...listed.aliases])];
    const settings = sources.settings(model);
    const table = mergeFacts(named.map(sources.table));
    const said = listed?.facts ?? {};
    const { reasoning = false } = mergeFacts([settings, said, table]);
    const size = listed?.parameters ?? named.map(sizeInName).find((parameters) => parameters !== null) ?? null;
    return [
      ['settings', settings],
      ['test', sources.tested(model)],
      ['upstream', said],
      ['size', factsOfSize(size, { reasoning })],
      ['table', table],
    ];
  };

  const factsOf = (model: string) => mergeFacts(layersOf(model).map(([, said]) => said));

  return {
    profileOf(model) {
      const usual = USUAL_PROFILE;
      const { outputTokens = usual.outputTokens, ...facts } = factsOf(model);
      const { contextTokens = usual.contextTokens, reasoning = usual.reasoning, tools = usual.tools } = facts;
      const { toolCalls = usual.toolCalls, sampling = usual.sampling, price = null } = facts;
      const { maxTokensField = usual.maxTokensField } = facts;
      // What is asked and what is answered share the context: half of it is left for what is asked.
      const most =
        sources.settings(model).outputTokens === undefined ? Math.ceil(contextTokens / 2) : contextTokens;
      return {
        ...{ contextTokens, outputTokens: Math.min(outputTokens, most), reasoning, tools },
        ...{ toolCalls, sampling, maxTokensField, price },
      };
    },
    sourcesOf(model) {
      const named = layersOf(model).reverse();
      return Object.assign({}, ...named.map(([source, said]) => Object.fromEntries(fields(said, source))));
    },
    priceOf: (model) => factsOf(model).price ?? null,
  };
}

const fields = (facts: ModelFacts, source: FactSource) => Object.keys(facts).map((name) => [name, source]);
