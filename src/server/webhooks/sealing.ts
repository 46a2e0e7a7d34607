// The key that secrets in the database are sealed with: SEED_SECRETS_KEY, or made once into a file of the data folder. It is
// never in the database, and every server of a database needs the same.
import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Store } from '../../db/store.ts';
import { seal, unseal } from '../../lib/seal.ts';
import { SeedError } from '../../protocol/errors.ts';
import { secretsKeyCheck } from './secret-rows.ts';

const FILE = 'secrets.key';
const PLACE = 'secrets key check';

/** @throws SeedError invalid_settings when the database's secrets are sealed with another key */
export async function openSecretsKey(setting: string | null, dataDir: string, store: Store): Promise<string> {
  const key = setting ?? (await keyOfFolder(dataDir));
  const kept = await secretsKeyCheck(store.db, seal(PLACE, key, PLACE));
  if (unseal(kept, key, PLACE) === PLACE) return key;
  const where = setting === null ? join(dataDir, FILE) : 'SEED_SECRETS_KEY';
  throw new SeedError(
    'invalid_settings',
    `${where} is not the key that this database's secrets are sealed with`,
    {
      hint: 'Give every server of the database the same SEED_SECRETS_KEY. If it is lost: docs/running.md.',
    },
  );
}

async function keyOfFolder(dataDir: string): Promise<string> {
  const path = join(dataDir, FILE);
  await mkdir(dataDir, { recursive: true });
  try {
    await writeFile(path, `${randomBytes(32).toString('hex')}\n`, { flag: 'wx', mode: 0o600, flush: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  return (await readFile(path, 'utf8')).trim();
}
