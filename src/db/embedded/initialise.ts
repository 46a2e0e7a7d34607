// Makes an empty Postgres cluster, once. Killed half way, it leaves nothing that looks like one.
import { existsSync } from 'node:fs';
import { chown, mkdir, readdir, rename, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { exec } from '../../lib/exec.ts';
import type { Launcher } from './plain-user.ts';

/** The cluster's one role and, as always with Postgres, a database `postgres`. */
export const DATABASE_ROLE = 'seed';
const PARTIAL = 'partial-';

/** The folder of the cluster in the data folder of Postgres. */
export function clusterFolder(dataFolder: string): string {
  return join(dataFolder, 'cluster');
}

/** Makes the cluster unless it is there. The caller holds the data folder's lock. Returns whether it made one. */
export async function initialise(dataFolder: string, launcher: Launcher): Promise<boolean> {
  for (const name of await readdir(dataFolder)) {
    if (name.startsWith(PARTIAL)) await rm(join(dataFolder, name), { recursive: true });
  }
  if (existsSync(clusterFolder(dataFolder))) return false;
  const partial = join(dataFolder, `${PARTIAL}${process.pid}`);
  await mkdir(partial, { mode: 0o700 });
  if (launcher.owner) await chown(partial, launcher.owner.uid, launcher.owner.gid);
  const [program, ...args] = launcher.command(`${launcher.folders.native}/bin/initdb`, [
    `--pgdata=${join(launcher.folders.data, basename(partial))}`,
    `--username=${DATABASE_ROLE}`,
    '--auth=trust',
    '--encoding=UTF8',
    '--locale=C',
  ]);
  await exec(program, args, { env: { LC_ALL: 'C', TZ: 'UTC', PATH: '/usr/bin:/bin' }, cwd: '/' });
  await rename(partial, clusterFolder(dataFolder));
  return true;
}
