// What the key commands do. A key can hand on only what it has: its scopes, its limits, for no longer than itself.
import type { Actor, Call } from '../../command/call.ts';
import { inTransaction } from '../../db/transaction.ts';
import { SeedError } from '../../protocol/errors.ts';
import type { Limit } from '../../protocol/grant.ts';
import type { Key, KeyCreation, KeyFilter, KeyRotation, KeyUpdate } from '../../protocol/key.ts';
import type { Page } from '../../protocol/page.ts';
import { durationMs } from '../../protocol/time.ts';
import { chainOf, isBound } from '../grants/bindings.ts';
import { refuseUnlimitedSecret, refuseWiderGrants } from '../grants/narrowing.ts';
import { revokeKey, rotateKey, updateKey } from './key-changes.ts';
import { createKey, getKey, listKeys, mintKey } from './keys.ts';
import {
  boundTo,
  earlier,
  inheritLimits,
  type KnownModels,
  keyExpiry,
  latestExpiry,
  refuseDefaults,
  refuseForeignScopes,
  refuseLastingKeys,
  refuseLimits,
  refuseUnknownScopes,
  refuseWiderLimits,
} from './lineage.ts';

import { boundChainOf } from './presented-key.ts';

type Caller = Pick<Call, 'actor' | 'store'>;

export interface KeyNeeds {
  /** Every scope that the account could be granted. */
  scopes(operator: boolean): string[];
  models: KnownModels;
  /** What whoever sets them is to be told. Throws SeedError for limits that mean nothing. */
  checkLimits(limits: readonly Limit[]): Promise<string[]>;
}

/** The key in use first, and then all whose limits bind it. */
const boundChain = (actor: Actor) => chainOf(actor) as readonly [Key, ...Key[]];

interface KeyChange {
  id: string;
  /** Whether it is meant that the account may lose its last unlimited key. */
  yes: boolean;
}

/** What is kept of who makes a key: a limited one's limits bind what it makes. */
export function makerOf(actor: Actor) {
  return { createdBy: actor.key.id, limitedBy: boundChain(actor).some(isBound) ? actor.key.id : null };
}

export async function create({ store, actor }: Caller, input: KeyCreation, needs: KeyNeeds) {
  const known = needs.scopes(actor.operator);
  refuseUnknownScopes(input.scopes, known);
  refuseForeignScopes(input.scopes, actor, known);
  refuseLastingKeys(input.tasksMayCreateLastingKeys, actor);
  const limits = inheritLimits(input, actor.lineage);
  refuseLimits(limits, actor, needs.models);
  refuseDefaults(input.models, actor.lineage, needs.models);
  const notes = await needs.checkLimits(input.limits ?? []);
  const now = store.clock.now();
  const expiresAt = keyExpiry(input, now, latestExpiry(actor.lineage));
  const { secret, ...minted } = mintKey();
  const created = {
    ...limits,
    ...minted,
    accountId: actor.accountId,
    name: input.name,
    scopes: [...new Set(input.scopes)],
    expiresAt,
    metadata: input.metadata,
    grants: input,
    tasksMayCreateLastingKeys: input.tasksMayCreateLastingKeys,
    callerKeyId: boundTo(actor.lineage),
    createdAt: now,
    ...makerOf(actor),
  };
  const key = await inTransaction(store.db, (tx) => createKey(tx, created));
  return { key, secret, notes };
}

export function list({ store, actor }: Caller, filter: KeyFilter): Promise<Page<Key>> {
  return listKeys(store.db, actor.accountId, filter, store.clock.now());
}

export async function get({ store, actor }: Caller, id: string): Promise<Key> {
  return found(await getKey(store.db, actor.accountId, id, store.clock.now()), id);
}

/** @param which with `yes`, also where the account thereby loses its last unlimited key, as with the two below */
export async function update(
  { store, actor }: Caller,
  which: KeyChange,
  changes: KeyUpdate,
  { models, checkLimits }: KeyNeeds,
): Promise<{ key: Key; notes: string[] }> {
  const key = await get({ store, actor }, which.id);
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
  refuseLimits(changes, actor, models);
  refuseDefaults(changes.models, actor.lineage, models);
  const by = boundChain(actor);
  if (by.some(isBound)) refuseWiderGrants(changes, await changedBy(store, key), by);
  const notes = await checkLimits(changes.limits ?? []);
  const updated = await updateKey(store, { ...which, accountId: actor.accountId }, changes, store.clock.now());
  if (updated) return { key: updated, notes };
  throw new SeedError('conflict', `the key "${key.name}" is revoked and cannot be changed`, {
    hint: 'Create a new key.',
  });
}

/** A new secret for the same key. Whoever learns it can do what the key can, so the caller needs all that. */
export async function rotate(
  { store, actor }: Caller,
  which: KeyChange,
  { grace, ...expiry }: KeyRotation,
  { scopes }: KeyNeeds,
): Promise<{ key: Key; secret: string }> {
  const key = await get({ store, actor }, which.id);
  refuseUnfit(key, actor);
  refuseForeignScopes(key.scopes, actor, scopes(actor.operator));
  refuseWiderLimits(key, actor.lineage);
  const by = boundChain(actor);
  if (by.some(isBound)) refuseUnlimitedSecret(await changedBy(store, key), by);
  const now = store.clock.now();
  const latest = latestExpiry(actor.lineage);
  if (Object.values(expiry).every((value) => value === undefined)) refuseShortening(key, latest);
  const expiresAt = keyExpiry(expiry, now, latest, lifetimeMs(key));
  const graceEnd = new Date(now.getTime() + (durationMs(grace) ?? 0));
  const { secret, ...minted } = mintKey();
  const previousUntil = earlier(graceEnd, key.expiresAt === null ? null : new Date(key.expiresAt)) ?? graceEnd;
  const rotation = { ...minted, expiresAt, previousUntil, rotatedBy: actor.key.id };
  const rotated = await rotateKey(store, { ...which, accountId: actor.accountId }, rotation, now);
  if (rotated) return { key: rotated, secret };
  throw new SeedError('conflict', `the key "${key.name}" was revoked meanwhile`);
}

export async function revoke({ store, actor }: Caller, which: KeyChange): Promise<Key> {
  const key = { ...which, accountId: actor.accountId };
  return found(await revokeKey(store, key, actor.key.id, store.clock.now()), which.id);
}

async function changedBy({ db, clock }: Caller['store'], key: Key) {
  return { key, chain: chainOf(await boundChainOf(db, key.id, clock.now())) };
}

function found(key: Key | null, id: string): Key {
  if (key) return key;
  throw new SeedError('not_found', `there is no key ${id}`, { hint: 'seed keys list shows the ids.' });
}

function refuseUnfit(key: Key, actor: Actor): void {
  if (key.status === 'revoked' || key.status === 'expired') {
    throw new SeedError('conflict', `the key "${key.name}" is ${key.status} and cannot be rotated`, {
      hint: 'Create a new key.',
    });
  }
  if (key.taskId !== null) throw new SeedError('not_allowed', 'a task key has no secret to hand out');
  if (key.identity !== null) {
    const message = `"${key.name}" comes by the login of ${key.identity.issuer} and has no secret of Seed`;
    throw new SeedError('not_allowed', message, { hint: 'Disable it, or have the issuer end its sessions.' });
  }
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
