// Takes a pack's tables away, with all their rows, so that the next start applies its migrations anew. For
// `seed packs reset`, on the embedded database of a data folder that no server uses.
import { existsSync } from 'node:fs';
import { openConnection } from '../../db/connection.ts';
import { postgresFolder, startEmbeddedPostgres } from '../../db/embedded/start-embedded.ts';
import { Outage } from '../../db/outage.ts';
import { packSchema } from '../../db/pack-schema.ts';
import { createLog } from '../../lib/log.ts';
import { SeedError } from '../../protocol/errors.ts';

const LIMITS = { statementMs: 60_000, lockMs: 5_000 };

/**
 * @returns the migrations that were undone
 * @throws SeedError not_found: no database or no such tables; conflict: a server uses it
 */
export async function resetPack(dataDir: string, pack: string): Promise<string[]> {
  if (!existsSync(postgresFolder(dataDir)))
    throw new SeedError('not_found', `there is no database in ${dataDir}`, { hint: 'npm start makes it.' });
  const log = createLog('reset', 'silent');
  await using parts = new AsyncDisposableStack();
  const { databaseUrl, stop } = await startEmbeddedPostgres({ dataDir, log, patienceMs: 0 });
  parts.defer(stop);
  const client = await openConnection(databaseUrl, LIMITS, new Outage(log));
  parts.defer(() => client.end());
  const { rows } = await client.query<{ name: string }>(
    'select name from pack_migrations where pack = $1 order by number',
    [pack],
  );
  if (rows.length === 0) throw new SeedError('not_found', `the database has no tables of a pack "${pack}"`);
  await client.query('begin');
  await client.query(`drop schema if exists ${packSchema(pack)} cascade`);
  await client.query('delete from pack_migrations where pack = $1', [pack]);
  await client.query('commit');
  return rows.map(({ name }) => name);
}
