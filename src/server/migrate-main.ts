// seed migrate: brings the database up to date for servers that wait for it (SEED_MIGRATIONS=wait), and ends.
import { openStore } from '../db/store.ts';
import { createLog } from '../lib/log.ts';
import { exitOnFailure } from '../lib/process-life.ts';
import { SeedError } from '../protocol/errors.ts';
import { BUILT_IN } from './built-in.ts';
import { loadPacks, tablesOf } from './packs/load-packs.ts';
import { readMigrationSettings } from './settings.ts';

await exitOnFailure(async () => {
  const { databaseUrl, databaseDirectUrl, packs: chosen, packRowSecurity, logLevel } = readMigrationSettings();
  if (databaseUrl === null)
    throw new SeedError('invalid_settings', 'DATABASE_URL is not set', {
      hint: 'The embedded Postgres needs no `seed migrate`: the start of its server migrates it.',
    });
  const packs = await loadPacks(chosen, BUILT_IN);
  const tables = { tables: packs.flatMap(tablesOf), rowSecurity: packRowSecurity };
  // What a start does with the database, to the end: the queue has tables of its own.
  const store = await openStore({
    databaseUrl,
    directUrl: databaseDirectUrl,
    log: createLog('migrate', logLevel),
    packs: tables,
  });
  await store.close();
  process.stdout.write('The database is up to date.\n');
  process.exit(0);
});
