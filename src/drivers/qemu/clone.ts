// Starts a clone of a frozen machine: its memory is the snapshot's file, copied page by page when written.
import { join } from 'node:path';
import { SeedError } from '../../protocol/errors.ts';
import type { Limits, Sandbox } from '../driver.ts';
import type { Leftovers } from '../process/sandbox-folder.ts';
import { type Identity, newIdentity } from '../vm/identity.ts';
import type { QemuTools } from '../vm/tools.ts';
import { JAIL } from './jail.ts';
import { type Accelerator, FILES, type Machine } from './machine.ts';
import { type MachineProcess, startMachine } from './machine-process.ts';

/** An emulated machine on a busy host takes its time; a broken one would take for ever. */
const START_TIMEOUT_MS = 60_000;

export interface Clone {
  tools: QemuTools;
  accelerator: Accelerator;
  /** The sandbox's folder, made by createSandboxFolder. */
  folder: string;
  /** The snapshot's folder. */
  files: string;
  limits: Limits;
  leftovers: Leftovers;
}

/** Resolves when the clone runs as a machine of its own; nothing has reached its guest by then. */
export async function startClone({
  tools,
  accelerator,
  folder,
  files,
  limits,
  leftovers,
}: Clone): Promise<Sandbox> {
  const machine: Machine = { accelerator, memory: { kind: 'clone' } };
  const process = await startMachine({ tools, folder, machine, files, deadline: limits.deadline, leftovers });
  const late = setTimeout(() => void process.kill(), START_TIMEOUT_MS);
  try {
    await wake(process, limits);
  } catch (cause) {
    await process.kill();
    // What ended by itself while it started is a sandbox that ended: `exited` tells how.
    if ((await process.exited).reason !== 'killed') return process;
    const message = `The virtual machine did not start: ${(cause as Error).message}`;
    throw new SeedError('sandbox_failed', `${message} ${process.console()}`.trim(), { cause });
  } finally {
    clearTimeout(late);
  }
  return process;
}

async function wake(process: MachineProcess, limits: Limits): Promise<void> {
  const qmp = await process.qmp();
  await qmp.migrate('migrate-incoming', join(JAIL.files, FILES.state));
  await qmp.execute('cont');
  process.tell(JSON.stringify({ ...newIdentity(limits), answersClock: true } satisfies Identity));
  await process.started;
}
