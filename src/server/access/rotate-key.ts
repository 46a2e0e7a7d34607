// Rotation: a new secret for a key that stays the same in all else. Whoever rotates learns a secret that does what the
// key does, so it needs all that the key has.
import type { Actor } from '../../command/call.ts';
import { SeedError } from '../../protocol/errors.ts';
import type { Key } from '../../protocol/key.ts';
import { durationMs } from '../../protocol/time.ts';
import type { ServerParts } from '../parts.ts';
import { refuseForeignScopes } from './grants.ts';
import { rotateKey } from './key-change.ts';
import { earlier, keyExpiry, type WantedExpiry } from './key-expiry.ts';
import { boundTo, latestExpiry, refuseWiderLimits } from './lineage.ts';
import { mintKey } from './mint-key.ts';

export async function rotate(
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
