// Finds out whether gVisor runs here by running something in it: runsc's own binary, which needs no libraries.
import { copyFile, link, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getuid } from 'node:process';
import type { Probe } from '../driver.ts';
import { patient } from '../patience.ts';
import { ageWarning, gvisorVersion } from './runsc.ts';
import { runtimeSpec } from './spec.ts';
import { runOnce } from './start.ts';

const PROBE_TIMEOUT_MS = 10_000;

/** Takes about 0.2 s where gVisor works, at most ten seconds where it does not. Leaves nothing. */
export async function probeGvisor(runscPath: string, sandboxFolder: string): Promise<Probe> {
  const why = await tryToRun(runscPath, sandboxFolder).catch((error: Error) => error.message);
  if (why !== undefined) return { usable: false, isolation: 'user-kernel', why: await explain(why) };
  const warning = ageWarning(await gvisorVersion(runscPath), new Date());
  return { usable: true, isolation: 'user-kernel', ...(warning !== null && { warning }) };
}

/** Why the program starts no sandbox here, in a folder of its own; null: it does. */
export async function problemOfRunsc(runscPath: string): Promise<string | null> {
  const folder = await mkdtemp(join(tmpdir(), 'seed-runsc-'));
  try {
    const { why } = await probeGvisor(runscPath, join(folder, 'probe'));
    return why === undefined ? null : `it starts no sandbox: ${why}`;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function tryToRun(runscPath: string, folder: string): Promise<string | undefined> {
  const rootfs = join(folder, 'rootfs');
  const { exit } = await runOnce({
    runscPath,
    folder,
    spec: runtimeSpec(rootfs, ['/runsc', '--version']),
    timeoutMs: patient(PROBE_TIMEOUT_MS),
    async prepare() {
      await mkdir(rootfs);
      await link(runscPath, join(rootfs, 'runsc')).catch(() => copyFile(runscPath, join(rootfs, 'runsc')));
    },
  });
  if (exit.reason === 'exited' && exit.code === 0) return undefined;
  if (exit.reason === 'deadline') return `gVisor did not answer within ${patient(PROBE_TIMEOUT_MS) / 1000} s.`;
  return exit.reason === 'lost' ? exit.detail.split('\n').at(-1) : JSON.stringify(exit);
}

/** Kernel settings that keep one from making namespaces, and the command that lifts each. */
const OBSTACLES = [
  {
    setting: '/proc/sys/kernel/apparmor_restrict_unprivileged_userns',
    blocks: (value: number) => value === 1 && getuid?.() !== 0,
    remedy: 'sysctl -w kernel.apparmor_restrict_unprivileged_userns=0',
  },
  {
    setting: '/proc/sys/kernel/unprivileged_userns_clone',
    blocks: (value: number) => value === 0 && getuid?.() !== 0,
    remedy: 'sysctl -w kernel.unprivileged_userns_clone=1',
  },
  {
    setting: '/proc/sys/user/max_user_namespaces',
    blocks: (value: number) => value === 0,
    remedy: 'sysctl -w user.max_user_namespaces=10000',
  },
] as const;

async function explain(why: string): Promise<string> {
  const remedies: string[] = [];
  for (const { setting, blocks, remedy } of OBSTACLES) {
    const value = await readFile(setting, 'utf8').catch(() => undefined);
    if (value !== undefined && blocks(Number(value))) remedies.push(remedy);
  }
  const toDo =
    remedies.length > 0
      ? `This system's settings forbid making namespaces. Run once as root: ${remedies.join(' && ')}`
      : 'If this is a container, it needs what docs/containers.md lists for runners: a seccomp profile and an unmasked /proc.';
  return `${why}\n${toDo}`;
}
