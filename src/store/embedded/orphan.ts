// A Postgres that outlived its server (killed -9 on a machine where it could not be told): stopped before a new one starts.
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { readIfThere } from '../../lib/read-if-there.ts';
import { SeedError } from '../../protocol/errors.ts';

const STOP_PATIENCE_MS = 30_000;
const POLL_MS = 20;

/**
 * Stops the Postgres that runs on `cluster`, if there is one, by its fast shutdown. The caller holds the data folder's
 * lock, so nobody needs it. Returns whether there was one. Throws SeedError `conflict` when it does not end.
 */
export async function stopOrphan(cluster: string): Promise<boolean> {
  const pid = await runningPostmaster(cluster);
  if (pid === undefined) return false;
  process.kill(pid, 'SIGINT');
  const giveUpAt = performance.now() + STOP_PATIENCE_MS;
  while ((await runningPostmaster(cluster)) === pid) {
    if (performance.now() > giveUpAt) {
      throw new SeedError(
        'conflict',
        `Postgres (process ${pid}), left over from a killed server, does not end.`,
        {
          hint: `End process ${pid} and start again.`,
        },
      );
    }
    await sleep(POLL_MS);
  }
  return true;
}

/** The pid in the cluster's own lock file, if that process still is a Postgres. */
async function runningPostmaster(cluster: string): Promise<number | undefined> {
  const pid = Number.parseInt((await readIfThere(join(cluster, 'postmaster.pid'))) ?? '', 10);
  // A zombie has an empty command line.
  const [program] = ((await readIfThere(`/proc/${pid}/cmdline`)) ?? '').split('\0');
  return program?.endsWith('/postgres') ? pid : undefined;
}
