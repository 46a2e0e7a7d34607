// Whether this server can do what requests ask of it. Called by GET /readyz.
import { SeedError } from '../protocol/errors.ts';
import type { ServerParts } from './parts.ts';

/** @throws SeedError unavailable or storage_full, within some seconds, saying what is wrong */
export async function requireReady({
  stopping,
  inbox,
  store,
}: Pick<ServerParts, 'stopping' | 'inbox' | 'store'>): Promise<void> {
  if (stopping.aborted) throw new SeedError('unavailable', 'the server is stopping', { logged: true });
  await inbox.requireRoom();
  await store.check();
}
