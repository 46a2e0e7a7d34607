// The folder of Postgres's Unix socket. Its mode is the only guard of the database, and its path must be short.
import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Names the socket file only: nothing listens on a port. */
export const SOCKET_PORT = 5432;
/** What sockaddr_un holds, without the closing NUL. */
const MAX_PATH_BYTES = 107;

export interface SocketFolder {
  path: string;
  remove(): Promise<void>;
}

/** Makes the folder in `dataDir`, or below the system's temporary folder when the path would be too long. */
export async function makeSocketFolder(dataDir: string): Promise<SocketFolder> {
  const path = join(dataDir, 'socket');
  if (Buffer.byteLength(join(path, `.s.PGSQL.${SOCKET_PORT}`)) <= MAX_PATH_BYTES) {
    await mkdir(path, { recursive: true, mode: 0o700 });
    await chmod(path, 0o700);
    return { path, remove: async () => {} };
  }
  const temporary = await mkdtemp(join(tmpdir(), 'seed-postgres-'));
  return { path: temporary, remove: () => rm(temporary, { recursive: true, force: true }) };
}
