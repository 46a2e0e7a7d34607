// The first start makes an account and its admin key; SEED_ADMIN_KEY sets that key instead.
import { ensureFirstAccount, setAdminKey } from '../store/accounts.ts';
import type { Store } from '../store/store.ts';
import { mintKey } from './services/mint-key.ts';

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
