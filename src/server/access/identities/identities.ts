// Who comes by the platform's own login: a sound token makes its subject's row among the keys, the first time in
// an account, and is then as good as a key. Put together by server.ts, for authenticate.ts.
import { createHmac, hash } from 'node:crypto';
import { sql } from 'kysely';
import type { Registry } from '../../../command/registry.ts';
import { ADVISORY_LOCKS } from '../../../db/advisory-locks.ts';
import { storableJson, storableText } from '../../../db/storable.ts';
import type { Store } from '../../../db/store.ts';
import { notify } from '../../../db/telling.ts';
import { inTransaction } from '../../../db/transaction.ts';
import type { Logger } from '../../../lib/log.ts';
import { SeedError } from '../../../protocol/errors.ts';
import type { Identity } from '../../../protocol/key.ts';
import type { Identities, TokenUse } from '../authenticate.ts';
import { createKey } from '../keys.ts';
import { type KeyCache, type PresentedKey, withScopes } from '../presented-key.ts';
import { scopesOf } from './claims.ts';
import { Issuer } from './issuer.ts';
import type { OidcSettings } from './settings.ts';
import { isToken, type VerifiedToken, verifyToken } from './verify.ts';

interface IdentitiesNeeds {
  settings: OidcSettings;
  store: Pick<Store, 'db' | 'clock' | 'caches'>;
  keys: KeyCache;
  /** As the platform is now: packs may come and go. */
  registry: () => Registry;
  /** What is derived from it nobody learns from the database. */
  secretsKey: string;
  log: Logger;
  nowMs?: () => number;
}

/** A token that was looked at, and the row that it stands for. */
interface Seen extends VerifiedToken {
  /** Of the row: takes the place of a secret's. */
  secretHash: string;
  scopes: { by: Registry; are: readonly string[] };
}

const TOKENS_KEPT = 10_000;
/** What takes the place of a secret's first characters. */
const PREFIX = 'oidc';
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
/** An id and two names: more there need not be to know that the name does not tell. */
const SAME_NAMES = 3;

export function openIdentities(needs: IdentitiesNeeds): Identities {
  const { settings, store, keys, registry, secretsKey, log, nowMs } = needs;
  const issuer = new Issuer({ url: settings.issuer, log, ...(nowMs && { nowMs }) });
  /** By the hash of the token and its use, the oldest first. */
  const tokens = new Map<string, Seen>();

  return {
    get issuer() {
      return issuer.name;
    },
    client: settings.client,
    takes: isToken,
    requestableScopes: /^(scope|scp)$/.test(settings.scopesClaim) ? [...settings.scopes.keys()] : null,
    metadata: () => issuer.known(),
    presented,
    secretOf: ({ key }) => createHmac('sha256', secretsKey).update(`identity ${key.id}`).digest('base64url'),
  };

  async function presented(token: string, use: TokenUse = {}): Promise<PresentedKey> {
    const place = hash('sha256', JSON.stringify([token, use.audience, use.nonce]), 'base64url');
    const kept = tokens.get(place);
    if (kept && kept.until > store.clock.now() && kept.known === (await issuer.known())) {
      const row = await keys.presentedKey(kept.secretHash);
      // Otherwise the account has another name by now.
      if (row && isOf(row, kept.account)) return withScopes(row, scopesNow(kept, row));
    }
    tokens.delete(place);
    const verified = await verifyToken(token, { issuer, settings }, use, store.clock.now());
    const account = await accountOf(verified.account);
    const secretHash = hashOf(verified, account.id);
    const by = registry();
    const are = scopesIn(by, verified, account);
    const seen: Seen = { ...verified, secretHash, scopes: { by, are } };
    const known = await keys.presentedKey(secretHash);
    if (known) await note(seen, known);
    const row = known ?? (await begin(seen, account));
    keep(place, seen);
    return withScopes(row, are);
  }

  function scopesNow(seen: Seen, row: PresentedKey): readonly string[] {
    const by = registry();
    if (seen.scopes.by !== by) seen.scopes = { by, are: scopesIn(by, seen, row) };
    return seen.scopes.are;
  }

  function scopesIn(by: Registry, { values }: VerifiedToken, { operator }: { operator: boolean }): string[] {
    const operators = by.commands.flatMap(({ operatorOnly, scope }) =>
      operatorOnly && scope !== null ? [scope] : [],
    );
    return scopesOf(values, settings.scopes, { known: by.scopes(operator), operators });
  }

  function keep(place: string, seen: Seen): void {
    const now = store.clock.now();
    tokens.set(place, seen);
    for (const [oldest, { until }] of tokens) {
      if (tokens.size <= TOKENS_KEPT && until > now) break;
      tokens.delete(oldest);
    }
  }

  /** By the id, else by the name. @throws SeedError unknown_account: nothing is ever made of it */
  async function accountOf(named: string | null): Promise<{ id: string; operator: boolean }> {
    const { accountClaim } = settings;
    if (named === null) {
      const hint = `Its claim "${accountClaim}" has to be the id or the name of one account of this Seed.`;
      throw new SeedError('unknown_account', 'the token names no account, or several', { hint });
    }
    const text = storableText(named);
    const found = await store.db
      .selectFrom('accounts')
      .select(['id', 'name', 'operator'])
      .where((is) => is.or([is('name', '=', text), ...(UUID.test(text) ? [is('id', '=', text)] : [])]))
      .where('deleting_since', 'is', null)
      .limit(SAME_NAMES)
      .execute();
    const own = found.find(({ id }) => id === named.toLowerCase()) ?? (found.length === 1 ? found[0] : undefined);
    if (own) return own;
    const many = found.length > 1;
    const message = many ? `there are several accounts "${named}"` : `there is no account "${named}"`;
    const hint = `The claim "${accountClaim}" of the token has to be ${many ? 'its id' : 'the id or name of one'}.`;
    throw new SeedError('unknown_account', message, { hint });
  }

  /** Its row among the keys of the account; of several servers at once one makes it. */
  async function begin(seen: Seen, account: { id: string }): Promise<PresentedKey> {
    const { secretHash, issuedAt, name, scopes } = seen;
    await inTransaction(store.db, async (tx) => {
      const lock = ADVISORY_LOCKS.newIdentity;
      await sql`select pg_advisory_xact_lock(${lock}::int, hashtext(${secretHash}))`.execute(tx);
      const there = await tx.selectFrom('keys').select('id').where('secret_hash', '=', secretHash).execute();
      if (there.length > 0) return;
      const createdAt = store.clock.now();
      await createKey(tx, {
        accountId: account.id,
        name,
        secretHash,
        prefix: PREFIX,
        scopes: [...scopes.are],
        expiresAt: null,
        createdAt,
        identity: identityOf(seen),
        identityIssuedAt: issuedAt ?? createdAt,
      });
    });
    const made = await keys.presentedKey(secretHash);
    if (made) return made;
    throw new Error('an identity that was made is not there');
  }

  /** Keeps what the newest token says: a schedule has its scopes, and lists show them. */
  async function note(seen: Seen, { key }: PresentedKey): Promise<void> {
    const at = seen.issuedAt ?? store.clock.now();
    const scopes = [...seen.scopes.are];
    const isNew = key.identity?.name !== seen.name || scopes.join() !== key.scopes.join();
    const row = { scopes, identity: storableJson(identityOf(seen)), identity_issued_at: at };
    try {
      await inTransaction(store.db, async (tx) => {
        const { numUpdatedRows } = await tx
          .updateTable('keys')
          .set(row)
          .where('id', '=', key.id)
          .where((is) => is.or([is('identity_issued_at', 'is', null), is('identity_issued_at', '<', at)]))
          .executeTakeFirst();
        if (isNew && numUpdatedRows > 0n) await notify(tx, 'keys');
      });
    } finally {
      if (isNew) store.caches.forget('keys');
    }
  }
}

const identityOf = ({ issuer, subject, name }: VerifiedToken): Identity => ({ issuer, subject, name });

function hashOf({ issuer, subject }: VerifiedToken, accountId: string): string {
  return hash('sha256', `identity ${JSON.stringify([issuer, subject, accountId])}`, 'hex');
}

function isOf({ accountId, accountName }: PresentedKey, account: string | null): boolean {
  return account?.toLowerCase() === accountId || account === accountName;
}
