// Whether this server can do what requests ask of it. Called by GET /readyz.
import type { ServerParts } from '../parts.ts';

/** @throws SeedError unavailable or storage_full, within some seconds, saying what is wrong */
export async function requireReady({ inbox, store }: Pick<ServerParts, 'inbox' | 'store'>): Promise<void> {
  await inbox.requireRoom();
  await store.check();
}
