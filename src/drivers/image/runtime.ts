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

/** Node's and Pi's, for people. */
export async function runtimeVersions(): Promise<{ node: string; pi: string }> {
  const { version: node } = JSON.parse(await readFile(NODE_PACKAGE, 'utf8')) as { version: string };
  const pinned = await readFile(join(PI_FOLDER, 'package.json'), 'utf8');
  const { dependencies } = JSON.parse(pinned) as { dependencies: Record<string, string> };
  return { node, pi: dependencies['@earendil-works/pi-coding-agent'] ?? 'unknown' };
}

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
  await installNpmPackages(folder, 'ci');
  const unneeded = ['*.map', '*.d.ts', '*.d.mts', '*.d.cts']
    .flatMap((pattern) => ['-o', '-name', pattern])
    .slice(1);
  await exec('find', [join(folder, 'node_modules'), '-type', 'f', '(', ...unneeded, ')', '-delete']);
}

/** What package.json in `folder` asks for, without running any script of theirs. */
export async function installNpmPackages(folder: string, how: 'ci' | 'install'): Promise<void> {
  // npm runs with the Node it finds on the PATH and picks packages by that Node's version.
  const path = `PATH=${dirname(NODE)}:${env('PATH') ?? ''}`;
  await exec('env', [path, 'npm', how, '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: folder,
    hint: 'Check that npm reaches its registry (npm ping), then run it again.',
  });
}
