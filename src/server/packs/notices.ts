// What a start says about packs: how to add commands where there are none, and of which examples there are tables
// whose commands are off. Called by server.ts when the server listens.
import { sql } from 'kysely';
import { readMigrations } from '../../db/migrate.ts';
import type { Store } from '../../db/store.ts';
import { SEED_COMMAND } from '../../lib/own-files.ts';
import type { LoadedPack } from '../../pack/definition.ts';
import { type PackPlace, type PackSettings, placesIn } from './load-packs.ts';

/** @returns a paragraph for each thing that is to be said on the terminal */
export async function packNotices(
  { examples, only }: PackSettings,
  packs: readonly LoadedPack[],
  store: Pick<Store, 'db' | 'packRowSecurity'>,
): Promise<string[]> {
  const hasTables = packs.some(({ migrationsFolder }) => migrationsFolder !== null);
  return [
    ...(hasTables && !store.packRowSecurity ? [OPEN_ROWS] : []),
    ...(await aboutExamples({ examples, only }, packs, store)),
  ];
}

const OPEN_ROWS =
  'SEED_PACK_ROW_SECURITY=off: only the queries of packs keep the rows of accounts apart (docs/your-platform.md)';

async function aboutExamples(
  { examples, only }: Pick<PackSettings, 'examples' | 'only'>,
  packs: readonly LoadedPack[],
  store: Pick<Store, 'db'>,
): Promise<string[]> {
  const places = await placesIn(examples, 'examples/');
  const off = places.filter(({ name }) => packs.every((pack) => pack.name !== name));
  const left = await leftByExamples(off, store);
  if (left.length > 0) return [leftNotice(left, packs)];
  return only === null && packs.length === 0 ? [emptyNotice(places)] : [];
}

const startLine = (packs: readonly Pick<PackPlace, 'setting'>[]) =>
  `SEED_PACKS=${packs.map(({ setting }) => setting).join(',')} npm start`;

function emptyNotice(examples: readonly PackPlace[]): string {
  return [
    "Packs: none, so that agents have Seed's own commands alone. To add your platform's:",
    `  ${SEED_COMMAND} packs new acme                                begins with one command and its test`,
    `  ${SEED_COMMAND} packs import <url-or-file> --name acme        takes those of an OpenAPI document`,
    `Or try the examples: ${startLine(examples)}`,
  ].join('\n');
}

function leftNotice(left: readonly PackPlace[], on: readonly LoadedPack[]): string {
  const names = left.map(({ setting }) => setting).join(', ');
  return [
    `The database has tables of ${names}, and examples are on only where SEED_PACKS names them.`,
    `Rows and scopes stay as they are. To keep their commands: ${startLine([...on, ...left])}`,
    'This is said once.',
  ].join('\n');
}

/** The examples that are off and have tables here, of which no start has told yet. */
async function leftByExamples(off: readonly PackPlace[], { db }: Pick<Store, 'db'>): Promise<PackPlace[]> {
  const names = off.map(({ name }) => name);
  // Whoever turns one on and off again is told again.
  await sql`update pack_migrations set told_off_at = null
    where told_off_at is not null and pack <> all(${names}::text[])`.execute(db);
  // By the text of its migrations: another pack may have had the name.
  const read = off.map(({ folder, setting }) => readMigrations(new URL('migrations/', folder), setting));
  const checksums = (await Promise.all(read)).flat().map(({ checksum }) => checksum);
  const { rows } = await sql<{ pack: string }>`update pack_migrations set told_off_at = now()
    where pack = any(${names}::text[]) and checksum = any(${checksums}::text[]) and told_off_at is null
    returning pack`.execute(db);
  return off.filter(({ name }) => rows.some(({ pack }) => pack === name));
}
