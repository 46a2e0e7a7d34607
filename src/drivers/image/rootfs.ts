// Completes an unpacked root file system: what the packages' maintainer scripts would have done, Node, Pi with all
// it depends on, and what the recipe adds. Called by base.ts.
import { copyFile, cp, mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { env } from '../../lib/env.ts';
import { exec } from '../../lib/exec.ts';
import type { Recipe } from './recipe.ts';

const FILES: Record<string, string> = {
  'etc/passwd': [
    'root:x:0:0:root:/root:/bin/bash',
    'agent:x:1000:1000:agent:/home/agent:/bin/bash',
    'nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin',
  ].join('\n'),
  'etc/group': ['root:x:0:', 'tty:x:5:', 'agent:x:1000:', 'nogroup:x:65534:'].join('\n'),
  'etc/hostname': 'sandbox',
  'etc/hosts': ['127.0.0.1 localhost sandbox', '::1 localhost'].join('\n'),
  // Each sandbox gets one of its own, laid over this file.
  'etc/machine-id': '',
  'etc/nsswitch.conf': ['passwd', 'group', 'hosts', 'services', 'protocols']
    .map((one) => `${one}: files`)
    .join('\n'),
  'etc/resolv.conf': '# The sandbox has no network.',
  'etc/gitconfig': '[user]\n\tname = agent\n\temail = agent@sandbox\n[init]\n\tdefaultBranch = main',
};

/** Links as update-alternatives and dpkg-maintscript-helper would have made them. */
const LINKS: Record<string, string> = {
  'usr/bin/awk': 'mawk',
  'usr/bin/pager': 'less',
  'usr/bin/which': 'which.debianutils',
  'usr/bin/fd': 'fdfind',
  'etc/localtime': '/usr/share/zoneinfo/Etc/UTC',
  'etc/mtab': '../proc/self/mounts',
};

/** Mount points of the sandbox's writable folders and of what the kernel provides. */
const FOLDERS = ['dev', 'home/agent', 'opt/seed', 'proc', 'root', 'run', 'sys', 'tmp', 'workspace'];

export async function configureRootfs(rootfs: string): Promise<void> {
  for (const folder of FOLDERS) await mkdir(join(rootfs, folder), { recursive: true });
  for (const [path, text] of Object.entries(FILES)) await writeFile(join(rootfs, path), `${text}\n`);
  for (const [path, target] of Object.entries(LINKS)) {
    await rm(join(rootfs, path), { force: true });
    await symlink(target, join(rootfs, path));
  }
  await bundleCertificates(rootfs);
}

/** As update-ca-certificates would: all of Mozilla's in one file. */
export async function bundleCertificates(rootfs: string): Promise<void> {
  const source = join(rootfs, 'usr/share/ca-certificates/mozilla');
  const names = (await readdir(source)).sort();
  const certificates = await Promise.all(names.map((name) => readFile(join(source, name), 'utf8')));
  await mkdir(join(rootfs, 'etc/ssl/certs'), { recursive: true });
  await writeFile(join(rootfs, 'etc/ssl/certs/ca-certificates.crt'), certificates.join(''));
}

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

/** Where Node lies in the root file system, which has it from the project's own packages. */
export const NODE_IN_ROOTFS = 'usr/bin/node';

export async function installNode(rootfs: string): Promise<void> {
  await copyFile(NODE, join(rootfs, NODE_IN_ROOTFS));
}

export async function installRuntime(rootfs: string): Promise<void> {
  await installNode(rootfs);
  await installPi(join(rootfs, 'opt/seed'));
}

/** Pi with all it depends on, as pinned; no more of a machine is needed for it than npm. */
export async function installPi(folder: string): Promise<void> {
  await cp(PI_FOLDER, folder, { recursive: true, filter: (path) => !basename(path).startsWith('node_modules') });
  await installNpmPackages(folder, 'ci');
  const unneeded = ['*.map', '*.d.ts', '*.d.mts', '*.d.cts'].flatMap((pattern) => ['-o', '-name', pattern]);
  await exec('find', [join(folder, 'node_modules'), '-type', 'f', '(', ...unneeded.slice(1), ')', '-delete']);
}

/** What package.json in `folder` asks for, without running any script of theirs. */
async function installNpmPackages(folder: string, how: 'ci' | 'install'): Promise<void> {
  // npm runs with the Node it finds on the PATH and picks packages by that Node's version.
  const path = `PATH=${dirname(NODE)}:${env('PATH') ?? ''}`;
  await exec('env', [path, 'npm', how, '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: folder,
    hint: 'Check that npm reaches its registry (npm ping), then run it again.',
  });
}

export interface SetupScript {
  rootfs: string;
  /** The text of a bash script. */
  script: string;
  runscPath: string;
}

/** Runs a recipe's script as root in a sandbox without network. @throws SeedError setup_failed, its last words */
export type RunSetup = (script: SetupScript) => Promise<void>;

export interface Extension extends Omit<SetupScript, 'script'> {
  recipe: Recipe;
  runSetup: RunSetup;
  onProgress: (message: string) => void;
}

/** @throws SeedError setup_failed */
export async function extendRootfs(extension: Extension): Promise<void> {
  const { rootfs, recipe, runscPath, runSetup, onProgress } = extension;
  if (Object.keys(recipe.npm).length > 0) {
    onProgress(`installing ${Object.keys(recipe.npm).join(', ')}`);
    await installExtra(rootfs, recipe.npm);
  }
  if (recipe.setup !== null) {
    onProgress("running the recipe's setup script");
    await runSetup({ rootfs, script: recipe.setup, runscPath });
  }
}

async function installExtra(rootfs: string, dependencies: Recipe['npm']): Promise<void> {
  const folder = join(rootfs, 'opt/seed/extra');
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'package.json'), JSON.stringify({ private: true, dependencies }));
  await installNpmPackages(folder, 'install');
  await symlink('node_modules/.bin', join(folder, 'bin'));
}
