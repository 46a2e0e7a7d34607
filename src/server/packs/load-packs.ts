// Finds the packs of this server: every folder of packs/, and what seed.config.ts names; SEED_PACKS narrows them.
import { existsSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { clashesBetween, refuseClashes } from '../../command/name-clashes.ts';
import { BUILT_IN } from '../../command/registry.ts';
import { SeedError } from '../../protocol/errors.ts';
import { BUILT_IN_EVENT_TYPES } from '../../protocol/event-types.ts';
import { checkPack } from './check-pack.ts';
import { importFile, shownPath } from './import-file.ts';
import type { LoadedPack, Pack } from './pack.ts';
import { packProblem } from './pack-problem.ts';
import { readSeedConfig } from './seed-config.ts';

export interface PackSettings {
  /** packs/ */
  folder: URL;
  /** seed.config.ts, which need not be there. */
  config: URL;
  /** The names of those that are on; null: all that are found. */
  only: readonly string[] | null;
}

/** Where a server finds them. */
export const PACKS_FOLDER = new URL('../../../packs/', import.meta.url);
export const CONFIG_FILE = new URL('../../../seed.config.ts', import.meta.url);

/**
 * Before any of their tables is made.
 * @throws SeedError invalid_settings with the file and the reason, for any that is on and broken, or with all their clashes
 */
export async function loadPacks({ folder, config, only }: PackSettings): Promise<LoadedPack[]> {
  if (only?.length === 0) return [];
  const folders = await packFolders(folder);
  const wanted = folders.filter((name) => only === null || only.includes(name));
  const found = await Promise.all([
    ...wanted.map((name) => loadFolder(new URL(`${name}/`, folder), name)),
    ...(await readSeedConfig(config)).packs.map((specifier) => loadNamed(specifier, config)),
  ]);
  const packs = found.filter(({ name }) => only === null || only.includes(name));
  refuseUnknown(only ?? [], [...folders, ...found.map(({ name }) => name)]);
  refuseTwins(packs);
  refuseClashes([SEED, ...packs]);
  return packs;
}

/** What keeps the packs that are found from being on together, a line each. One that cannot be loaded is left out. */
export async function clashesOfPacks(folder: URL, config: URL): Promise<string[]> {
  const names = await packFolders(folder);
  const { packs } = await readSeedConfig(config);
  const found = await Promise.allSettled([
    ...names.map((name) => loadFolder(new URL(`${name}/`, folder), name)),
    ...packs.map((specifier) => loadNamed(specifier, config)),
  ]);
  const loaded = found.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  return clashesBetween([SEED, ...loaded]);
}

const SEED = { file: 'Seed itself', commands: BUILT_IN, events: BUILT_IN_EVENT_TYPES };

/** Files, and folders that are hidden, are none. */
async function packFolders(folder: URL): Promise<string[]> {
  const names = existsSync(folder) ? await readdir(folder) : [];
  const kinds = await Promise.all(names.map((name) => stat(new URL(name, folder))));
  return names.filter((name, index) => kinds[index]?.isDirectory() && !name.startsWith('.')).sort();
}

async function loadFolder(folder: URL, name: string): Promise<LoadedPack> {
  const file = new URL('pack.ts', folder);
  if (!existsSync(file))
    throw packProblem(shownPath(file), 'there is no such file, so the folder is no pack');
  const pack = await loadPack(file);
  if (pack.name !== name)
    throw packProblem(pack.file, `the pack is called "${pack.name}", its folder "${name}"`);
  return pack;
}

async function loadNamed(specifier: string, config: URL): Promise<LoadedPack> {
  if (/^\.{0,2}\//.test(specifier)) return loadPack(new URL(specifier, config));
  try {
    return await loadPack(new URL(import.meta.resolve(specifier)));
  } catch (cause) {
    if (cause instanceof SeedError) throw cause;
    const reason = `the package "${specifier}" is not installed: ${(cause as Error).message}`;
    throw packProblem('seed.config.ts', reason, { cause });
  }
}

/** One pack. @throws SeedError invalid_settings with the file and the reason */
export async function loadPack(file: URL): Promise<LoadedPack> {
  const shown = shownPath(file);
  const exported = await importFile(file.href, shown);
  const pack = checkPack(exported['pack'], shown);
  return { ...pack, file: shown, migrationsFolder: migrationsOf(pack, file, shown) };
}

function migrationsOf({ migrations }: Pack, file: URL, shown: string): URL | null {
  const folder = migrations ?? new URL('migrations/', file);
  if (existsSync(folder)) return folder;
  if (migrations === undefined) return null;
  throw packProblem(shown, `its folder of migrations is not there: ${shownPath(migrations)}`);
}

function refuseUnknown(names: readonly string[], known: readonly string[]): void {
  const unknown = names.find((name) => !known.includes(name));
  if (unknown === undefined) return;
  throw new SeedError('invalid_settings', `SEED_PACKS names "${unknown}", and there is no such pack`, {
    hint: known.length === 0 ? 'There is none at all.' : `There are: ${known.join(', ')}.`,
  });
}

function refuseTwins(packs: readonly LoadedPack[]): void {
  for (const [index, { name, file }] of packs.entries()) {
    const twin = packs.slice(0, index).find((other) => other.name === name);
    if (twin) throw packProblem(file, `the pack is called "${name}", like that of ${twin.file}`);
  }
}
