// Does in a freshly unpacked root file system the few things that the packages' maintainer scripts would have done.
import { mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

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
  'etc/nsswitch.conf': [
    'passwd: files',
    'group: files',
    'hosts: files',
    'services: files',
    'protocols: files',
  ].join('\n'),
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

async function bundleCertificates(rootfs: string): Promise<void> {
  const source = join(rootfs, 'usr/share/ca-certificates/mozilla');
  const names = (await readdir(source)).sort();
  const certificates = await Promise.all(names.map((name) => readFile(join(source, name), 'utf8')));
  await mkdir(join(rootfs, 'etc/ssl/certs'), { recursive: true });
  await writeFile(join(rootfs, 'etc/ssl/certs/ca-certificates.crt'), certificates.join(''));
}
