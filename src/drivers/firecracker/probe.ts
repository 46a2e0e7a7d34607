// Finds out whether Firecracker runs virtual machines here by running one: a kernel of its own that needs no
// image. What can be told of KVM without running anything only explains a failure.
import { constants } from 'node:fs';
import { access, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { SeedError } from '../../protocol/errors.ts';
import type { Probe } from '../driver.ts';
import { patient } from '../patience.ts';
import { inSandboxFolder } from '../process/sandbox-folder.ts';
import { probeRequests } from './api.ts';
import type { Binaries } from './binaries.ts';
import { removeCgroup } from './jail.ts';
import { startMachine } from './machine.ts';
import { mountObstacle } from './mount-obstacle.ts';
import { PROBE_WORDS, probeKernel } from './probe-kernel.ts';

const PROBE_TIMEOUT_MS = 5_000;

export interface ProbeParts {
  /** Throws a SeedError that says what is missing. */
  findBinaries: () => Promise<Binaries>;
  /** What shows without running anything; only explains. */
  kvmObstacle?: () => Promise<string | undefined>;
  sandboxFolder: string;
  /** Called when machines run here, but the jailer may not use control groups. */
  onNoCgroups?: () => void;
  arch?: string;
}

/**
 * Takes about 0.2 s where KVM works, at most a few seconds where it does not. Leaves nothing. As root it also
 * finds out whether the jailer may use control groups, which a container or a read-only mount can forbid.
 */
export async function probeFirecracker(parts: ProbeParts): Promise<Probe> {
  const found = await findAll(parts).catch(wordsOf);
  if (typeof found === 'string') return unusable(parts, found);
  const whyNot = await tryToRun(parts, found).catch(wordsOf);
  if (whyNot === undefined) return USABLE;
  if (found.jailer === null) return unusable(parts, whyNot);
  if (!REFUSED_GROUP.test(whyNot)) return unusable(parts, whyNot, dirname(parts.sandboxFolder));
  const without = await tryToRun(parts, { ...found, mayUseCgroups: false }).catch(wordsOf);
  if (without !== undefined) return unusable(parts, without, dirname(parts.sandboxFolder));
  parts.onNoCgroups?.();
  return { ...USABLE, warning: `${UNGROUPED} ${whyNot}` };
}

/** In the jailer's words for it. */
const REFUSED_GROUP = /cgroup|controller|hierarchy/i;

const USABLE: Probe = { usable: true, isolation: 'vm' };
const UNGROUPED =
  'Firecracker runs without control groups of this host: a machine is bounded by its own size only, and not by what Firecracker itself uses. The jailer cannot make them:';

/** @param jailsFolder where the jailer has made its jails */
async function unusable(parts: ProbeParts, whyNot: string, jailsFolder?: string): Promise<Probe> {
  const obstacle = parts.kvmObstacle ?? kvmObstacle;
  const mount = jailsFolder === undefined ? undefined : mountObstacle(jailsFolder, 'SEED_DATA_DIR');
  const told = await Promise.all([whyNot, mount, obstacle()].map((one) => Promise.resolve(one).catch(wordsOf)));
  const why = told.filter((line) => line !== undefined).join('\n');
  return { usable: false, isolation: 'vm', why };
}

async function findAll({ findBinaries, arch = process.arch }: ProbeParts): Promise<Binaries | string> {
  if (arch !== 'x64') return `Firecracker sandboxes need an x86-64 machine; this is ${arch}.`;
  return findBinaries();
}

async function tryToRun({ sandboxFolder: folder }: ProbeParts, binaries: Binaries): Promise<string | undefined> {
  const deadline = performance.now() + patient(PROBE_TIMEOUT_MS);
  return inSandboxFolder({ folder, spec: {}, deadline, removeMore: removeCgroup }, async () => {
    const kernel = join(folder, 'kernel');
    await writeFile(kernel, probeKernel());
    const size = { vcpus: 1, memoryMib: 32 };
    const machine = await startMachine({ folder, binaries, inputs: { kernel }, size, deadline });
    await machine.send(probeRequests(), PROBE_TIMEOUT_MS);
    const { reason } = await machine.exited;
    const code = machine.child.exitCode;
    if (code === 0 && machine.said().includes(PROBE_WORDS)) return undefined;
    if (reason === 'deadline') {
      return `Firecracker starts, but a virtual machine does in ${patient(PROBE_TIMEOUT_MS) / 1000} s not what takes a processor a tenth of a second.`;
    }
    return `Firecracker ended with code ${code} without running a virtual machine: ${machine.said()}`;
  });
}

function wordsOf(error: Error): string {
  const hint = error instanceof SeedError ? error.hint : null;
  return hint ? `${error.message} ${hint}` : error.message;
}

/** Intel's and AMD's virtualization. */
const FEATURES = /^flags\s*:.*\b(?:vmx|svm)\b/m;

/** What stands in the way, with what to do about it; undefined when nothing shows. */
export async function kvmObstacle(device = '/dev/kvm', cpuinfo = '/proc/cpuinfo'): Promise<string | undefined> {
  const problem = await access(device, constants.R_OK | constants.W_OK).then(
    () => undefined,
    (error: NodeJS.ErrnoException) => error.code,
  );
  if (problem === 'ENOENT') {
    return `There is no ${device}: this machine has no KVM. Turn virtualization on in its firmware, or nested virtualization in its host.`;
  }
  if (problem !== undefined) {
    return `${device} cannot be opened by this user (${problem}). Run once as root: usermod -aG kvm "$USER", and log in again.`;
  }
  if (FEATURES.test(await readFile(cpuinfo, 'utf8'))) return undefined;
  return `${device} is there and opens, but the processor shows neither vmx nor svm: no hardware stands behind it, and a kernel does not boot on it in reasonable time. Use a machine with (nested) hardware virtualization.`;
}
