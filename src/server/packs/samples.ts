// The packs as callers see them, and the sample rows that they bring. Called by the commands `packs …`.
import { type Kysely, sql } from 'kysely';
import type { Call } from '../../command/call.ts';
import { ADVISORY_LOCKS } from '../../db/advisory-locks.ts';
import { packSchema } from '../../db/migrate.ts';
import type { LoadedPack } from '../../pack/definition.ts';
import { SeedError } from '../../protocol/errors.ts';
import type { PackView } from '../../protocol/pack.ts';
import { inPackTransaction } from './tables.ts';

/**
 * Writes the pack's sample rows for the caller's account.
 * @throws SeedError not_found, or conflict: it brings none, or the account has rows in it
 */
export async function loadPackSamples(
  { store, actor: { accountId } }: Call,
  name: string,
  packs: readonly LoadedPack[],
): Promise<PackView> {
  const pack = packs.find((candidate) => candidate.name === name);
  if (!pack) {
    throw new SeedError('not_found', `there is no pack "${name}"`, { hint: 'seed packs list shows them.' });
  }
  const { samples } = pack;
  if (!samples) throw new SeedError('conflict', `the pack "${name}" brings no sample rows`);
  await inPackTransaction(store.db, name, 'read write', async (db) => {
    if (await accountHasRows(db, name, accountId)) {
      throw new SeedError('conflict', `the account has rows in the pack "${name}" already`, {
        hint: 'Sample rows are for an account that has none; nothing was changed.',
      });
    }
    await samples({ accountId, db, now: store.clock.now() });
  });
  return viewOf(pack);
}

export function viewOf({ name, title, commands, samples }: LoadedPack): PackView {
  return {
    name,
    title,
    commands: commands.map((command) => command.name),
    scopes: [...new Set(commands.flatMap((command) => command.scope ?? []))].sort(),
    hasSamples: samples !== undefined,
  };
}

/**
 * Whether the account has a row in any table of the pack. Of several transactions that ask, one goes on at a time:
 * what it writes the next one sees.
 */
async function accountHasRows(db: Kysely<never>, pack: string, accountId: string): Promise<boolean> {
  await sql`select pg_advisory_xact_lock(${ADVISORY_LOCKS.packSamples})`.execute(db);
  const { rows: tables } = await sql<{ table_name: string }>`
    select table_name from information_schema.tables
    where table_schema = ${packSchema(pack)} and table_type = 'BASE TABLE'`.execute(db);
  for (const { table_name } of tables) {
    const { rows } = await sql`
      select from ${sql.table(table_name)} where account_id = ${accountId} limit 1`.execute(db);
    if (rows.length > 0) return true;
  }
  return false;
}
