// The first start makes an account and its admin key; SEED_ADMIN_KEY sets that key instead.

import type { Store } from '../../db/store.ts';
import { ensureFirstAccount, setAdminKey } from './accounts.ts';
import { mintKey } from './mint-key.ts';

const ALL_SCOPES = ['*'];

/** Before the server listens, so that no call comes before the key. */
export async function takeAdminKey({ db, clock }: Store, adminKey: string): Promise<void> {
  const { secretHash, prefix } = mintKey(adminKey);
  await setAdminKey(db, { secretHash, prefix, scopes: ALL_SCOPES }, clock.now());
}

/**
 * The last that a start does: what could keep the server from running must not come between a key and its being shown.
 * @returns the admin key's secret when this start made one, else null. It is kept nowhere.
 */
export async function makeFirstKey({ db, clock }: Store): Promise<string | null> {
  const { secret, secretHash, prefix } = mintKey();
  const key = { name: 'admin', secretHash, prefix, scopes: ALL_SCOPES };
  const { created } = await ensureFirstAccount(db, key, clock.now());
  return created ? secret : null;
}
