// Makes this sandbox somebody: of all that were restored from the same snapshot none keeps the same name, machine-id or
// randomness. Called after the restore and before the agent moves.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { hostname as currentHostname } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { StartLine } from '../protocol/guest.ts';
import { resizedMounts } from './disk.ts';
import { stirEntropy } from './entropy.ts';
import { forgetDrawn } from './kernel-randomness.ts';

/** More than the way from the host takes, and less than anybody minds. */
const CLOCK_SKEW_MS = 500;

/** The name that all sandboxes of the snapshot wake up with. */
const FROZEN_HOSTNAME = currentHostname();

/** Fresh randomness for the kernel and for this process. The first thing after the restore; takes no time. */
export function reseed({ entropy }: StartLine): void {
  forgetDrawn();
  stirEntropy(entropy);
}

/**
 * Gives the machine its names, clock and disk. A driver that does this itself has done it before the guest hears anything.
 * @param runDir where to write what is laid over the files in /etc; null on a machine that is nobody's to rename
 */
export async function becomeSomebody(start: StartLine, runDir: string | null): Promise<void> {
  if (runDir === null || currentHostname() !== FROZEN_HOSTNAME) return;
  const { hostname, machineId } = identityFrom(start.entropy);
  const files = {
    hostname: `${hostname}\n`,
    hosts: `127.0.0.1 localhost ${hostname}\n::1 localhost\n`,
    'machine-id': `${machineId}\n`,
  };
  await Promise.all(
    Object.entries(files).map(([name, text]) => writeFile(join(runDir, name), text, { mode: 0o644 })),
  );
  await asRoot([
    ['hostname', hostname],
    ...Object.keys(files).map((name) => ['mount', '--bind', join(runDir, name), `/etc/${name}`]),
    ...clockCommand(start.now),
    ...(await resizedMounts(start.diskBytes ?? null)),
  ]);
}

/** Derived from fresh bytes and not drawn: nothing of the frozen process's own state is in it. */
export function identityFrom(entropy: string): { hostname: string; machineId: string } {
  const derived = (use: string) => createHash('sha256').update(`${use}\0${entropy}`).digest('hex');
  return {
    hostname: `sandbox-${derived('hostname').slice(0, 12)}`,
    machineId: derived('machine-id').slice(0, 32),
  };
}

/**
 * Where the clock stood still with the rest; gVisor's follows the host's by itself. The line may have waited for the
 * restore, so a clock that is ahead of it is right.
 */
function clockCommand(now: string): string[][] {
  return Date.parse(now) - Date.now() > CLOCK_SKEW_MS ? [['date', '--utc', `--set=${now}`]] : [];
}

const run = promisify(execFile);

/** One shell for all, as starting a process takes the longest. No word may have spaces. Rejects when one fails. */
async function asRoot(commands: readonly (readonly string[])[]): Promise<void> {
  const args = commands.flatMap((command) => [...command, ';']);
  await run('/bin/sh', ['-c', EACH, 'each', ...args], { env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' } });
}

/** Runs commands that are given one after the other, each ended by a semicolon as a word of its own. */
const EACH = `set -e
while [ $# -gt 0 ]; do
  command=
  while [ "$1" != ";" ]; do command="$command $1"; shift; done
  shift
  $command >/dev/null
done`;
