// What makes a clone a machine of its own: sent to it as one line on its control port, before its agent may move.
import { randomBytes } from 'node:crypto';
import type { Limits } from '../driver.ts';

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
