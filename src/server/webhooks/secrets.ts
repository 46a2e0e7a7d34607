// The secrets that deliveries are signed with: sealed before they go to the database, unsealed only to sign. Their
// key, SEED_SECRETS_KEY or one made once in the data folder, is never in it; all its servers need the same.
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Store } from '../../db/store.ts';
import type { Db, Tx } from '../../db/tables.ts';
import { seal, unseal } from '../../lib/seal.ts';
import { newWebhookSecret } from '../../lib/standard-webhooks.ts';
import { SeedError } from '../../protocol/errors.ts';

/** Whose secret: an endpoint's, or with null the account's own, for the URLs of its tasks. */
export interface SecretOwner {
  accountId: string;
  endpointId: string | null;
}

export interface SealedSecret {
  /** What it is sealed for: with another id it does not open. */
  id: string;
  sealed: Buffer;
}

/** More than these never sign at a time: the oldest count no more. */
const REPLACED_MOST = 4;
const KEY_FILE = 'secrets.key';
const KEY_CHECK = 'secrets key check';

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

/** Makes it the present secret; those before it count until `previousUntil` at the latest. */
export async function replaceSecret(
  tx: Tx,
  owner: SecretOwner,
  { secret, previousUntil, now }: { secret: SealedSecret; previousUntil: Date; now: Date },
): Promise<void> {
  // Serialises rotations of one account.
  await tx.selectFrom('accounts').select('id').where('id', '=', owner.accountId).forNoKeyUpdate().execute();
  await ofOwner(tx.updateTable('webhook_secrets').set({ works_until: previousUntil }), owner)
    .where((row) => row.or([row('works_until', 'is', null), row('works_until', '>', previousUntil)]))
    .execute();
  const replaced = await ofOwner(tx.selectFrom('webhook_secrets').select(['id', 'works_until']), owner)
    .orderBy('created_at', 'desc')
    .execute();
  const over = replaced.filter(
    ({ works_until }, index) => index >= REPLACED_MOST || (works_until !== null && works_until <= now),
  );
  const ids = over.map(({ id }) => id);
  if (ids.length > 0) await tx.deleteFrom('webhook_secrets').where('id', 'in', ids).execute();
  await insertSecret(tx, owner, secret, now);
}

/** Makes it the account's own unless there is one. Cheap when there is. */
export async function ensureDefaultSecret(
  tx: Tx,
  accountId: string,
  make: () => SealedSecret,
  now: Date,
): Promise<void> {
  const owner = { accountId, endpointId: null };
  const present = () =>
    ofOwner(tx.selectFrom('webhook_secrets').select('id'), owner)
      .where('works_until', 'is', null)
      .executeTakeFirst();
  if (await present()) return;
  await tx.selectFrom('accounts').select('id').where('id', '=', accountId).forNoKeyUpdate().execute();
  if (!(await present())) await insertSecret(tx, owner, make(), now);
}

async function insertSecret(tx: Tx, owner: SecretOwner, secret: SealedSecret, now: Date): Promise<void> {
  const { accountId: account_id, endpointId: endpoint_id } = owner;
  await tx
    .insertInto('webhook_secrets')
    .values({ ...secret, account_id, endpoint_id, created_at: now })
    .execute();
}

interface Filtered {
  where(column: 'account_id', operator: '=', value: string): this;
  where(column: 'endpoint_id', operator: 'is not distinct from', value: string | null): this;
}

function ofOwner<Query extends Filtered>(query: Query, { accountId, endpointId }: SecretOwner): Query {
  return query.where('account_id', '=', accountId).where('endpoint_id', 'is not distinct from', endpointId);
}

/** @throws SeedError invalid_settings when the database's secrets are sealed with another key */
export async function openSecretsKey(setting: string | null, dataDir: string, store: Store): Promise<string> {
  const key = setting ?? (await keyOfFolder(dataDir));
  const kept = await secretsKeyCheck(store.db, seal(KEY_CHECK, key, KEY_CHECK));
  if (unseal(kept, key, KEY_CHECK) === KEY_CHECK) return key;
  const where = setting === null ? join(dataDir, KEY_FILE) : 'SEED_SECRETS_KEY';
  throw new SeedError('invalid_settings', `${where} is not the key that this database's secrets are sealed with`, {
    hint: 'Give every server of the database the same SEED_SECRETS_KEY. If it is lost: docs/running.md.',
  });
}

async function keyOfFolder(dataDir: string): Promise<string> {
  const path = join(dataDir, KEY_FILE);
  await mkdir(dataDir, { recursive: true });
  try {
    await writeFile(path, `${randomBytes(32).toString('hex')}\n`, { flag: 'wx', mode: 0o600, flush: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  return (await readFile(path, 'utf8')).trim();
}

/** What tells whether a server's key is the one that the secrets are sealed with; kept at the first call. */
async function secretsKeyCheck(db: Db, mine: Buffer): Promise<Buffer> {
  await db
    .insertInto('secrets_key_check')
    .values({ sealed: mine })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  const { sealed } = await db.selectFrom('secrets_key_check').select('sealed').executeTakeFirstOrThrow();
  return sealed;
}
