// Unpacks Debian packages into a root file system, without their maintainer scripts and documentation.
import { mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { exec } from '../../lib/exec.ts';
import type { Package } from './apt.ts';

const LEFT_OUT = ['doc', 'man', 'locale', 'info', 'lintian', 'bug'].map(
  (folder) => `./usr/share/${folder}/*`,
);

/** Top-level folders that are links into /usr on every current Debian and Ubuntu. */
const MERGED_FOLDERS = ['bin', 'sbin', 'lib', 'lib64'];

/** Fills the empty folder `rootfs`. All files belong to whoever runs this. */
export async function unpackPackages(rootfs: string, packages: readonly Package[]): Promise<void> {
  for (const folder of MERGED_FOLDERS) {
    await mkdir(join(rootfs, 'usr', folder), { recursive: true });
    await symlink(`usr/${folder}`, join(rootfs, folder));
  }
  for (const { file } of packages) await unpackPackage(file, rootfs);
  // The sandbox forbids gaining privileges anyway; no file should even suggest it.
  await exec('find', [rootfs, '-perm', '/6000', '-type', 'f', '-exec', 'chmod', 'a-s', '{}', '+']);
}

/** `bash` is used for the pipe only: file names come as arguments, never as program text. */
export async function unpackPackage(file: string, folder: string): Promise<void> {
  const pipe = 'set -o pipefail; deb=$1; shift; dpkg-deb --fsys-tarfile "$deb" | tar "$@"';
  const exclude = LEFT_OUT.map((pattern) => `--exclude=${pattern}`);
  await exec('bash', [
    '-c',
    pipe,
    'unpack',
    file,
    '--extract',
    '--preserve-permissions',
    '--no-same-owner',
    '--keep-directory-symlink',
    ...exclude,
    `--directory=${folder}`,
  ]);
}
