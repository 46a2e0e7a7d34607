// Keys of the caller's account. A key can hand on only what it has: its scopes, its limits, for no longer than itself.
import type { Actor } from '../../command/call.ts';
import type { KeyCreation, KeyService, KeyUpdate } from '../../command/context.ts';
import { inTransaction } from '../../db/transaction.ts';
import { SeedError } from '../../protocol/errors.ts';
import type { Key } from '../../protocol/key.ts';
import type { ServerParts } from '../parts.ts';
import { refuseForeignScopes, refuseLastingKeys, refuseLimits, refuseUnknownScopes } from './grants.ts';
import { updateKey } from './key-change.ts';
import { keyExpiry } from './key-expiry.ts';
import { listKeys } from './key-list.ts';
import { createKey, getKey, revokeKey } from './keys.ts';
import { boundTo, inheritLimits, latestExpiry } from './lineage.ts';
import { mintKey } from './mint-key.ts';
import { rotate } from './rotate-key.ts';

export function keyService(parts: ServerParts, actor: Actor): KeyService {
  const { store } = parts;
  const get = async (id: string) => found(await getKey(store.db, actor.accountId, id, store.clock.now()), id);
  return {
    create: (input) => create(parts, actor, input),
    list: (filter) => listKeys(store.db, actor.accountId, filter, store.clock.now()),
    get,
    update: async (id, changes, yes) => update(parts, actor, await get(id), changes, yes),
    rotate: async (id, grace, expiry, yes) => rotate(parts, actor, await get(id), { grace, expiry, yes }),
    revoke: async (id, yes) =>
      found(await revokeKey(store, actor.accountId, id, actor.key.id, store.clock.now(), { yes }), id),
  };
}

function found(key: Key | null, id: string): Key {
  if (key) return key;
  throw new SeedError('not_found', `there is no key ${id}`, { hint: 'seed keys list shows the ids.' });
}

async function create({ store, registry, llm }: ServerParts, actor: Actor, input: KeyCreation) {
  const known = registry.scopes(actor.operator);
  refuseUnknownScopes(input.scopes, known);
  refuseForeignScopes(input.scopes, actor, known);
  refuseLastingKeys(input.tasksMayCreateLastingKeys, actor);
  const limits = inheritLimits(input, actor.lineage);
  refuseLimits(limits, actor, llm);
  const now = store.clock.now();
  const expiresAt = keyExpiry(input, now, latestExpiry(actor.lineage));
  const { secret, secretHash, prefix } = mintKey();
  const created = {
    ...limits,
    accountId: actor.accountId,
    name: input.name,
    secretHash,
    prefix,
    scopes: [...new Set(input.scopes)],
    expiresAt,
    metadata: input.metadata,
    tasksMayCreateLastingKeys: input.tasksMayCreateLastingKeys,
    callerKeyId: boundTo(actor.lineage),
    createdAt: now,
    createdBy: actor.key.id,
  };
  const key = await inTransaction(store.db, (tx) => createKey(tx, created));
  return { key, secret };
}

async function update(
  { store, llm }: ServerParts,
  actor: Actor,
  key: Key,
  changes: KeyUpdate,
  yes: boolean,
): Promise<Key> {
  if (Object.values(changes).every((value) => value === undefined)) {
    throw new SeedError('invalid_input', 'there is nothing to change', {
      hint: 'Give name, enabled, metadata or one of the limits.',
    });
  }
  if (key.taskId !== null) {
    throw new SeedError('not_allowed', 'a task key follows its task and cannot be changed', {
      hint: 'Stop the task, or change the key that started it.',
    });
  }
  refuseLastingKeys(changes.tasksMayCreateLastingKeys, actor);
  refuseLimits(changes, actor, llm);
  const updated = await updateKey(store, actor.accountId, key.id, changes, store.clock.now(), { yes });
  if (updated) return updated;
  throw new SeedError('conflict', `the key "${key.name}" is revoked and cannot be changed`, {
    hint: 'Create a new key.',
  });
}
