// One virtual machine as processes of the host: QEMU in its jail, under its supervisor. It is booted, to be frozen
// or to probe, or a clone of a frozen one, whose memory is the snapshot's file, copied page by page when written.
import { mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { SeedError } from '../../protocol/errors.ts';
import type { Limits } from '../driver.ts';
import { patient } from '../patience.ts';
import type { Leftovers } from '../process/sandbox-folder.ts';
import type { Started } from '../process/sandboxes.ts';
import { type Supervised, supervise } from '../process/supervised.ts';
import { endOfMachine, type Identity, newIdentity } from '../vm/control.ts';
import type { QemuTools } from '../vm/tools.ts';
import { JAIL, jailed, jailRoot } from './jail.ts';
import { type Accelerator, FILES, type Machine, qemuCommand } from './machine.ts';
import { openQmp, type Qmp, readLines } from './qmp.ts';

/** An emulated machine on a busy host takes its time; a broken one would take for ever. */
const START_TIMEOUT_MS = 60_000;

export interface MachineStart {
  tools: QemuTools;
  /** The sandbox's folder, made by createSandboxFolder. */
  folder: string;
  machine: Machine;
  /** Folder of what the machine is made of. */
  files: string;
  /** Folder that QEMU may write to. */
  out?: string;
  deadline: number;
  leftovers?: Leftovers;
}

export interface MachineProcess extends Supervised, Started {
  qmp(): Promise<Qmp>;
  /** Writes a line to the machine's control port. */
  tell(line: string): void;
  /** Resolves when the machine says `started`; rejects when it ends before. */
  readonly started: Promise<void>;
}

/** Resolves once the supervisor runs. A machine that fails shows as `exited` with reason `lost`. */
export async function startMachine(start: MachineStart): Promise<MachineProcess> {
  const { folder, machine, files, out, tools, deadline, leftovers } = start;
  const jail = { folder, tools: tools.folder, files, ...(out !== undefined && { out }) };
  /** The machine's last word on its control port. */
  let report: string | null = null;
  await mkdir(jailRoot(folder));
  const kvm = machine.accelerator === 'kvm' ? await open('/dev/kvm', 'r+') : undefined;
  const sandbox = await supervise({
    name: 'The virtual machine',
    folder,
    command: jailed(jail, qemuCommand(folder, machine)),
    deadline,
    standard: 'console',
    moreFiles: ['pipe', 'pipe', 'pipe', ...(kvm ? [kvm.fd] : [])],
    hostTasks: null,
    ...(leftovers && { leftovers }),
    findings: async (_code, said) => endOfMachine(report, said),
  }).finally(() => kvm?.close());
  const [stream, control, monitor] = sandbox.child.stdio.slice(3) as [Duplex, Duplex, Duplex];
  // The death of a machine breaks its streams; `exited` tells of it, and nobody else has to listen.
  for (const socket of [stream, control, monitor]) socket.on('error', () => {});
  const started = Promise.withResolvers<void>();
  started.promise.catch(() => {});
  sandbox.over.addEventListener('abort', () => {
    started.reject(new SeedError('sandbox_failed', 'The virtual machine ended before it had started.'));
  });
  const tell = (line: string) => void control.write(`${line}\n`);
  readLines(control, (line) => {
    if (line === 'started') return started.resolve();
    if (line === 'clock') return tell(String(Date.now()));
    if (report !== null) return;
    report = line;
    void sandbox.finish();
  });
  return { ...sandbox, stream, tell, started: started.promise, qmp: () => openQmp(monitor) };
}

export interface Clone extends Omit<MachineStart, 'machine' | 'out' | 'deadline'> {
  accelerator: Accelerator;
  limits: Limits;
}

/** Resolves when the clone runs as a machine of its own; nothing has reached its guest by then. */
export async function startClone({ accelerator, limits, ...start }: Clone): Promise<Started> {
  const machine: Machine = { accelerator, memory: { kind: 'clone' } };
  const clone = await startMachine({ ...start, machine, deadline: limits.deadline });
  const late = setTimeout(() => void clone.kill(), patient(START_TIMEOUT_MS));
  try {
    const qmp = await clone.qmp();
    await qmp.migrate('migrate-incoming', join(JAIL.files, FILES.state));
    await qmp.execute('cont');
    clone.tell(JSON.stringify({ ...newIdentity(limits), answersClock: true } satisfies Identity));
    await clone.started;
  } catch (cause) {
    // What ended by itself while it started is a sandbox that ended: `exited` tells how.
    if ((await clone.kill()).reason !== 'killed') return clone;
    const message = `The virtual machine did not start: ${(cause as Error).message}`;
    throw new SeedError('sandbox_failed', `${message} ${clone.said()}`.trim(), { cause });
  } finally {
    clearTimeout(late);
  }
  return clone;
}
