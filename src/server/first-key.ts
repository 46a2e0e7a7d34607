// The first start makes an account and its admin key; SEED_ADMIN_KEY sets that key instead.
import { ensureFirstAccount, setAdminKey } from '../store/accounts.ts';
import type { Store } from '../store/store.ts';
import { mintKey } from './services/mint-key.ts';

const ALL_SCOPES = ['*'];

/** @returns the admin key's secret when this start made one, else null. It is kept nowhere. */
export async function firstKey({ db, clock }: Store, adminKey: string | null): Promise<string | null> {
  if (adminKey !== null) {
    const { secretHash, prefix } = mintKey(adminKey);
    await setAdminKey(db, { secretHash, prefix, scopes: ALL_SCOPES }, clock.now());
    return null;
  }
  const { secret, secretHash, prefix } = mintKey();
  const key = { name: 'admin', secretHash, prefix, scopes: ALL_SCOPES };
  const { created } = await ensureFirstAccount(db, key, clock.now());
  return created ? secret : null;
}
