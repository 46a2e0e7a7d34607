// How somebody's login at the platform's own provider is told, wherever a key's beginning stands otherwise.
import type { Key } from '../../../src/protocol/key.ts';

/** Such as `login.example.com`. */
export function loginHost({ issuer }: NonNullable<Key['identity']>): string {
  return URL.parse(issuer)?.host ?? issuer;
}
