// Starts a sandbox: a new Firecracker that maps the snapshot's memory copy-on-write and runs on from there.
import type { Socket } from 'node:net';
import { basename, join } from 'node:path';
import { SeedError } from '../../protocol/errors.ts';
import type { Exit, Limits, Sandbox, Snapshot } from '../driver.ts';
import type { Leftovers } from '../process/sandbox-folder.ts';
import { newIdentity } from '../vm/identity.ts';
import { FILES, MACHINE_SIZE, restoreRequests } from './api.ts';
import type { Binaries } from './binaries.ts';
import { classifyExit } from './exit.ts';
import { type Machine, startMachine } from './machine.ts';
import { CONTROL_PORT, STREAM_PORT } from './vsock.ts';

const RESTORE_TIMEOUT_MS = 15_000;
const ANSWER_TIMEOUT_MS = 10_000;

export interface Start {
  folder: string;
  binaries: Binaries;
  snapshot: Snapshot;
  limits: Limits;
  leftovers: Leftovers;
}

/** Throws SeedError `sandbox_failed` when the snapshot cannot be restored, leaving nothing. */
export async function startSandbox(start: Start): Promise<Sandbox> {
  const { folder, binaries, snapshot, limits, leftovers } = start;
  const { state, memory, disk } = FILES;
  const kept = (name: string) => join(snapshot.dir, name);
  const machine = await startMachine({
    folder,
    binaries,
    inputs: { state: kept(state), memory: kept(memory), disk: kept(disk) },
    size: { ...MACHINE_SIZE, vcpus: limits.vcpus },
    deadline: limits.deadline,
    leftovers,
  });
  let killed = false;
  let lastLine: string | null = null;
  const exited = machine.ended.then(
    (end): Exit => classifyExit({ ...end, killed, lastLine, console: machine.console() }),
  );
  try {
    await machine.send(restoreRequests(), RESTORE_TIMEOUT_MS);
    const { control, stream } = await bind(machine, limits);
    void machine.line(control).then(
      (line) => {
        lastLine = line;
        return machine.kill();
      },
      // The machine ended without a word; its end tells why.
      () => {},
    );
    const kill = async () => {
      killed ||= lastLine === null && !machine.life.aborted;
      await machine.kill();
    };
    return { id: basename(folder), stream, exited, usage: machine.usage, guard: machine.guard, kill };
  } catch (error) {
    await machine.kill();
    throw error;
  }
}

/** Makes the clone a machine of its own, then opens its stream. */
async function bind(machine: Machine, limits: Limits): Promise<{ control: Socket; stream: Socket }> {
  const control = await machine.connect(CONTROL_PORT, ANSWER_TIMEOUT_MS);
  const ready = await machine.line(control, ANSWER_TIMEOUT_MS);
  if (ready !== 'ready') throw unexpected(ready, 'ready');
  control.write(`${JSON.stringify(newIdentity(limits))}\n`);
  let started = await machine.line(control, ANSWER_TIMEOUT_MS);
  while (started === 'clock') {
    control.write(`${Date.now()}\n`);
    started = await machine.line(control, ANSWER_TIMEOUT_MS);
  }
  if (started !== 'started') throw unexpected(started, 'started');
  return { control, stream: await machine.connect(STREAM_PORT, ANSWER_TIMEOUT_MS) };
}

function unexpected(line: string, expected: string): SeedError {
  const said = JSON.stringify(line.slice(0, 200));
  return new SeedError('sandbox_failed', `The machine said ${said} instead of "${expected}".`);
}
