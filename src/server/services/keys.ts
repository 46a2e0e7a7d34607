// Keys of the caller's account. A key can hand on only what it has: its scopes, for no longer than itself.
import type { Actor, KeyService } from '../../commands/context.ts';
import { allows, expand, unknownScopes } from '../../core/scopes.ts';
import { SeedError } from '../../protocol/errors.ts';
import { getKey, insertKey, listKeys, revokeKey } from '../../store/keys.ts';
import type { ServerParts } from '../parts.ts';
import { mintKey } from './mint-key.ts';

export function keyService({ store, registry }: ServerParts, actor: Actor): KeyService {
  const found = <Row>(row: Row | null, id: string): Row => {
    if (row === null)
      throw new SeedError('not_found', `there is no key ${id}`, { hint: 'seed keys list shows the ids.' });
    return row;
  };
  return {
    create: async (input) => {
      refuseForeignScopes(input.scopes, actor, registry.scopes(actor.operator));
      const expiresAt = expiryOf(input.expiresAt, actor, store.clock.now());
      const { secret, secretHash, prefix } = mintKey();
      const { accountId } = actor;
      const scopes = [...new Set(input.scopes)];
      const key = await insertKey(store.db, {
        accountId,
        name: input.name,
        secretHash,
        prefix,
        scopes,
        expiresAt,
      });
      return { key, secret };
    },
    list: (filter) => listKeys(store.db, actor.accountId, filter, store.clock.now()),
    get: async (id) => found(await getKey(store.db, actor.accountId, id, store.clock.now()), id),
    revoke: async (id) =>
      found(await revokeKey(store.db, actor.accountId, id, actor.key.id, store.clock.now()), id),
  };
}

/** A wildcard needs the same wildcard or a wider one: it also stands for scopes that are still to come. */
function refuseForeignScopes(wanted: readonly string[], actor: Actor, known: readonly string[]): void {
  refuseUnknownScopes(wanted, known);
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

function expiryOf(wanted: string | undefined, actor: Actor, now: Date): Date | null {
  const own = actor.key.expiresAt === null ? null : new Date(actor.key.expiresAt);
  if (wanted === undefined) return own;
  const expiresAt = new Date(wanted);
  if (expiresAt <= now) throw new SeedError('invalid_input', `expiresAt: ${wanted} is in the past`);
  if (own !== null && expiresAt > own) {
    throw new SeedError(
      'not_allowed',
      `a key cannot outlive the key that creates it, which expires ${own.toISOString()}`,
    );
  }
  return expiresAt;
}
