// Postgres refuses to run as root. Here is as whom it runs instead, and how its programs are started that way.
import { access, chown, constants, stat } from 'node:fs/promises';
import { exec } from '../../lib/exec.ts';
import { SeedError } from '../../protocol/errors.ts';

interface User {
  uid: number;
  gid: number;
}

/** The folders that the programs of Postgres need, as this process names them. */
export interface Folders {
  /** Its `bin`, `lib` and `share`. */
  native: string;
  /** Everything that Postgres writes, but for the socket. */
  data: string;
  socket: string;
}

/** How to run Postgres: programs are started by `command`, and find their folders at `folders`. */
export interface Launcher {
  /** Whose the data is; undefined: this process's own user. */
  owner: User | undefined;
  folders: Folders;
  command(program: string, args: readonly string[]): [string, ...string[]];
}

const PLACES_TO_MOUNT = ['/mnt', '/media', '/srv'];

/**
 * As an ordinary user the programs simply run, and die with this process. As root they run as a plain user: the
 * one that owns the data already, else `postgres`, else `nobody`. Where that user cannot reach the folders (a
 * clone below /root), the programs see them in a mount namespace of their own. The data and the socket's folder
 * become that user's. Throws SeedError `setup_failed` when that cannot be.
 */
export async function chooseLauncher(folders: Folders): Promise<Launcher> {
  if (process.getuid?.() !== 0) {
    await refuseForeignData(folders.data);
    const command: Launcher['command'] = (program, args) => [...DIES_WITH_PARENT, '--', program, ...args];
    return { owner: undefined, folders, command };
  }
  const owner = (await ownerOf(folders.data)) ?? (await lookUp('postgres')) ?? (await lookUp('nobody'));
  if (!owner)
    throw new SeedError('setup_failed', 'There is neither a user postgres nor nobody to run Postgres as.', {
      hint: 'Add a user postgres, start Seed as an ordinary user, or set DATABASE_URL.',
    });
  await Promise.all([folders.data, folders.socket].map((folder) => chown(folder, owner.uid, owner.gid)));
  const asOwner = [
    ...DIES_WITH_PARENT,
    `--reuid=${owner.uid}`,
    `--regid=${owner.gid}`,
    '--clear-groups',
    '--',
  ] as const;
  if (await canReach(asOwner, folders)) {
    return { owner, folders, command: (program, args) => [...asOwner, program, ...args] };
  }
  return inMountNamespace(owner, asOwner, folders);
}

/** SIGINT is Postgres's fast shutdown: when this process is killed, it closes its data cleanly. */
const DIES_WITH_PARENT = ['setpriv', '--pdeathsig', 'INT'] as const;

async function canReach(asOwner: readonly [string, ...string[]], folders: Folders): Promise<boolean> {
  const [program, ...args] = asOwner;
  const test = ['sh', '-c', 'test -x "$1/bin/postgres" && cd "$2" && cd "$3" && echo yes || echo no'];
  const answer = await exec(program, [...args, ...test, 'sh', folders.native, folders.data, folders.socket]);
  return answer.trim() === 'yes';
}

async function inMountNamespace(
  owner: User,
  asOwner: readonly [string, ...string[]],
  folders: Folders,
): Promise<Launcher> {
  const place = PLACES_TO_MOUNT.find(
    (path) => !Object.values(folders).some((folder) => folder.startsWith(`${path}/`)),
  );
  const inside = { native: `${place}/native`, data: `${place}/data`, socket: `${place}/socket` };
  const script = `set -e
    mount -t tmpfs -o mode=755,size=64k tmpfs ${place}
    mkdir ${place}/native ${place}/data ${place}/socket
    mount --bind "$1" ${place}/native; mount --bind "$2" ${place}/data; mount --bind "$3" ${place}/socket
    cd ${place}; shift 3; exec "$@"`;
  const enter = ['unshare', '--mount', '--', 'sh', '-c', script, 'sh'] as const;
  const prefix: [string, ...string[]] = [...enter, folders.native, folders.data, folders.socket, ...asOwner];
  try {
    const [program, ...args] = prefix;
    await exec(program, [...args, `${inside.native}/bin/postgres`, '--version']);
  } catch (cause) {
    throw new SeedError(
      'setup_failed',
      `User ${owner.uid}, as whom Postgres runs, cannot reach ${folders.data}.`,
      { hint: 'Clone Seed to a folder that every user may enter (such as /opt), or set DATABASE_URL.', cause },
    );
  }
  return { owner, folders: inside, command: (program, args) => [...prefix, program, ...args] };
}

async function ownerOf(path: string): Promise<User | undefined> {
  const { uid, gid } = await stat(path);
  return uid === 0 ? undefined : { uid, gid };
}

async function lookUp(name: string): Promise<User | undefined> {
  try {
    const [uid, gid] = await Promise.all([exec('id', ['-u', name]), exec('id', ['-g', name])]);
    return { uid: Number(uid), gid: Number(gid) };
  } catch (error) {
    if (error instanceof SeedError) return undefined;
    throw error;
  }
}

async function refuseForeignData(data: string): Promise<void> {
  const { uid } = await stat(data);
  const writable = await access(data, constants.R_OK | constants.W_OK | constants.X_OK).then(
    () => true,
    () => false,
  );
  if (uid === process.getuid?.() && writable) return;
  throw new SeedError('invalid_settings', `The data folder ${data} belongs to another user (uid ${uid}).`, {
    hint: 'Start Seed as the user who made the folder, or set SEED_DATA_DIR to another one.',
  });
}
