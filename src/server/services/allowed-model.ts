// Which models a key's tasks may use: asked when a task is accepted and at each of its model calls.
import { allowedModels, type Lineage } from '../../core/key-lineage.ts';
import { SeedError } from '../../protocol/errors.ts';

/** @throws SeedError model_not_allowed */
export function refuseModel(model: string, lineage: Lineage): void {
  const allowed = allowedModels(lineage);
  if (allowed === null || allowed.includes(model)) return;
  throw new SeedError('model_not_allowed', `this key may not use the model "${model}"`, {
    hint: `It may use: ${allowed.join(', ') || 'none'}.`,
  });
}

/** The server's default, or the first model that the key may use when that is not among them. */
export function defaultModelFor(lineage: Lineage, serverDefault: string): string {
  const allowed = allowedModels(lineage);
  return allowed === null || allowed.includes(serverDefault) ? serverDefault : (allowed[0] ?? serverDefault);
}
