// Puts the `seed` command, fresh from the server, on the PATH of the agent's commands. It is fetched while the model
// thinks: the first request to the model does not wait for it, the first tool does.
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const SHEBANG = '#!/usr/bin/env node\n';

export interface CliInstaller {
  /** Begins with the first call; resolves when `seed` is there. */
  install(): Promise<void>;
}

/** @param fetchCli gives the CLI as one ES module; a shebang line is added when it has none */
export function createCliInstaller(binDir: string, fetchCli: () => Promise<Buffer>): CliInstaller {
  let installed: Promise<void> | null = null;
  return {
    install: () => {
      installed ??= fetchCli().then((source) => installCli(binDir, source));
      return installed;
    },
  };
}

async function installCli(binDir: string, source: Buffer): Promise<void> {
  const program =
    source.subarray(0, 2).toString() === '#!' ? source : Buffer.concat([Buffer.from(SHEBANG), source]);
  await mkdir(binDir, { recursive: true, mode: 0o755 });
  const unfinished = join(binDir, '.seed');
  await writeFile(unfinished, program, { mode: 0o755 });
  await rename(unfinished, join(binDir, 'seed'));
}
