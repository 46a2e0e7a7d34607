// What the key commands do. A key can hand on only what it has: its scopes, its limits, for no longer than itself.
import type { Actor } from '../../command/call.ts';
import type { KeyCreation, KeyService, KeyUpdate } from '../../command/context.ts';
import { inTransaction } from '../../db/transaction.ts';
import { SeedError } from '../../protocol/errors.ts';
import type { Key } from '../../protocol/key.ts';
import { durationMs } from '../../protocol/time.ts';
import type { ServerParts } from '../parts.ts';
import {
  earlier,
  keyExpiry,
  refuseForeignScopes,
  refuseLastingKeys,
  refuseLimits,
  refuseUnknownScopes,
  type WantedExpiry,
} from './grants.ts';
import { rotateKey, updateKey } from './key-changes.ts';
import { createKey, getKey, listKeys, mintKey, revokeKey } from './keys.ts';
import { boundTo, inheritLimits, latestExpiry, refuseWiderLimits } from './lineage.ts';

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

async function rotate(
  { store, registry }: ServerParts,
  actor: Actor,
  key: Key,
  { grace, expiry, yes }: { grace: string; expiry: WantedExpiry; yes: boolean },
): Promise<{ key: Key; secret: string }> {
  refuseUnfit(key, actor);
  refuseForeignScopes(key.scopes, actor, registry.scopes(actor.operator));
  refuseWiderLimits(key, actor.lineage);
  const now = store.clock.now();
  const latest = latestExpiry(actor.lineage);
  if (Object.values(expiry).every((value) => value === undefined)) refuseShortening(key, latest);
  const expiresAt = keyExpiry(expiry, now, latest, lifetimeMs(key));
  const graceEnd = new Date(now.getTime() + (durationMs(grace) ?? 0));
  const { secret, secretHash, prefix } = mintKey();
  const previousUntil =
    earlier(graceEnd, key.expiresAt === null ? null : new Date(key.expiresAt)) ?? graceEnd;
  const rotation = { secretHash, prefix, expiresAt, previousUntil };
  const rotated = await rotateKey(store, actor.accountId, key.id, rotation, now, { yes });
  if (rotated) return { key: rotated, secret };
  throw new SeedError('conflict', `the key "${key.name}" was revoked meanwhile`);
}

function refuseUnfit(key: Key, actor: Actor): void {
  if (key.status === 'revoked' || key.status === 'expired') {
    throw new SeedError('conflict', `the key "${key.name}" is ${key.status} and cannot be rotated`, {
      hint: 'Create a new key.',
    });
  }
  if (key.taskId !== null) throw new SeedError('not_allowed', 'a task key has no secret to hand out');
  if (boundTo(actor.lineage) === null) return;
  throw new SeedError('not_allowed', 'a task cannot rotate keys: the secret would outlive the task', {
    hint: 'Rotate it with a key, or start the task with one that has tasksMayCreateLastingKeys.',
  });
}

/** Nobody's key should end sooner because another, shorter-lived one rotated it, unless that was asked for. */
function refuseShortening(key: Key, latest: Date | null): void {
  if (latest === null || (key.expiresAt !== null && new Date(key.expiresAt) <= latest)) return;
  throw new SeedError('not_allowed', `the key "${key.name}" lives longer than the key in use`, {
    hint: 'Rotate it with a key that lives as long, or say with expiresIn how much sooner it may end.',
  });
}

/** How long the key was given when it got its present secret; null: for ever. */
function lifetimeMs(key: Key): number | null {
  if (key.expiresAt === null) return null;
  return Date.parse(key.expiresAt) - Date.parse(key.rotatedAt ?? key.createdAt);
}
