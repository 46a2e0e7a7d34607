// Where a machine's files lie, how its Firecracker is started (as root in a chroot by the jailer, else in the
// machine's folder; it sees the names of FILES in api.ts either way) and the cgroup that the jailer makes.
import { readFile, rmdir, symlink, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { sandboxMarks } from '../process/sandbox-folder.ts';
import { FILES, type MachineSize } from './api.ts';
import type { Binaries } from './binaries.ts';

/** Files of the host that a machine may read, by their name in its folder. */
export type Inputs = Partial<Record<'kernel' | 'initrd' | 'disk' | 'state' | 'memory', string>>;

/** Names a machine's processes and its cgroup; found in their command lines. */
export function machineMark(folder: string): string {
  return sandboxMarks(folder).hash;
}

/** Firecracker's working folder; in the jailer's chroot its root. */
export function machineRoot(folder: string, { firecracker, jailer }: Binaries): string {
  return jailer === null ? join(folder, 'root') : join(folder, basename(firecracker), machineMark(folder), 'root');
}

/** Makes the inputs visible in `root`: mount points that `jailedCommand` fills, or links. */
export async function placeInputs(root: string, inputs: Inputs, isJailed: boolean): Promise<void> {
  for (const [name, path] of Object.entries(inputs)) {
    if (isJailed) await writeFile(join(root, name), '');
    else await symlink(path, join(root, name));
  }
}

/** Mounts each "source target" pair read-only, in the sandbox's own mount namespace, then becomes the rest. */
const MOUNT_AND_RUN = `set -e
while [ "$1" != -- ]; do
  mount --bind -- "$1" "$2"
  mount -o remount,bind,ro,nosuid,nodev,noexec -- "$2"
  shift 2
done
shift
exec "$@"`;

/** A system's other users end far below (systemd, UIDS-GIDS: 1879048192 and up are nobody's). */
const FIRST_UID = 1_900_000_000;

/** A user of its own for each machine, who owns nothing else on this host. */
export function machineUser(mark: string): number {
  return FIRST_UID + Number.parseInt(mark.slice(0, 6), 16);
}

export interface FirecrackerCommand {
  folder: string;
  binaries: Binaries;
  inputs: Inputs;
  size: MachineSize;
  /** Whether the jailer is to bound the machine by a control group of this host. */
  withCgroup: boolean;
}

/**
 * Firecracker logs to its standard output, which ends with this process. The write then raises SIGPIPE, its
 * handler logs, and waits for ever for the lock that the write holds (mended after 1.16.1): a machine that has
 * finished would stay until its deadline. What goes wrong is told by its answers, its standard error and its code.
 */
const QUIET = ['--level', 'Off'];

/** The command line; seccomp filters stay as Firecracker sets them. */
export function firecrackerCommand(command: FirecrackerCommand): string[] {
  const { folder, binaries } = command;
  const mark = machineMark(folder);
  const own = ['--api-sock', FILES.api, ...QUIET];
  if (binaries.jailer === null) return [binaries.firecracker, '--id', mark, ...own];
  const root = machineRoot(folder, binaries);
  const mounts = Object.entries(command.inputs).flatMap(([name, path]) => [path, join(root, name)]);
  return ['sh', '-c', MOUNT_AND_RUN, 'sh', ...mounts, '--', ...jailed(command, binaries.jailer), '--', ...own];
}

function jailed({ folder, binaries, size, withCgroup }: FirecrackerCommand, jailer: string): string[] {
  const mark = machineMark(folder);
  const user = String(machineUser(mark));
  const program = ['--id', mark, '--exec-file', binaries.firecracker, '--uid', user, '--gid', user];
  const bounds = ['--chroot-base-dir', folder, '--resource-limit', 'no-file=256'];
  return [jailer, ...program, ...bounds, ...(withCgroup ? cgroupArguments(size) : [])];
}

const ROOT = '/sys/fs/cgroup';
const PARENT = 'seed';
const NEEDED = ['cpu', 'memory', 'pids'];
/** Firecracker's own memory beside the guest's. */
const OVERHEAD_MIB = 128;
const MIB = 1024 * 1024;
/** Threads: one per processor and a handful of Firecracker's. */
const THREADS = 64;

/** Whether the host has a cgroup v2 with all that a machine needs. That it may be used shows only in use. */
export async function hasCgroups(): Promise<boolean> {
  const text = await readFile(join(ROOT, 'cgroup.controllers'), 'utf8').catch(() => '');
  const controllers = text.split(/\s+/);
  return NEEDED.every((name) => controllers.includes(name));
}

/** The jailer's arguments. */
function cgroupArguments({ vcpus, memoryMib }: MachineSize): string[] {
  const values = [
    `memory.max=${(memoryMib + OVERHEAD_MIB) * MIB}`,
    `cpu.max=${vcpus * 100_000} 100000`,
    `pids.max=${THREADS}`,
  ];
  return ['--cgroup-version', '2', '--parent-cgroup', PARENT, ...values.flatMap((value) => ['--cgroup', value])];
}

/** Whether the host's kernel ended a process of the machine for want of memory. */
export async function wasOutOfMemory(folder: string): Promise<boolean> {
  const events = await readFile(join(ROOT, PARENT, machineMark(folder), 'memory.events'), 'utf8').catch(() => '');
  return Number(/^oom_kill (\d+)$/m.exec(events)?.[1] ?? 0) > 0;
}

/** Where none can be made, none was. */
const NONE_THERE = ['ENOENT', 'ENOTDIR', 'EROFS', 'EACCES', 'EPERM'];

/** Removes the machine's cgroup, if there is one. No process may be left in it. */
export async function removeCgroup(folder: string): Promise<void> {
  await rmdir(join(ROOT, PARENT, machineMark(folder))).catch((error: NodeJS.ErrnoException) => {
    if (!NONE_THERE.includes(error.code ?? '')) throw error;
  });
}
