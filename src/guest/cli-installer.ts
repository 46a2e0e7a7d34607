// Puts the `seed` command, fresh from the server, on the PATH of the agent's commands.
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const SHEBANG = '#!/usr/bin/env node\n';

/** @param source the CLI as one ES module; a shebang line is added when it has none */
export async function installCli(binDir: string, source: Buffer): Promise<void> {
  const program =
    source.subarray(0, 2).toString() === '#!' ? source : Buffer.concat([Buffer.from(SHEBANG), source]);
  await mkdir(binDir, { recursive: true, mode: 0o755 });
  const unfinished = join(binDir, '.seed');
  await writeFile(unfinished, program, { mode: 0o755 });
  await rename(unfinished, join(binDir, 'seed'));
}
