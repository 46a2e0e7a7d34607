// What nearly every request looks up: the key that it presents, or its session. Requests that come at once share a query, and a
// key is then known for half a second. Called by authenticate.ts.
import { type Selectable, sql } from 'kysely';
import type { Store } from '../../db/store.ts';
import type { SessionsTable } from '../../db/tables.ts';
import { batched } from '../../lib/data-loader.ts';
import { keptBriefly } from '../../lib/ttl-cache.ts';
import { isInForce, type PresentedKey, presentedKeyRows, toPresentedKeys } from './presented-key.ts';
import { type Session, toSession } from './sessions.ts';

const KEYS_KEPT = 10_000;

export interface KeyCache {
  /**
   * Null when there is no key with this hash. One that is worth something may be known from half a second before; the
   * clock is asked every time.
   */
  presentedKey(secretHash: string): Promise<PresentedKey | null>;
  /** Null when there is no session whose token has this hash. Whether it is over is not looked at. */
  session(tokenHash: string): Promise<Session | null>;
}

export function openKeyCache({
  lookUp,
  clock,
  caches,
}: Pick<Store, 'lookUp' | 'clock' | 'caches'>): KeyCache {
  const load = batched(async (hashes) =>
    toPresentedKeys(await lookUp('presented_keys', presentedKeyRows(hashes)), clock.now()),
  );
  const keys = keptBriefly<PresentedKey>({ most: KEYS_KEPT, holds: (key) => isInForce(key, clock.now()) });
  caches.add('keys', keys.forget);
  return {
    presentedKey: (hash) => keys.find(hash, () => load(hash)),
    session: batched(async (hashes) => {
      const rows = await lookUp(
        'sessions',
        sql<Selectable<SessionsTable>>`select * from sessions where token_hash = any(${hashes})`,
      );
      return new Map(rows.map((row) => [row.token_hash, toSession(row)]));
    }),
  };
}
