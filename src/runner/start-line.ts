// The line that makes a sandbox a task's: who it is, what time it is, fresh randomness, and all it would ask for first.
import { randomBytes } from 'node:crypto';
import type { GuestTask, StartLine } from '../protocol/guest.ts';
import { limitsOf } from './limits.ts';
import type { TakenLease } from './server-client.ts';

export function guestTask({ taskId: id, instruction, model, deadline, files }: TakenLease): GuestTask {
  return { id, instruction, model, deadline, files: files.map(({ name, size }) => ({ name, size })) };
}

/** JSON with its newline. */
export function startLine(lease: TakenLease): string {
  const line: StartLine = {
    protocol: 1,
    now: new Date().toISOString(),
    entropy: randomBytes(64).toString('base64'),
    diskBytes: limitsOf(lease).diskBytes,
    task: guestTask(lease),
    ...(lease.commands && { commands: lease.commands }),
  };
  return `${JSON.stringify(line)}\n`;
}
