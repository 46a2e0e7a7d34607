// The folder of Postgres's Unix socket. Its mode is the only guard of the database, and its path must be short.
import { chmod, lstat, mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Names the socket file only: nothing listens on a port. */
export const SOCKET_PORT = 5432;
/** What sockaddr_un holds, without the closing NUL. */
const MAX_PATH_BYTES = 107;

/** Makes the folder in `dataDir` or, where its path is too long, a temporary one that `dataDir` has a link to. */
export async function makeSocketFolder(dataDir: string): Promise<{ path: string; remove(): Promise<void> }> {
  const path = join(dataDir, 'socket');
  // Left by a server that was killed.
  if ((await lstat(path).catch(() => null))?.isSymbolicLink()) await rm(path);
  if (Buffer.byteLength(socketFile(path)) <= MAX_PATH_BYTES) {
    await mkdir(path, { recursive: true, mode: 0o700 });
    await chmod(path, 0o700);
    return { path, remove: async () => {} };
  }
  const temporary = await mkdtemp(join(tmpdir(), 'seed-postgres-'));
  await symlink(temporary, path);
  return {
    path: temporary,
    async remove() {
      await rm(path, { force: true });
      await rm(temporary, { recursive: true, force: true });
    },
  };
}

/** The file in which Postgres keeps the pid of whom the socket belongs to. */
export function socketLock(folder: string): string {
  return `${socketFile(folder)}.lock`;
}

const socketFile = (folder: string) => join(folder, `.s.PGSQL.${SOCKET_PORT}`);
