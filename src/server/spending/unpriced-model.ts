// A limit in US dollars and a model that nobody knows the price of do not go together: nobody could say when it is reached.

import { SeedError } from '../../protocol/errors.ts';
import type { Bound } from './budget.ts';

/** @param bound the limit that could not be kept */
export function unpricedModel(model: string, bound: Bound): SeedError {
  const shown = JSON.stringify(model.slice(0, 200));
  return new SeedError(
    'unpriced_model',
    `what the model ${shown} costs is not known, so that a limit in US dollars could not be kept: ${bound.says}`,
    {
      hint: 'Limit tokens or calls instead, ask for a model that has a price, or have the operator add one to the price list (SEED_PRICES_FILE, see docs/models.md).',
    },
  );
}
