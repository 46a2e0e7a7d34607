// Puts the agent's runtime into the root file system: Node, and Pi with all it depends on.
import { copyFile, cp, readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { env } from '../../lib/env.ts';
import { exec } from '../../lib/exec.ts';

const PI_FOLDER = join(import.meta.dirname, 'pi');

/** What decides the runtime's contents, as part of the image's content hash. */
export async function runtimeInputs(): Promise<string[]> {
  return [process.version, await readFile(join(PI_FOLDER, 'package-lock.json'), 'utf8')];
}

/** Node is the one that runs this program, so the sandbox and the host have the same. */
export async function installRuntime(rootfs: string): Promise<void> {
  await copyFile(process.execPath, join(rootfs, 'usr/bin/node'));
  const folder = join(rootfs, 'opt/seed');
  await cp(PI_FOLDER, folder, {
    recursive: true,
    filter: (path) => !basename(path).startsWith('node_modules'),
  });
  // npm runs with the Node it finds on the PATH and picks packages by that Node's version.
  const path = `PATH=${dirname(process.execPath)}:${env('PATH') ?? ''}`;
  await exec('env', [path, 'npm', 'ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: folder,
    hint: 'Check that npm reaches its registry (npm ping), then run it again.',
  });
  const unneeded = ['*.map', '*.d.ts', '*.d.mts', '*.d.cts']
    .flatMap((pattern) => ['-o', '-name', pattern])
    .slice(1);
  await exec('find', [join(folder, 'node_modules'), '-type', 'f', '(', ...unneeded, ')', '-delete']);
}
