// What a start would say of the packs, all of it at once and without a start. For `seed packs check`.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Command } from '../../command/define-command.ts';
import { openConnection } from '../../db/connection.ts';
import { reachEmbeddedPostgres, startEmbeddedPostgres } from '../../db/embedded/start-embedded.ts';
import { migrate, rehearse } from '../../db/migrate.ts';
import { Outage } from '../../db/outage.ts';
import { createLog } from '../../lib/log.ts';
import { SeedError } from '../../protocol/errors.ts';
import { loadEach, type PackSettings, tablesOf } from './load-packs.ts';

const LIMITS = { statementMs: 60_000, lockMs: 5_000 };

export interface CheckedStart {
  /** Those that can be loaded. */
  packs: string[];
  problems: { message: string; hint: string | null }[];
  /** What the migrations were tried on, and undone; null: there are none. */
  database: 'yours' | 'a new one' | null;
}

export interface StartChecked {
  settings: Pick<PackSettings, 'folder' | 'config'> & {
    packRowSecurity: boolean;
    /** Whether settings count that packs lack; they do unless said otherwise. */
    lacking?: boolean;
  };
  builtIn: readonly Command[];
  /** DATABASE_URL; null: that of the data folder, where there is one. */
  databaseUrl: string | null;
  dataDir: string;
}

export async function checkStart({
  settings,
  builtIn,
  databaseUrl,
  dataDir,
}: StartChecked): Promise<CheckedStart> {
  const { loaded, broken, clashes } = await loadEach(settings, builtIn);
  const tables = loaded.flatMap(tablesOf);
  const said: unknown[] = [
    ...broken,
    ...clashes,
    ...(settings.lacking === false ? [] : loaded.flatMap((pack) => pack.settings.problems)),
  ];
  const log = createLog('check', 'silent');
  await using parts = new AsyncDisposableStack();
  let database: CheckedStart['database'] = null;
  if (tables.length > 0) {
    const given = databaseUrl ?? (await reached(dataDir, parts));
    const isNew = given === null || !(await isSeeds(given));
    database = isNew ? 'a new one' : 'yours';
    const client = await openConnection(isNew ? await throwAway(parts) : given, LIMITS, new Outage(log));
    parts.defer(() => client.end());
    if (isNew) await migrate(client);
    said.push(...(await rehearse(client, { tables, rowSecurity: settings.packRowSecurity })));
  }
  const problems = said.map((each) =>
    each instanceof SeedError
      ? { message: each.message, hint: each.hint }
      : { message: each instanceof Error ? each.message : String(each), hint: null },
  );
  return { packs: loaded.map(({ name }) => name), problems, database };
}

/** Whether a server has been started on it. */
async function isSeeds(databaseUrl: string): Promise<boolean> {
  const client = await openConnection(databaseUrl, LIMITS, new Outage(createLog('check', 'silent')));
  const { rows } = await client.query(`select from pg_class where oid = to_regclass('pack_migrations')`);
  await client.end();
  return rows.length > 0;
}

/** The database of the data folder; null where there is none yet. */
async function reached(dataDir: string, parts: AsyncDisposableStack): Promise<string | null> {
  try {
    const { databaseUrl, release } = await reachEmbeddedPostgres(dataDir, createLog('check', 'silent'));
    parts.defer(release);
    return databaseUrl;
  } catch (error) {
    if (error instanceof SeedError && error.code === 'not_found') return null;
    throw error;
  }
}

async function throwAway(parts: AsyncDisposableStack): Promise<string> {
  const dataDir = await mkdtemp(join(tmpdir(), 'seed-check-'));
  parts.defer(() => rm(dataDir, { recursive: true, force: true }));
  const { databaseUrl, stop } = await startEmbeddedPostgres({ dataDir, log: createLog('check', 'silent') });
  parts.defer(stop);
  return databaseUrl;
}
