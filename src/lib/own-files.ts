// Where Seed's own files lie, and where the adopter's do: in the repository and in the package that is made of it
// (scripts/lib/stage-package.ts). Used by whatever starts, reads or names a file of either.
const fs = process.getBuiltinModule('node:fs');
const url = process.getBuiltinModule('node:url');

/**
 * Of Seed's own files: the repository, or the installed package. The same from here, from node_modules/.cache/ and
 * from src/cli/, where bundles of the CLI lie: all are two deep.
 */
export const SEED_ROOT = new URL('../../', import.meta.url);

/** Whether this is the repository, whose TypeScript is run as it is, and not a package of JavaScript. */
export const IS_REPOSITORY = fs.existsSync(new URL('src/main.ts', SEED_ROOT));

/** A module of Seed's own by its path in the repository, `src/main.ts`. */
export function ownModule(path: string): URL {
  return new URL(IS_REPOSITORY ? path : path.replace(/\.ts$/, '.js'), SEED_ROOT);
}

/** The same as a path for a child process. */
export function ownProgram(path: string): string {
  return url.fileURLToPath(ownModule(path));
}

/**
 * A bundle that was made when the package was; null in the repository, where it is made of the sources.
 * @param path of its entry: the bundle lies beside it
 */
export function packedBundle(path: string): URL | null {
  return IS_REPOSITORY ? null : new URL(path.replace(/\.ts$/, '.mjs'), SEED_ROOT);
}

/** Marks the folder that holds an adopter's packs and settings. */
export const CONFIG_NAME = 'seed.config.ts';

/**
 * The adopter's folder, with packs/, seed.config.ts and .seed: the nearest from here upwards that has a
 * seed.config.ts. Where none has, the repository is its own, and with the package it is the folder one is in.
 */
export function adopterFolder(): URL {
  const here = url.pathToFileURL(`${process.cwd()}/`);
  for (let folder = here; ; folder = new URL('../', folder)) {
    if (fs.existsSync(new URL(CONFIG_NAME, folder))) return folder;
    if (folder.pathname === new URL('../', folder).pathname) return IS_REPOSITORY ? SEED_ROOT : here;
  }
}

/** Whether one works in the repository itself, whose own scripts then do what they always did. */
export function isInRepository(): boolean {
  return IS_REPOSITORY && adopterFolder().pathname === SEED_ROOT.pathname;
}

/** How to call the CLI, for hints: nothing that a registry would be asked for where Seed is not installed. */
export const SEED_COMMAND = IS_REPOSITORY ? 'bin/seed' : 'npx --no-install seed';
