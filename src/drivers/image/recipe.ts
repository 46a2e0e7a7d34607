// What the sandbox image is made of: Debian packages, and what an adopter adds with sandbox.recipe.json beside
// package.json, or with the file that SEED_SANDBOX_RECIPE names.
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { env } from '../../lib/env.ts';
import { parseJson } from '../../lib/json.ts';
import { adopterFolder } from '../../lib/own-files.ts';
import { SeedError } from '../../protocol/errors.ts';

const DEFAULT_FILE = fileURLToPath(new URL('sandbox.recipe.json', adopterFolder()));

const SandboxRecipe = z.strictObject({
  /** Debian packages, with all they depend on. */
  packages: z
    .array(z.string().regex(/^[a-z0-9][a-z0-9.+-]+$/, 'not the name of a Debian package'))
    .max(200)
    .default([]),
  /** npm packages with exact versions; their programs are on the agent's PATH. */
  npm: z
    .record(
      z.string().regex(/^(?:@[a-z0-9][a-z0-9._-]*\/)?[a-z0-9][a-z0-9._-]*$/, 'not the name of an npm package'),
      z.string().regex(/^\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?$/, 'not an exact version such as 1.2.3'),
    )
    .default({}),
  /** A bash script beside the recipe, run once when the image is built: as root inside gVisor, without network. */
  setup: z.string().min(1).optional(),
});

export interface Recipe {
  packages: readonly string[];
  npm: Readonly<Record<string, string>>;
  /** The script's text. */
  setup: string | null;
}

/** Nothing is added without a file. @throws SeedError invalid_settings, naming the file and the field */
export async function readRecipe(file = env('SEED_SANDBOX_RECIPE')): Promise<Recipe> {
  const path = resolve(file ?? DEFAULT_FILE);
  const text = await readFile(path, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    if (file === undefined && cause.code === 'ENOENT') return '{}';
    throw invalid(path, `cannot be read: ${cause.message}`, cause);
  });
  const parsed = SandboxRecipe.safeParse(
    parseJson(text, (cause) => invalid(path, `is not JSON: ${cause.message}`, cause)),
  );
  if (!parsed.success) throw invalid(path, z.prettifyError(parsed.error), parsed.error);
  const { packages, npm, setup } = parsed.data;
  const script = setup === undefined ? null : resolve(dirname(path), setup);
  const sorted = Object.entries(npm).sort(([one], [other]) => one.localeCompare(other));
  return {
    packages: [...new Set(packages)].sort(),
    npm: Object.fromEntries(sorted),
    setup:
      script === null
        ? null
        : await readFile(script, 'utf8').catch((cause: Error) => {
            throw invalid(path, `its setup script cannot be read: ${cause.message}`, cause);
          }),
  };
}

function invalid(path: string, what: string, cause: unknown): SeedError {
  const hint = 'docs/sandboxes.md describes it.';
  return new SeedError('invalid_settings', `The sandbox recipe ${path} ${what}`, { hint, cause });
}

/** Part of every image's content hash. */
export const RECIPE_VERSION = '2';

/** Debian packages that are unpacked into the root file system, with all they depend on. */
export const ROOTFS_PACKAGES: readonly string[] = [
  'base-files bash bzip2 ca-certificates coreutils curl dash debianutils diffutils fd-find file findutils',
  'git grep gzip hostname iproute2 jq less libc-bin libstdc++6 mawk mount ncurses-base netbase patch procps',
  'python3 ripgrep sed tar tzdata unzip util-linux xz-utils zip',
].flatMap((row) => row.split(' '));

/** Debian packages whose programs run on the host, not in the sandbox. */
export const TOOL_PACKAGES = ['runsc'] as const;
