// A model as lists and pages show it: what is known of it, who says so, and what its last test found out.
import type { Price } from '../../lib/money.ts';
import type { FactSource, ModelHealth, ModelTest, ModelView } from '../../protocol/model.ts';
import type { ModelFacts, ModelProfile } from './model-profile.ts';

export interface KnownOfModels {
  profileOf(model: string): ModelProfile;
  sourcesOf(model: string): Partial<Record<keyof ModelFacts, FactSource>>;
  /** Null: it was not tested. */
  testOf(model: string): ModelTest | null;
  /** Whether it answers. */
  healthOf(model: string): ModelHealth;
  /** What the price list has, which goes before all else; null: it has not this model. */
  listPriceOf(model: string): Price | null;
}

type Known = Omit<ModelView, 'name' | 'default' | 'note'>;

/** The things that a source is told of. */
const TOLD = ['contextTokens', 'outputTokens', 'reasoning', 'tools', 'toolCalls', 'price'] as const;

export function knownOf(model: string, known: KnownOfModels): Known {
  const { profileOf, sourcesOf, testOf, listPriceOf, healthOf } = known;
  const { sampling, maxTokensField: _, ...profile } = profileOf(model);
  const said = sourcesOf(model);
  const test = testOf(model);
  const listPrice = listPriceOf(model);
  return {
    ...profile,
    price: listPrice ?? profile.price,
    temperature: sampling.temperature ?? null,
    sources: Object.fromEntries([
      ...TOLD.map((name) => [name, said[name] ?? 'usual'] as const),
      ['temperature', said.sampling ?? 'usual'] as const,
      ...(listPrice === null ? [] : [['price', 'prices'] as const]),
    ]),
    test,
    health: healthOf(model),
  };
}
