// Finds out whether a virtual machine runs here by booting one: with KVM, which no device proves, or emulated.
import { access, chmod, constants, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { getuid } from 'node:process';
import { contentHash } from '../../lib/content-hash.ts';
import { SeedError } from '../../protocol/errors.ts';
import type { Isolation, Probe } from '../driver.ts';
import { patient } from '../patience.ts';
import { inSandboxFolder } from '../process/sandbox-folder.ts';
import { buildInitramfs } from '../vm/machine-files.ts';
import type { QemuTools } from '../vm/tools.ts';
import { type Accelerator, FILES, hostTscKhz, type Machine } from './machine.ts';
import { startMachine } from './start.ts';

/** With KVM a machine boots in well under a second; where KVM is only a façade, it never does. */
const TIMEOUT_MS = { kvm: 4_000, tcg: 30_000 } as const satisfies Record<Accelerator, number>;

const TECHNOLOGY = { kvm: 'There is a /dev/kvm, but it', tcg: 'Software emulation' } as const;
export const ISOLATION = { kvm: 'vm', tcg: 'emulated' } as const satisfies Record<Accelerator, Isolation>;

export interface ProbeParts {
  accelerator: Accelerator;
  tools: QemuTools;
  /** A sandbox folder to be made and removed. */
  folder: string;
  /** What was found out is kept here until the machine is started anew. */
  verdictsFolder: string;
}

/** Takes milliseconds once it is known since the machine's start. Leaves nothing else. */
export async function probeQemu(parts: ProbeParts): Promise<Probe> {
  const isolation = ISOLATION[parts.accelerator];
  const why = await whyNot(parts).catch((error: Error) => error.message);
  return why === undefined ? { usable: true, isolation } : { usable: false, isolation, why };
}

async function whyNot({ accelerator, tools, folder, verdictsFolder }: ProbeParts): Promise<string | undefined> {
  if (accelerator === 'kvm') await requireKvmDevice();
  const bootId = await readFile('/proc/sys/kernel/random/boot_id', 'utf8');
  const verdict = join(verdictsFolder, contentHash(bootId, tools.id, accelerator, String(getuid?.())));
  const known = await readFile(verdict, 'utf8').catch(() => undefined);
  if (known !== undefined) return known || undefined;
  const why = await bootOnce(accelerator, tools, folder);
  // A machine that emulates slowly today may do better in a minute; one without KVM stays so.
  if (why === undefined || accelerator === 'kvm') {
    await mkdir(verdictsFolder, { recursive: true });
    await writeFile(verdict, why ?? '');
  }
  return why;
}

async function requireKvmDevice(): Promise<void> {
  await access('/dev/kvm', constants.R_OK | constants.W_OK).catch((cause: NodeJS.ErrnoException) => {
    const hint = 'Let this user into the group kvm, or use a machine with hardware virtualisation.';
    const what = cause.code === 'ENOENT' ? 'There is no /dev/kvm' : 'No access to /dev/kvm';
    throw new SeedError('no_usable_driver', `${what}. ${hint}`, { cause });
  });
}

async function bootOnce(accelerator: Accelerator, tools: QemuTools, folder: string): Promise<string | undefined> {
  const timeoutMs = patient(TIMEOUT_MS[accelerator]);
  const deadline = performance.now() + timeoutMs;
  const machine: Machine = { accelerator, memory: { kind: 'probe' }, tscKhz: await hostTscKhz() };
  return inSandboxFolder({ folder, spec: machine, deadline }, async () => {
    await buildInitramfs(join(folder, FILES.initramfs), tools);
    await chmod(folder, 0o755);
    const booting = await startMachine({ tools, folder, machine, files: folder, deadline });
    const booted = await booting.started.then(
      () => true,
      () => false,
    );
    if (booted) return undefined;
    const exit = await booting.exited;
    if (exit.reason === 'deadline') {
      return `${TECHNOLOGY[accelerator]} booted no kernel within ${timeoutMs / 1000} s.`;
    }
    return exit.reason === 'lost' ? exit.detail : JSON.stringify(exit);
  });
}
