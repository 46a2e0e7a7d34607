// Waits until another process has brought the schema up to date. Called by openStore for a server that is told to.
import { setTimeout as sleep } from 'node:timers/promises';
import type { BaseLogger } from 'pino';
import { SeedError } from '../protocol/errors.ts';
import type { Connection } from './connection.ts';
import { missingMigrations, type Packs } from './migrate.ts';

const LOOK_EVERY_MS = 500;

/**
 * Says in the log once what it waits for, and resolves when nothing of it is missing.
 * @throws SeedError unavailable when that takes longer; invalid_settings where the database cannot be used
 */
export async function migrationsApplied(
  client: Connection,
  packs: Packs = { tables: [], rowSecurity: true },
  { log, withinMs }: { log: BaseLogger; withinMs: number },
): Promise<void> {
  const giveUpAt = performance.now() + withinMs;
  let told = false;
  for (;;) {
    const missing = await missingMigrations(client, packs);
    if (missing.length === 0) return;
    if (performance.now() >= giveUpAt) throw notApplied(missing);
    if (!told) log.warn({ missing }, 'waiting until the database is migrated (SEED_MIGRATIONS=wait)');
    told = true;
    await sleep(LOOK_EVERY_MS);
  }
}

const notApplied = (missing: readonly string[]) =>
  new SeedError('unavailable', `The database still lacks ${missing.length} migrations, ${missing[0]} first.`, {
    hint: 'Run `seed migrate` of this version with the same DATABASE_URL, or unset SEED_MIGRATIONS.',
  });
