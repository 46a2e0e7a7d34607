// The token that a stored credential stands for at this moment: itself, or what its refresh token is exchanged
// for, once for all calls and servers that need it. Called by held.ts.
import type { Store } from '../../db/store.ts';
import { packSetting } from '../../lib/pack-setting.ts';
import { endsSoon } from '../../pack/oauth.ts';
import type { Renew } from '../../pack/pack-command.ts';
import { SeedError } from '../../protocol/errors.ts';
import { type Holder, type Kept, keepRenewed, readCredential } from './stored.ts';

interface Means {
  /** Null: nothing says how the platform gives tokens. */
  renew: Renew | null;
  secretsKey: string;
}

/** By holder: the calls of one server wait for one exchange, and hold one connection to the database. */
const renewing = new Map<string, Promise<string | null>>();

/** Null: none is set. @throws SeedError credential_missing, or platform_unavailable */
export async function presentToken(
  store: Pick<Store, 'db' | 'clock'>,
  holder: Holder,
  means: Means,
): Promise<string | null> {
  const { secretsKey } = means;
  const token = tokenOf(await readCredential(store.db, holder, { secretsKey }), store.clock.now());
  if (token !== undefined) return token;
  const place = JSON.stringify(holder);
  const begun =
    renewing.get(place) ??
    exchange(store, holder, means).finally(() => {
      renewing.delete(place);
    });
  renewing.set(place, begun);
  return begun;
}

/** Undefined: it has to be got first. */
function tokenOf(kept: Kept | null, now: Date): string | null | undefined {
  if (kept === null) return null;
  if ('token' in kept) return kept.token;
  return kept.accessToken === null || endsSoon(kept, now.getTime()) ? undefined : kept.accessToken;
}

/** The row stays locked: a refresh token may be good for one exchange, and other servers wait for its outcome. */
function exchange({ db, clock }: Pick<Store, 'db' | 'clock'>, holder: Holder, { renew, secretsKey }: Means) {
  return db.transaction().execute(async (tx) => {
    const kept = await readCredential(tx, holder, { secretsKey, lock: true });
    const token = tokenOf(kept, clock.now());
    if (token !== undefined || kept === null || 'token' in kept) return token ?? null;
    if (renew === null)
      throw new SeedError('credential_missing', `nothing says how the platform of ${holder.pack} gives tokens`, {
        hint: `For the operator of this Seed: set ${packSetting(holder.pack, 'clientId')}.`,
      });
    const { accessToken, expiresAt, refreshToken } = await renew(kept.refreshToken);
    const renewed = { accessToken, expiresAt, refreshToken: refreshToken ?? kept.refreshToken };
    await keepRenewed(tx, holder, renewed, secretsKey);
    return accessToken;
  });
}
