// What a key may hand on: only scopes and limits that it has itself. Used by the services of keys and tasks.
import type { Actor } from '../../command/call.ts';
import { isCidr } from '../../lib/cidr.ts';
import { SeedError } from '../../protocol/errors.ts';
import type { SomeKeyLimits } from '../../protocol/key.ts';
import { allows, expand, unknownScopes } from '../../protocol/scope.ts';
import type { ServerParts } from '../parts.ts';
import { refuseWiderLimits } from './lineage.ts';

/** A wildcard needs the same wildcard or a wider one: it also stands for scopes that are still to come. */
export function refuseForeignScopes(wanted: readonly string[], actor: Actor, known: readonly string[]): void {
  const foreign = wanted.filter((scope) => !allows(actor.key.scopes, scope));
  if (foreign.length === 0) return;
  throw new SeedError('missing_scope', `this key cannot grant ${foreign.join(', ')}: it lacks it itself`, {
    hint: `It can grant ${expand(actor.key.scopes, known).join(', ') || 'nothing'}.`,
  });
}

/** @throws SeedError unknown_scope */
export function refuseUnknownScopes(wanted: readonly string[], known: readonly string[]): void {
  const unknown = unknownScopes(wanted, known);
  if (unknown.length === 0) return;
  throw new SeedError('unknown_scope', `no command has the scope ${unknown.join(', ')}`, {
    hint: `There are: ${known.join(', ')}.`,
  });
}

/**
 * Refuses limits that mean nothing or are wider than the actor's own. What is undefined is not looked at.
 * @throws SeedError invalid_input, unknown_model or not_allowed
 */
export function refuseLimits(
  wanted: SomeKeyLimits,
  actor: Actor,
  llm: Pick<ServerParts['llm'], 'knows'>,
): void {
  const wrong = wanted.allowedCidrs?.find((cidr) => !isCidr(cidr));
  if (wrong !== undefined) {
    throw new SeedError('invalid_input', `allowedCidrs: "${wrong}" is no address or range`, {
      hint: 'Write 10.0.0.0/8, 2001:db8::/32, or one address alone.',
    });
  }
  const unknown = wanted.allowedModels?.find((model) => !llm.knows(model));
  if (unknown !== undefined)
    throw new SeedError('unknown_model', `allowedModels: there is no model "${unknown}"`);
  refuseWiderLimits(wanted, actor.lineage);
}

/** What a task does ends with it, so it cannot let later tasks leave keys behind. */
export function refuseLastingKeys(wanted: boolean | undefined, actor: Actor): void {
  if (!wanted || actor.lineage.length === 1) return;
  throw new SeedError('not_allowed', 'a task cannot set tasksMayCreateLastingKeys');
}
