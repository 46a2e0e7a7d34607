// How runsc is called, which version it is, and which of its processes runs the guest.
import { readFile } from 'node:fs/promises';
import { exec } from '../../lib/exec.ts';
import { childrenOf } from '../../lib/host-processes.ts';
import { sandboxMarks } from '../process/sandbox-folder.ts';
import { HOST_ENVIRONMENT } from '../process/supervisor.ts';
import { SPEC_VERSION } from './spec.ts';

/** The container's name within its own --root; constant and short, as it is part of a socket's path. */
export const CONTAINER = 's';

/** runsc's log inside the sandbox's folder. */
export const LOG_FILE = 'runsc.log';

/** `runsc <command>` with state in `folder`; without network, host sockets, cgroups, or writable host files. */
export function runscArgs(runscPath: string, folder: string, command: readonly string[]): string[] {
  const closed = ['--network=none', '--host-uds=none', '--host-fifo=none', '--overlay2=none', '--ignore-cgroups'];
  const own = [sandboxMarks(folder).root, `--log=${folder}/${LOG_FILE}`, '--platform=systrap'];
  return [runscPath, ...own, ...closed, ...command];
}

/**
 * The processes below `pid` that are a guest's kernel; those that only watch are not among them, and below one is
 * none. Looks at what descends from `pid` alone: to read all of /proc would cost a start a tenth of its time.
 */
export async function sentriesBelow(pid: number): Promise<number[]> {
  const line = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  if (line.split('\0', 1)[0] === 'runsc-sandbox') return [pid];
  return (await Promise.all((await childrenOf(pid)).map(sentriesBelow))).flat();
}

/** runsc's version and that of the specification its sandboxes have. */
export async function gvisorVersion(runscPath: string): Promise<string> {
  const text = await exec(runscPath, ['--version'], { env: HOST_ENVIRONMENT });
  return `${text.split('\n')[0]?.replace('runsc version ', '').trim()} spec ${SPEC_VERSION}`;
}

const OLD_MONTHS = 6;
const MONTH_MS = (365.25 / 12) * 24 * 3_600_000;

/**
 * What to say of a gVisor that is older than six months; null of a younger one, and of one that tells no date.
 * @param version as `gvisorVersion` gives it: it has a date such as 20240729
 */
export function ageWarning(version: string, now: Date): string | null {
  const [, year, month, day] = /(?<!\d)(20\d\d)(0[1-9]|1[0-2])([0-3]\d)(?!\d)/.exec(version) ?? [];
  if (year === undefined) return null;
  const date = `${year}-${month}-${day}`;
  const months = Math.floor((now.getTime() - Date.parse(date)) / MONTH_MS);
  if (!(months >= OLD_MONTHS)) return null;
  return `gVisor of ${date} is ${months} months old: what was mended since is not in it. See "A current gVisor" in docs/sandboxes.md.`;
}
