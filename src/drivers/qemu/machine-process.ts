// One virtual machine as processes of the host: QEMU in its jail, under its supervisor, watched to its end.
import { type ChildProcess, spawn } from 'node:child_process';
import { type EventEmitter, once } from 'node:events';
import { mkdir, open } from 'node:fs/promises';
import { basename } from 'node:path';
import type { Duplex, Readable } from 'node:stream';
import { textTail } from '../../lib/text-tail.ts';
import { SeedError } from '../../protocol/errors.ts';
import { DETAIL_BYTES, type Exit, type Sandbox } from '../driver.ts';
import { sandboxDeadline } from '../process/deadline.ts';
import { createLeftovers, type Leftovers, removeSandbox } from '../process/sandbox-folder.ts';
import { HOST_ENVIRONMENT, killSupervised, supervised } from '../process/supervisor.ts';
import { createMeter, measureUsage } from '../process/usage.ts';
import type { QemuTools } from '../vm/tools.ts';
import { classifyExit } from './exit.ts';
import { jailed, jailRoot } from './jail.ts';
import { type Machine, qemuCommand } from './machine.ts';
import { openQmp, type Qmp, readLines } from './qmp.ts';

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
  /** Where what cannot be removed at its end is kept in mind. */
  leftovers?: Leftovers;
}

export interface MachineProcess extends Sandbox {
  qmp(): Promise<Qmp>;
  /** Writes a line to the machine's control port. */
  tell(line: string): void;
  /** Resolves when the machine says `started`; rejects when it ends before. */
  readonly started: Promise<void>;
  /** The end of what the machine's console, QEMU and the supervisor have said so far. */
  console(): string;
}

/** Resolves once the supervisor runs. A machine that fails shows as `exited` with reason `lost`. */
export async function startMachine(start: MachineStart): Promise<MachineProcess> {
  const { folder, deadline, leftovers = createLeftovers(removeSandbox) } = start;
  const { child, pid } = await spawnMachine(start);
  const [, output, errors, stream, control, monitor] = child.stdio as unknown as Duplex[];
  if (!output || !errors || !stream || !control || !monitor) throw new Error('spawn gave too few streams');
  const tails = [output, errors].map((source) => textTail(source as Readable, DETAIL_BYTES));
  const console = () =>
    tails
      .map((tail) => tail().trim())
      .join('\n')
      .trim();
  const began = Promise.withResolvers<void>();
  began.promise.catch(() => {});
  const death = sandboxDeadline(pid, folder, deadline);
  let report: string | undefined;
  let killed = false;
  let ended = false;
  const meter = createMeter(() => measureUsage(pid));

  function tell(line: string): void {
    control?.write(`${line}\n`);
  }

  async function end(): Promise<void> {
    await meter.look();
    await killSupervised(pid);
  }

  // The death of a machine breaks its streams; `exited` tells of it, and nobody else has to listen.
  for (const socket of [stream, control, monitor]) socket.on('error', () => {});
  readLines(control, (line) => {
    if (line === 'started') return began.resolve();
    if (line === 'clock') return tell(String(Date.now()));
    if (report !== undefined || killed) return;
    report = line;
    void end();
  });

  async function settle(): Promise<Exit> {
    ended = true;
    death.release();
    began.reject(new SeedError('sandbox_failed', 'The virtual machine ended before it had started.'));
    const deadlinePassed = death.passed();
    meter.end();
    await leftovers.remove(folder);
    return classifyExit({ report, killed, deadlinePassed, diagnostics: console() });
  }

  const exited = Promise.all([
    emitted(child, 'exit'),
    emitted(output, 'close'),
    emitted(errors, 'close'),
  ]).then(settle);

  async function kill(): Promise<void> {
    if (!ended && !killed) {
      killed = true;
      await end();
    }
    await exited;
  }

  return {
    id: basename(folder),
    stream,
    exited,
    usage: meter.usage,
    guard: death.guard,
    kill,
    console,
    started: began.promise,
    tell,
    qmp: () => openQmp(monitor),
  };
}

/** Unlike `once` it does not reject when the emitter breaks before. */
function emitted(emitter: EventEmitter, event: string): Promise<void> {
  return new Promise((resolve) => emitter.once(event, () => resolve()));
}

async function spawnMachine(start: MachineStart): Promise<{ child: ChildProcess; pid: number }> {
  const { folder, machine, files, out, tools, deadline } = start;
  const jail = { folder, tools: tools.folder, files, ...(out !== undefined && { out }) };
  const command = jailed(jail, qemuCommand(folder, machine));
  const timeoutMs = deadline - performance.now();
  const [program = '', ...args] = supervised(command, timeoutMs, null);
  await mkdir(jailRoot(folder));
  const kvm = machine.accelerator === 'kvm' ? await open('/dev/kvm', 'r+') : undefined;
  try {
    const child = spawn(program, args, {
      stdio: ['ignore', 'pipe', 'pipe', 'pipe', 'pipe', 'pipe', ...(kvm ? [kvm.fd] : [])],
      // In a session of its own, so that no signal to our process group reaches it.
      detached: true,
      env: HOST_ENVIRONMENT,
    });
    await once(child, 'spawn').catch((cause: Error) => {
      throw new SeedError('sandbox_failed', `Cannot start ${program}: ${cause.message}`, { cause });
    });
    return { child, pid: child.pid ?? 0 };
  } finally {
    await kvm?.close();
  }
}
