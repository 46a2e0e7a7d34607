// What the file system under a sandbox's folder keeps the jailer from doing there. Only explains a failure.
import { readFile, realpath } from 'node:fs/promises';

/** What each option of a mount stands in the way of. */
const FORBIDS = {
  nodev: 'the jailer makes a /dev/kvm of its own in each sandbox, which cannot be opened there',
  noexec: 'the jailer copies Firecracker into each sandbox, where it cannot be started',
} as const;

/**
 * What stands in the way, with what to do about it; undefined when nothing does.
 * @param folder one that is there
 * @param setting the environment variable that puts it elsewhere
 */
export async function mountObstacle(folder: string, setting: string): Promise<string | undefined> {
  const mount = mountOf(await realpath(folder), await readFile('/proc/self/mountinfo', 'utf8'));
  const found = (['nodev', 'noexec'] as const).filter((option) => mount?.options.includes(option));
  if (mount === undefined || found.length === 0) return undefined;
  const why = found.map((option) => FORBIDS[option]).join('; ');
  const what = `${folder} lies on ${mount.path}, which is mounted ${found.join(' and ')}: ${why}.`;
  return `${what} Set ${setting} to a folder on another file system, or run Seed as an ordinary user with access to /dev/kvm.`;
}

interface Mount {
  path: string;
  options: string[];
}

/** The mount that a path is on, by proc_pid_mountinfo(5): the nearest above it, the last of several there. */
export function mountOf(path: string, mountinfo: string): Mount | undefined {
  const mounts = mountinfo.split('\n').flatMap((line): Mount[] => {
    const [, , , , point, options] = line.split(' ');
    return point === undefined || options === undefined
      ? []
      : [{ path: unescaped(point), options: options.split(',') }];
  });
  const above = mounts.filter((mount) => mount.path === '/' || `${path}/`.startsWith(`${mount.path}/`));
  return above.reduce<Mount | undefined>(
    (nearest, mount) => (nearest && nearest.path.length > mount.path.length ? nearest : mount),
    undefined,
  );
}

/** Spaces and the like are written as octal numbers there. */
function unescaped(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}
