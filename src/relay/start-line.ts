// What a guest is told of its task, made of the task's lease: the start line, and what it may ask for again.
import { randomBytes } from 'node:crypto';
import type { GuestTask, StartLine } from '../protocol/guest.ts';
import type { Lease } from '../protocol/runner.ts';

type Told = Omit<Lease, 'taskKey' | 'leftMs'>;

export function guestTask(lease: Told): GuestTask {
  const { taskId: id, instruction, model, modelTraits, deadline, output, continues, keepsWorkspace } = lease;
  const files = lease.files.map(({ name, size }) => ({ name, size }));
  const follows = { ...(continues && { continues }), ...(keepsWorkspace && { keepsWorkspace }) };
  return { id, instruction, model, modelTraits, deadline, files, ...(output && { output }), ...follows };
}

/** With fresh randomness each time. @param now the clock that the lease's deadline is of */
export function startLine(lease: Told, diskBytes: number, now = new Date()): StartLine {
  return {
    protocol: 1,
    now: now.toISOString(),
    entropy: randomBytes(64).toString('base64'),
    diskBytes,
    task: guestTask(lease),
    ...(lease.commands && { commands: lease.commands }),
  };
}
