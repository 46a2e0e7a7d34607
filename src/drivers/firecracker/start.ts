// Starts a sandbox: a new Firecracker that maps the snapshot's memory copy-on-write and runs on from there.
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { SeedError } from '../../protocol/errors.ts';
import type { Limits, Snapshot } from '../driver.ts';
import type { Leftovers } from '../process/sandbox-folder.ts';
import type { Started } from '../process/sandboxes.ts';
import { type Identity, newIdentity } from '../vm/control.ts';
import { FILES, MACHINE_SIZE, restoreRequests } from './api.ts';
import type { Binaries } from './binaries.ts';
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

/** Throws SeedError `sandbox_failed` when the snapshot cannot be restored. */
export async function startSandbox({ snapshot, limits, ...start }: Start): Promise<Started> {
  const { state, memory, disk } = FILES;
  const kept = (name: string) => join(snapshot.dir, name);
  const machine = await startMachine({
    ...start,
    inputs: { state: kept(state), memory: kept(memory), disk: kept(disk) },
    size: { ...MACHINE_SIZE, vcpus: limits.vcpus },
    deadline: limits.deadline,
  });
  try {
    await machine.send(restoreRequests(), RESTORE_TIMEOUT_MS);
    const { control, stream } = await bind(machine, limits);
    machine.awaitEnd(control, stream);
    return { ...machine, stream };
  } catch (error) {
    await machine.kill();
    throw error;
  }
}

/** Makes the clone a machine of its own, then opens its stream. */
async function bind(machine: Machine, limits: Limits): Promise<{ control: Socket; stream: Socket }> {
  const control = await machine.connect(CONTROL_PORT, ANSWER_TIMEOUT_MS);
  const answer = () => machine.line(control, ANSWER_TIMEOUT_MS);
  const ready = await answer();
  if (ready !== 'ready') throw unexpected(ready, 'ready');
  control.write(`${JSON.stringify({ ...newIdentity(limits), answersClock: true } satisfies Identity)}\n`);
  let started = await answer();
  for (; started === 'clock'; started = await answer()) control.write(`${Date.now()}\n`);
  if (started !== 'started') throw unexpected(started, 'started');
  return { control, stream: await machine.connect(STREAM_PORT, ANSWER_TIMEOUT_MS) };
}

function unexpected(line: string, expected: string): SeedError {
  const said = JSON.stringify(line.slice(0, 200));
  return new SeedError('sandbox_failed', `The machine said ${said} instead of "${expected}".`);
}
