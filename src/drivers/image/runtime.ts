// Puts the agent's runtime into the root file system: Node, and Pi with all it depends on.
import { copyFile, cp, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { env } from '../../lib/env.ts';
import { exec } from '../../lib/exec.ts';

const PI_FOLDER = join(import.meta.dirname, 'pi');

/** The project's own Node. A system's would not do: Debian's and others need libraries that the image lacks. */
const NODE_PACKAGE = createRequire(import.meta.url).resolve(`node-linux-${process.arch}/package.json`);
const NODE = join(dirname(NODE_PACKAGE), 'bin/node');

/** What decides the runtime's contents, as part of the image's content hash. */
export async function runtimeInputs(): Promise<string[]> {
  const { version } = JSON.parse(await readFile(NODE_PACKAGE, 'utf8')) as { version: string };
  return [version, await readFile(join(PI_FOLDER, 'package-lock.json'), 'utf8')];
}

export async function installRuntime(rootfs: string): Promise<void> {
  await copyFile(NODE, join(rootfs, 'usr/bin/node'));
  const folder = join(rootfs, 'opt/seed');
  await cp(PI_FOLDER, folder, {
    recursive: true,
    filter: (path) => !basename(path).startsWith('node_modules'),
  });
  // npm runs with the Node it finds on the PATH and picks packages by that Node's version.
  const path = `PATH=${dirname(NODE)}:${env('PATH') ?? ''}`;
  await exec('env', [path, 'npm', 'ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: folder,
    hint: 'Check that npm reaches its registry (npm ping), then run it again.',
  });
  const unneeded = ['*.map', '*.d.ts', '*.d.mts', '*.d.cts']
    .flatMap((pattern) => ['-o', '-name', pattern])
    .slice(1);
  await exec('find', [join(folder, 'node_modules'), '-type', 'f', '(', ...unneeded, ')', '-delete']);
}
