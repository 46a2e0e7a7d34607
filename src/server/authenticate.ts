// From an Authorization header to the actor behind it. The checks run in the order of their price.
import type { Actor } from '../commands/context.ts';
import { hashKeySecret, isWellFormedKeySecret } from '../core/key-secret.ts';
import { SeedError } from '../protocol/errors.ts';
import { findPresentedKey } from '../store/presented-key.ts';
import type { Store } from '../store/store.ts';

/** @throws SeedError not_authenticated, invalid_key, key_expired or key_revoked */
export async function authenticate(header: string | undefined, store: Store): Promise<Actor> {
  const secret = bearerToken(header);
  if (!isWellFormedKeySecret(secret)) {
    throw new SeedError('invalid_key', 'this is not an API key: its form or its checksum is wrong', {
      hint: 'Copy the whole key; it starts with sk_live_ and has 44 characters.',
    });
  }
  const presented = await findPresentedKey(store.db, hashKeySecret(secret), store.clock.now());
  if (!presented) throw new SeedError('invalid_key', 'there is no such API key');
  const { key } = presented;
  if (key.status === 'revoked') throw new SeedError('key_revoked', `the key "${key.name}" was revoked`);
  if (key.status === 'expired') throw new SeedError('key_expired', `the key "${key.name}" has expired`);
  if (presented.callerStatus !== null && presented.callerStatus !== 'active') {
    throw new SeedError('key_revoked', `the key that started this task is ${presented.callerStatus}`);
  }
  return {
    key,
    accountId: presented.accountId,
    accountName: presented.accountName,
    operator: presented.operator,
  };
}

/** The token of `Bearer <token>`. */
export function bearerToken(header: string | undefined): string {
  const match = header?.match(/^Bearer +([\x21-\x7e]{1,512})$/i);
  if (match?.[1]) return match[1];
  throw new SeedError(
    'not_authenticated',
    header ? 'the Authorization header is not a bearer token' : 'no API key was sent',
    {
      hint: 'Send the header "Authorization: Bearer sk_live_…"; with the CLI, set SEED_API_KEY or run seed login.',
    },
  );
}
