// Where the cost of a model's call is from: one closed list, the most certain first.
import { z } from 'zod';

export const CostSource = z
  .enum([
    /** Nothing was served, and it cost nothing. */
    'none',
    /** The upstream said what it took. */
    'upstream',
    /** The price list, by the tokens that the upstream told. */
    'prices',
    /** The price list, by tokens that are estimated wholly or in part. */
    'estimated',
    /** Neither the upstream nor the price list says, and it counts as nothing. */
    'unknown',
  ])
  .meta({ id: 'CostSource' });
export type CostSource = z.infer<typeof CostSource>;

/** What is told of several calls together. */
export function leastCertain(...sources: readonly CostSource[]): CostSource {
  const order = CostSource.options;
  return order[Math.max(0, ...sources.map((source) => order.indexOf(source)))] ?? 'none';
}
