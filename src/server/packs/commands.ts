// The commands `packs …`: the packs that this Seed has, as callers see them, and their sample rows.
import { type Kysely, sql } from 'kysely';
import { z } from 'zod';
import type { Call } from '../../command/call.ts';
import { defineCommand } from '../../command/define-command.ts';
import { ADVISORY_LOCKS } from '../../db/advisory-locks.ts';
import { packSchema } from '../../db/pack-schema.ts';
import type { LoadedPack } from '../../pack/definition.ts';
import { SeedError } from '../../protocol/errors.ts';
import { PackView } from '../../protocol/pack.ts';
import { pageOf } from '../../protocol/page.ts';
import { openPackTables } from './tables.ts';

export interface PackNeeds {
  /** Those that are on. */
  packs: readonly LoadedPack[];
}

export const listPacks = defineCommand({
  name: 'packs list',
  summary: "List the packs that are on: their commands come besides Seed's own",
  http: 'GET /packs',
  scope: 'packs:read',
  effect: 'read',
  input: z.object({}),
  output: pageOf(PackView),
  columns: ['name', 'title', 'commands', 'hasSamples'],
  examples: ['seed packs list', 'seed packs list --json'],
  run: async (_input, _call, { packs }: PackNeeds) => ({ items: packs.map(viewOf), nextCursor: null }),
});

export const loadSamples = defineCommand({
  name: 'packs samples',
  summary: "Write a pack's sample rows for this account, which must have no rows in it",
  http: 'POST /packs/{name}/samples',
  scope: 'packs:write',
  effect: 'write',
  transactional: true,
  operatorOnly: true,
  input: z.object({
    name: z
      .string()
      .min(1)
      .max(40)
      .meta({ examples: ['crm'] })
      .describe('The pack'),
  }),
  output: z.object({ pack: PackView }),
  examples: ['seed packs samples crm'],
  run: async ({ name }, call, { packs }: PackNeeds) => ({ pack: await loadPackSamples(call, name, packs) }),
});

/** @throws SeedError not_found, or conflict: it brings no sample rows, or the account has rows in it */
async function loadPackSamples(
  { store, actor: { accountId } }: Call,
  name: string,
  packs: readonly LoadedPack[],
): Promise<PackView> {
  const pack = packs.find((candidate) => candidate.name === name);
  if (!pack)
    throw new SeedError('not_found', `there is no pack "${name}"`, { hint: 'seed packs list shows them.' });
  const { samples } = pack;
  if (!samples) throw new SeedError('conflict', `the pack "${name}" brings no sample rows`);
  await openPackTables(name, store).asOwner(store.db, async (db) => {
    if (await accountHasRows(db, name, accountId)) {
      throw new SeedError('conflict', `the account has rows in the pack "${name}" already`, {
        hint: 'Sample rows are for an account that has none; nothing was changed.',
      });
    }
    await samples({ accountId, db, now: store.clock.now() });
  });
  return viewOf(pack);
}

function viewOf({ name, title, commands, samples }: LoadedPack): PackView {
  return {
    name,
    title,
    commands: commands.map((command) => command.name),
    scopes: [...new Set(commands.flatMap((command) => command.scope ?? []))].sort(),
    hasSamples: samples !== undefined,
  };
}

/** Whether the account has rows in the pack. Of transactions that ask one goes on at a time: the next sees all. */
async function accountHasRows(db: Kysely<never>, pack: string, accountId: string): Promise<boolean> {
  await sql`select pg_advisory_xact_lock(${ADVISORY_LOCKS.packSamples})`.execute(db);
  const { rows: tables } = await sql<{ table_name: string }>`
    select table_name from information_schema.tables
    where table_schema = ${packSchema(pack)} and table_type = 'BASE TABLE'`.execute(db);
  for (const { table_name } of tables) {
    const own = sql`select from ${sql.table(table_name)} where account_id = ${accountId} limit 1`;
    if ((await own.execute(db)).rows.length > 0) return true;
  }
  return false;
}
