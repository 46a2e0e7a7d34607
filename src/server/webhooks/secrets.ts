// The secrets of webhooks: made here, sealed before they go to the store, and unsealed only to sign.
import { randomUUID } from 'node:crypto';
import { seal, unseal } from '../../lib/seal.ts';
import { newWebhookSecret } from '../../lib/standard-webhooks.ts';
import type { SealedSecret } from './secret-rows.ts';

/** A new secret, and what the store keeps of it. */
export function mintWebhookSecret(secretsKey: string): { secret: string; sealed: SealedSecret } {
  const secret = newWebhookSecret();
  const id = randomUUID();
  return { secret, sealed: { id, sealed: seal(secret, secretsKey, placeOf(id)) } };
}

/** Those that this server's key opens. */
export function openWebhookSecrets(secrets: readonly SealedSecret[], secretsKey: string): string[] {
  return secrets.flatMap(({ id, sealed }) => unseal(sealed, secretsKey, placeOf(id)) ?? []);
}

function placeOf(id: string): string {
  return `webhook secret ${id}`;
}
