// The programs of a virtual machine: QEMU with its libraries and firmware, a kernel with the modules it needs, and
// busybox. Debian packages, kept under `<cacheDir>/tools` and not installed. Called by set-up for these drivers.
import { existsSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { zstdDecompressSync } from 'node:zlib';
import { makeFolder, removePartialFolders } from '../../lib/cache-folders.ts';
import { contentHash } from '../../lib/content-hash.ts';
import { requireFreeDisk } from '../../lib/disk-space.ts';
import { exec } from '../../lib/exec.ts';
import { withFileLock } from '../../lib/file-lock.ts';
import { SeedError } from '../../protocol/errors.ts';
import { fetchPackages, unpackPackages } from '../image/apt.ts';
import { findDistribution } from '../image/distribution.ts';

/** Change it with anything below that changes what the folder holds. */
const RECIPE_VERSION = '1';

/** Debian calls its kernel for virtual machines `cloud`, Ubuntu `virtual`. */
const KERNEL_PACKAGES = { debian: 'linux-image-cloud-amd64', ubuntu: 'linux-image-virtual' } as const;
const PACKAGES = ['qemu-system-x86', 'seabios', 'squashfs-tools', 'busybox-static'] as const;
/** What is unpacked of all that apt fetches; the rest is for systems that boot the kernel themselves. */
const UNPACKED = /^(qemu-system-|seabios$|squashfs-tools$|busybox-static$|linux-(image|modules)-|lib)/;

const FIRMWARE = ['bios-microvm.bin', 'qboot.rom', 'linuxboot_dma.bin', 'kvmvapic.bin'] as const;
/** In the order of their loading; a kernel may have some built in. */
const MODULES = [
  'virtio_mmio',
  'virtio_blk',
  'virtio-rng',
  'squashfs',
  'vsock',
  'vmw_vsock_virtio_transport_common',
  'vmw_vsock_virtio_transport',
] as const;

const NEEDED_BYTES = 5e8;

export interface QemuTools {
  /** Changes with any of the programs. */
  id: string;
  /** QEMU's version, for people. */
  version: string;
  /** Holds bin/, lib/, firmware/, modules/ and vmlinuz. */
  folder: string;
}

/** The command that runs one of the fetched programs, given where their folder is seen by it. */
export function toolCommand(folder: string, program: 'qemu' | 'mksquashfs'): string[] {
  const lib = join(folder, 'lib');
  return [join(lib, 'ld.so'), '--library-path', lib, join(folder, 'bin', program)];
}

/** The fetched programs; undefined when they are not there. Asks nothing of the network. */
export async function findQemuTools(cacheDir: string): Promise<QemuTools | undefined> {
  const folder = await toolsFolder(cacheDir);
  const record = await readFile(join(folder, 'tools.json'), 'utf8').catch(() => undefined);
  if (record === undefined) return undefined;
  const { id, version } = JSON.parse(record) as Omit<QemuTools, 'folder'>;
  return { id, version, folder };
}

/** Fetches the programs when they are not there. Throws SeedError `setup_failed`. */
export async function ensureQemuTools(
  cacheDir: string,
  onProgress: (message: string) => void,
): Promise<QemuTools> {
  const found = await findQemuTools(cacheDir);
  if (found) return found;
  if (process.arch !== 'x64') {
    throw new SeedError('setup_failed', `The QEMU driver needs an x86-64 machine; this is ${process.arch}.`);
  }
  const parent = join(cacheDir, 'tools');
  await mkdir(parent, { recursive: true });
  await withFileLock(join(parent, 'qemu-lock'), async () => {
    if (await findQemuTools(cacheDir)) return;
    await removePartialFolders(parent);
    await requireFreeDisk(parent, NEEDED_BYTES);
    onProgress('fetching QEMU and a kernel for virtual machines, about 80 MB');
    await makeFolder(await toolsFolder(cacheDir), fillTools);
  });
  const tools = await findQemuTools(cacheDir);
  if (!tools) throw new SeedError('setup_failed', `QEMU is not complete under ${parent}`);
  return tools;
}

async function toolsFolder(cacheDir: string): Promise<string> {
  const release = await readFile('/etc/os-release', 'utf8').catch(() => '');
  const key = contentHash(RECIPE_VERSION, process.arch, release, PACKAGES.join(' '), MODULES.join(' '));
  return join(cacheDir, 'tools', `qemu-${key}`);
}

async function fillTools(folder: string): Promise<void> {
  const downloads = await mkdtemp(join(folder, 'downloads-'));
  const root = join(downloads, 'root');
  const distribution = await findDistribution();
  const kernel = KERNEL_PACKAGES[distribution.keyring.includes('ubuntu') ? 'ubuntu' : 'debian'];
  const fetched = await fetchPackages(downloads, distribution, [...PACKAGES, kernel]);
  const packages = fetched.filter(({ name }) => UNPACKED.test(name));
  await mkdir(root);
  await unpackPackages(root, packages);
  for (const name of ['bin', 'lib', 'firmware', 'modules']) await mkdir(join(folder, name));
  await copyPrograms(root, folder);
  await copyFirmware(root, folder);
  await copyKernel(root, folder);
  await rm(downloads, { recursive: true });
  const versions = packages.map(({ name, version }) => `${name}=${version}`);
  const version = packages.find(({ name }) => name === 'qemu-system-x86')?.version ?? '';
  const record = { id: contentHash(RECIPE_VERSION, ...versions), version, packages: versions };
  // QEMU runs as another user than the runner's.
  await exec('chmod', ['--recursive', 'a+rX', folder]);
  await writeFile(join(folder, 'tools.json'), JSON.stringify(record, null, 1));
}

/** Copies the programs and exactly the libraries that their loader asks for. */
async function copyPrograms(root: string, folder: string): Promise<void> {
  const libraries = join(root, 'usr/lib/x86_64-linux-gnu');
  const loader = join(libraries, 'ld-linux-x86-64.so.2');
  const programs = { qemu: 'usr/bin/qemu-system-x86_64', mksquashfs: 'usr/bin/mksquashfs' };
  for (const [name, path] of Object.entries(programs)) {
    const program = join(root, path);
    const list = await exec(loader, ['--library-path', libraries, '--list', program]);
    const needed = [...list.matchAll(/=> (\/\S+)/g)].map(([, file = '']) => file);
    for (const file of needed) await copyFile(file, join(folder, 'lib', basename(file)));
    await copyFile(program, join(folder, 'bin', name));
  }
  await copyFile(loader, join(folder, 'lib/ld.so'));
  await copyFile(join(root, 'usr/bin/busybox'), join(folder, 'bin/busybox'));
}

async function copyFirmware(root: string, folder: string): Promise<void> {
  for (const name of FIRMWARE) {
    const places = ['usr/share/qemu', 'usr/share/seabios'].map((place) => join(root, place, name));
    const source = places.find((place) => existsSync(place));
    if (!source) throw new SeedError('setup_failed', `The QEMU packages have no ${name}.`);
    await copyFile(source, join(folder, 'firmware', name));
  }
}

async function copyKernel(root: string, folder: string): Promise<void> {
  const boot = await readdir(join(root, 'boot'));
  const vmlinuz = boot.find((name) => name.startsWith('vmlinuz-'));
  if (!vmlinuz) throw new SeedError('setup_failed', 'The kernel package has no kernel.');
  await copyFile(join(root, 'boot', vmlinuz), join(folder, 'vmlinuz'));
  const modules = join(root, 'usr/lib/modules', vmlinuz.slice('vmlinuz-'.length), 'kernel');
  const files = await readdir(modules, { recursive: true });
  for (const [index, name] of MODULES.entries()) {
    const file = files.find((path) => basename(path).replace(/\.(xz|zst)$/, '') === `${name}.ko`);
    if (file === undefined) continue;
    // Their order of loading is that of their names.
    const target = join(folder, 'modules', `${index}-${name}.ko`);
    const packed = join(modules, file);
    if (file.endsWith('.zst')) await writeFile(target, zstdDecompressSync(await readFile(packed)));
    else if (file.endsWith('.xz'))
      await exec('sh', ['-c', '"$1" unxz -c "$2" >"$3"', 'sh', join(folder, 'bin/busybox'), packed, target]);
    else await copyFile(packed, target);
  }
}
