// A new secret with what the store keeps of it.
import { generateKeySecret, hashKeySecret, keyPrefix } from '../../lib/key-secret.ts';

export interface MintedKey {
  secret: string;
  secretHash: string;
  prefix: string;
}

export function mintKey(secret: string = generateKeySecret()): MintedKey {
  return { secret, secretHash: hashKeySecret(secret), prefix: keyPrefix(secret) };
}
