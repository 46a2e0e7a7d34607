// Finds the packs of this server: every folder of packs/, what seed.config.ts names, the examples that SEED_PACKS
// names. Tells what is wrong with a file, and where. Called when a server starts, and by `seed packs import`.
import { existsSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { createRequire, registerHooks } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { z } from 'zod';
import type { Command } from '../../command/define-command.ts';
import { clashesBetween, refuseClashes } from '../../command/name-clashes.ts';
import type { PackTables } from '../../db/migrate.ts';
import { env } from '../../lib/env.ts';
import { adopterFolder, CONFIG_NAME, isInRepository, ownModule, SEED_ROOT } from '../../lib/own-files.ts';
import { type LoadedPack, type Pack, SeedConfig } from '../../pack/definition.ts';
import { packProblem, shownPath } from '../../pack/problem.ts';
import { readPackSettings } from '../../pack/settings.ts';
import { SeedError } from '../../protocol/errors.ts';
import { BUILT_IN_EVENT_TYPES } from '../../protocol/event-types.ts';
import type { Playbook } from '../../scripted/playbook.ts';
import { checkPack } from './check-pack.ts';

export interface PackSettings {
  /** packs/: what lies there is the adopter's, and on. */
  folder: URL;
  /** examples/packs/: on where SEED_PACKS names them as `examples/<name>`. */
  examples: URL;
  /** seed.config.ts, which need not be there. */
  config: URL;
  /** What SEED_PACKS names, which is then all that is on; null: everything but the examples. */
  only: readonly string[] | null;
}

/** Where a server finds them. */
export const PACKS_FOLDER = new URL('packs/', adopterFolder());
export const EXAMPLES_FOLDER = new URL('examples/packs/', SEED_ROOT);
const OWN_PLAYBOOKS = ownModule('examples/playbooks/playbooks.ts');
export const CONFIG_FILE = new URL(CONFIG_NAME, adopterFolder());

/**
 * Before any of their tables is made.
 * @param builtIn Seed's own commands
 * @throws SeedError invalid_settings with the file and the reason for one that is broken, or with all clashes
 */
export async function loadPacks(
  { folder, examples, config, only }: PackSettings,
  builtIn: readonly Command[],
): Promise<LoadedPack[]> {
  if (only?.length === 0) return [];
  const isOn = switchedOn(only);
  const places = [...(await placesIn(folder)), ...(await placesIn(examples, 'examples/'))];
  const found = await Promise.all([
    ...places.filter(({ setting }) => isOn(setting)).map((place) => loadFolder(place, builtIn)),
    ...(await readSeedConfig(config)).packs.map((specifier) => loadNamed(specifier, config, builtIn)),
  ]);
  const packs = found.filter(({ setting }) => isOn(setting));
  const known = [...places, ...found].map(({ setting }) => setting);
  refuseUnknown(only?.map(settingOf) ?? [], known);
  refuseSet(packs, builtIn);
  return packs;
}

/**
 * A pack that was made a part of the program: how SEED_PACKS names it, and its file, beside which its others lie.
 */
export interface BundledPack {
  setting: string;
  file: URL;
  pack: unknown;
}

/** As `loadPacks`, of packs that are part of the program. */
export function takePacks(
  bundled: readonly BundledPack[],
  { only }: Pick<PackSettings, 'only'>,
  builtIn: readonly Command[],
): LoadedPack[] {
  const isOn = switchedOn(only);
  const packs = bundled
    .filter(({ setting }) => isOn(setting))
    .map(({ setting, file, pack }) => ({ ...readyPack(pack, file, builtIn), setting }));
  refuseUnknown(
    only?.map(settingOf) ?? [],
    bundled.map(({ setting }) => setting),
  );
  refuseSet(packs, builtIn);
  return packs;
}

/** @throws SeedError invalid_settings: they cannot be on together, or lack something */
function refuseSet(packs: readonly LoadedPack[], builtIn: readonly Command[]): void {
  refuseTwins(packs);
  refuseClashes([seedItself(builtIn), ...packs]);
  refuseMissingSettings(packs);
}

/** Without SEED_PACKS all but the examples. */
function switchedOn(only: PackSettings['only']): (setting: string) => boolean {
  const named = only?.map(settingOf);
  return (setting) => named?.includes(setting) ?? !setting.startsWith('examples/');
}

const settingOf = (name: string) => name.replace(/^examples\/packs\//, 'examples/');

/** @throws SeedError invalid_settings with all that is not set or wrong, of all packs */
export function refuseMissingSettings(packs: readonly LoadedPack[]): void {
  const problems = packs.flatMap(({ settings }) => settings.problems);
  if (problems.length === 0) return;
  throw new SeedError('invalid_settings', problems.join('\n'), {
    hint: 'Set them where the server starts, or leave the pack out with SEED_PACKS.',
  });
}

/** What the model `scripted` knows: instructions about Seed's own commands, and those that packs bring. */
export async function playbooksOf(packs: readonly LoadedPack[]): Promise<Playbook[]> {
  const exported = existsSync(OWN_PLAYBOOKS) ? await importFile(OWN_PLAYBOOKS.href, shownPath(OWN_PLAYBOOKS)) : {};
  const own = (exported['playbooks'] ?? []) as readonly Playbook[];
  return [...own, ...packs.flatMap(({ playbooks = [] }) => playbooks)];
}

/**
 * What keeps the packs that are found from being on together, a line each; of those that can be loaded.
 * @param candidate a pack that is to be there, in the place of one that has its name
 */
export async function clashesOfPacks(
  settings: Pick<PackSettings, 'folder' | 'config'>,
  builtIn: readonly Command[],
  candidate?: Pick<LoadedPack, 'name' | 'file' | 'commands'>,
): Promise<string[]> {
  const { loaded } = await loadEach(settings, builtIn);
  const others = loaded.filter(({ name }) => name !== candidate?.name);
  return clashesBetween([seedItself(builtIn), ...others, ...(candidate ? [candidate] : [])]);
}

/** All packs that are found, each for itself, with what a start would say of those that it would not take. */
export async function loadEach(
  { folder, config }: Pick<PackSettings, 'folder' | 'config'>,
  builtIn: readonly Command[],
) {
  const { packs } = await readSeedConfig(config);
  const found = await Promise.allSettled([
    ...(await placesIn(folder)).map((place) => loadFolder(place, builtIn)),
    ...packs.map((specifier) => loadNamed(specifier, config, builtIn)),
  ]);
  const loaded = found.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  const broken = found.flatMap((result): unknown[] => (result.status === 'rejected' ? [result.reason] : []));
  return { loaded, broken, clashes: clashesBetween([seedItself(builtIn), ...loaded]) };
}

function seedItself(commands: readonly Command[]) {
  return { file: 'Seed itself', commands, events: BUILT_IN_EVENT_TYPES };
}

/** A folder that is to be a pack. */
export interface PackPlace {
  name: string;
  /** How SEED_PACKS names it: `crm`, `examples/crm`. */
  setting: string;
  folder: URL;
}

/** The folders of a folder, by name. Files, and folders that are hidden, are no packs. */
export async function placesIn(parent: URL, prefix = ''): Promise<PackPlace[]> {
  const names = existsSync(parent) ? await readdir(parent) : [];
  const kinds = await Promise.all(names.map((name) => stat(new URL(name, parent))));
  return names
    .filter((name, index) => kinds[index]?.isDirectory() && !name.startsWith('.'))
    .sort()
    .map((name) => ({ name, setting: prefix + name, folder: new URL(`${name}/`, parent) }));
}

async function loadFolder({ folder, name, setting }: PackPlace, builtIn: readonly Command[]): Promise<LoadedPack> {
  // The examples of an installed package are JavaScript.
  const file = [new URL('pack.ts', folder), new URL('pack.js', folder)].find((each) => existsSync(each));
  if (file === undefined)
    throw packProblem(shownPath(new URL('pack.ts', folder)), 'there is no such file, so the folder is no pack');
  const pack = await loadPack(file, builtIn);
  if (pack.name !== name) throw packProblem(pack.file, `the pack is called "${pack.name}", its folder "${name}"`);
  return { ...pack, setting };
}

async function loadNamed(specifier: string, config: URL, builtIn: readonly Command[]): Promise<LoadedPack> {
  if (/^\.{0,2}\//.test(specifier)) return loadPack(new URL(specifier, config), builtIn);
  try {
    return await loadPack(resolvePackage(specifier, config), builtIn);
  } catch (cause) {
    if (cause instanceof SeedError) throw cause;
    const reason = `the package "${specifier}" is not installed: ${(cause as Error).message}`;
    throw packProblem('seed.config.ts', reason, { cause });
  }
}

/** From the adopter's folder too, which a package manager may keep from seeing what Seed sees. */
function resolvePackage(specifier: string, config: URL): URL {
  try {
    return new URL(import.meta.resolve(specifier));
  } catch (error) {
    try {
      return pathToFileURL(createRequire(fileURLToPath(config)).resolve(specifier));
    } catch {
      throw error;
    }
  }
}

/**
 * One pack, whose settings may lack something: `refuseMissingSettings` says so.
 * @param lookUp a variable of the environment
 * @throws SeedError invalid_settings with the file and the reason
 */
export async function loadPack(
  file: URL,
  builtIn: readonly Command[],
  lookUp: (name: string) => string | undefined = env,
): Promise<LoadedPack> {
  const exported = await importFile(file.href, shownPath(file));
  return readyPack(exported['pack'], file, builtIn, lookUp);
}

function readyPack(
  exported: unknown,
  file: URL,
  builtIn: readonly Command[],
  lookUp: (name: string) => string | undefined = env,
): LoadedPack {
  const shown = shownPath(file);
  const pack = checkPack(exported, shown, builtIn);
  // Of an imported pack all commands say the same.
  const [imported] = pack.commands;
  const credential = pack.credential ?? imported?.credential ?? 'shared';
  const renew = imported?.renew ?? null;
  const migrationsFolder = migrationsOf(pack, file, shown);
  const settings = readPackSettings(pack.name, pack, lookUp);
  return { ...pack, setting: pack.name, file: shown, credential, renew, migrationsFolder, settings };
}

/** None, or one: what is to be migrated for the pack. */
export function tablesOf({ name, migrationsFolder }: LoadedPack): PackTables[] {
  return migrationsFolder === null ? [] : [{ name, migrationsFolder, shown: shownPath(migrationsFolder) }];
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
  const example = `examples/${unknown}`;
  throw new SeedError('invalid_settings', `SEED_PACKS names "${unknown}", and there is no such pack`, {
    hint: known.includes(example)
      ? `It is one of the examples: write ${example}.`
      : known.length === 0
        ? 'There is none at all.'
        : `There are: ${known.join(', ')}.`,
  });
}

function refuseTwins(packs: readonly LoadedPack[]): void {
  for (const [index, { name, file }] of packs.entries()) {
    const twin = packs.slice(0, index).find((other) => other.name === name);
    if (twin) throw packProblem(file, `the pack is called "${name}", like that of ${twin.file}`);
  }
}

/** What packs import of Seed is what runs them, also where their folder has another copy, or has none. */
const FACES: Record<string, URL> = {
  'seed/pack': ownModule('src/pack/pack.ts'),
  'seed/testing': ownModule('test/pack.ts'),
};
if (!isInRepository())
  registerHooks({
    resolve(specifier, context, next) {
      const face = FACES[specifier];
      return face ? { url: face.href, shortCircuit: true } : next(specifier, context);
    },
  });

/** @param shown the file as messages name it. @throws SeedError invalid_settings */
async function importFile(href: string, shown: string): Promise<Record<string, unknown>> {
  try {
    return (await import(/* @vite-ignore */ href)) as Record<string, unknown>;
  } catch (cause) {
    // It says itself what is wrong, such as a setting that is missing.
    if (cause instanceof SeedError) throw cause;
    throw packProblem(shown, `it cannot be loaded: ${messageOf(cause)}`, { cause });
  }
}

/** A syntax error's place stands in the first line of its stack and nowhere else. */
function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const stack = (error.stack ?? '').replaceAll(/\?edition=\d+/g, '');
  const places = stack.match(/(?:file:\/\/)?\/[^\s()]+\.[cm]?[jt]s:\d+/g) ?? [];
  const place = places.find((candidate) => !candidate.includes('/node_modules/'));
  if (place === undefined) return error.message;
  const at = place.lastIndexOf(':');
  return `${error.message} (${shownPath(new URL(place.slice(0, at), 'file:'))}${place.slice(at)})`;
}

/** @throws SeedError invalid_settings, naming the file */
async function readSeedConfig(file: URL): Promise<z.output<typeof SeedConfig>> {
  if (!existsSync(file)) return { packs: [] };
  const exported = await importFile(file.href, 'seed.config.ts');
  const config = SeedConfig.safeParse(exported['default']);
  if (config.success) return config.data;
  throw packProblem('seed.config.ts', z.prettifyError(config.error).replaceAll('\n', ' '), {
    hint: "It ends with: export default { packs: ['@acme/seed-pack'] } satisfies SeedConfig;",
  });
}
