// What host and virtual machine say to each other on its control port, a line each: what makes a clone a machine
// of its own, before its agent may move, and how its guest ended. The machine's end is supervise.py.
import { randomBytes } from 'node:crypto';
import type { Limits } from '../driver.ts';
import type { Findings } from '../process/exit.ts';

export interface Identity {
  /** The host answers `clock` with its time, as often as it is asked. */
  answersClock?: boolean;
  /** The host's clock when this was sent, Unix milliseconds. */
  now: number;
  hostname: string;
  /** 32 hexadecimal digits, see machine-id(5). */
  machineId: string;
  /** Fresh random bytes for its kernel, base64. */
  entropy: string;
  memoryBytes: number;
  processes: number;
  vcpus: number;
  diskBytes: number;
}

export function newIdentity({ memoryBytes, processes, vcpus, diskBytes }: Limits): Identity {
  return {
    hostname: `sandbox-${randomBytes(4).toString('hex')}`,
    machineId: randomBytes(16).toString('hex'),
    entropy: randomBytes(64).toString('base64'),
    memoryBytes,
    processes,
    vcpus,
    diskBytes,
    now: Date.now(),
  };
}

/** The guest's kernel panics when not even its supervisor has memory left. */
const OUT_OF_MEMORY_PANIC = /Kernel panic.*(?:out of memory|deadlocked on memory)/i;

/** @param report its last line on the control port, if it was about its end @param console what it said last */
export function endOfMachine(report: string | null, console: string): Findings {
  const memoryFull = OUT_OF_MEMORY_PANIC.test(console);
  if (report === 'out_of_memory') return { guest: report, memoryFull };
  const code = /^exited (\d{1,3})$/.exec(report ?? '')?.[1];
  return { guest: code === undefined ? null : Number(code), memoryFull };
}
