// What QEMU itself sees of the host: a file system of a few folders, as a user without any right. Part of the
// command that start.ts hands to the supervisor, whose mount and process namespaces it uses.
import { join } from 'node:path';
import { isRoot } from '../process/supervisor.ts';

/** The plain user and group that QEMU runs as when the runner is root: `nobody` everywhere. */
export const QEMU_UID = 65534;

/** The folders as QEMU sees them. */
export const JAIL = { tools: '/tools', files: '/files', out: '/out' } as const;

export interface Jail {
  /** The sandbox's folder; QEMU does not see it. */
  folder: string;
  tools: string;
  /** What the machine is made of; read-only. QEMU's user must be able to read it. */
  files: string;
  /** Where it may write, when it is frozen. */
  out?: string;
}

/** File names come as arguments, never as program text. The mounts end with the namespace. */
const ENTER = `set -e
root=$1 tools=$2 files=$3 out=$4; shift 4
bind() { mount --bind "$1" "$root/$2"; mount -o "remount,bind,nosuid,nodev,$3" "$root/$2"; }
mount -t tmpfs -o size=64k,mode=0755,nosuid,nodev,noexec jail "$root"
mkdir "$root/tools" "$root/files" "$root/out"
bind "$tools" tools ro
bind "$files" files ro,noexec
[ -z "$out" ] || bind "$out" out noexec
mount -o remount,bind,ro,nosuid,nodev,noexec "$root"
cd /
exec "$@"`;

export const jailRoot = (folder: string) => join(folder, 'root');

/** The command that runs `program` in the jail; `jailRoot(folder)` must be there and empty. */
export function jailed({ folder, tools, files, out }: Jail, program: readonly string[]): string[] {
  const root = jailRoot(folder);
  // A user namespace without a mapping: whoever runs in it has no name and no capability.
  const asNobody = ['unshare', '--user', `--root=${root}`];
  const become = isRoot() ? ['chroot', `--userspec=${QEMU_UID}:${QEMU_UID}`, '--groups=', root] : asNobody;
  const enter = ['sh', '-c', ENTER, 'jail', root, tools, files, out ?? ''];
  return [...enter, 'setpriv', '--no-new-privs', ...become, ...program];
}
