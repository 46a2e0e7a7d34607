// What the next start would say of a pack that is imported now: asked before it is written. Called by
// `seed packs import`.
import type { Command } from '../../command/define-command.ts';
import type { OperationsFile } from '../../openapi/operation.ts';
import { commandsOfImport } from '../../pack/imported-commands.ts';
import type { PackCommand } from '../../pack/pack-command.ts';
import { shownPath } from '../../pack/problem.ts';
import { SeedError } from '../../protocol/errors.ts';
import { checkPack } from './check-pack.ts';
import { clashesOfPacks, loadPack, type PackSettings } from './load-packs.ts';

interface Import {
  name: string;
  folder: URL;
  imported: OperationsFile;
  /** overrides.json as it is, or will be. */
  overrides: string;
}

/** @returns what is wrong with the pack itself, and what it has that others have; a line each */
export async function problemsOfImport(
  { name, folder, imported, overrides }: Import,
  settings: Pick<PackSettings, 'folder' | 'config'>,
  builtIn: readonly Command[],
): Promise<{ problems: string[]; clashes: string[] }> {
  const file = new URL('pack.ts', folder);
  const shown = shownPath(file);
  const overridesFile = shownPath(new URL('overrides.json', folder));
  try {
    const own = await ownCommands(file, builtIn);
    const commands = [...commandsOfImport(name, imported, { overrides, file: shown, overridesFile }), ...own];
    const pack = checkPack({ name, title: imported.title, commands }, shown, builtIn);
    return { problems: [], clashes: await clashesOfPacks(settings, builtIn, { ...pack, file: shown }) };
  } catch (error) {
    if (!(error instanceof SeedError)) throw error;
    const problem = error.hint ? `${error.message} (${error.hint})` : error.message;
    return { problems: [problem], clashes: await clashesOfPacks(settings, builtIn) };
  }
}

/** Those that somebody wrote beside the imported ones, where the pack is there already and can be loaded. */
async function ownCommands(file: URL, builtIn: readonly Command[]): Promise<PackCommand[]> {
  const loaded = await loadPack(file, builtIn).catch(() => null);
  return (loaded?.commands ?? []).filter(({ remote }) => remote !== true);
}
