// What the parts of the suite share: a driver that is set up, and sandboxes that end with their test.
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect } from 'vitest';
import type { Limits } from '../../src/drivers/driver.ts';
import { patient } from '../../src/drivers/patience.ts';
import { sandboxProcesses } from '../../src/drivers/process/sandbox-folder.ts';
import type { DriverChoice } from '../../src/drivers/set-up/select.ts';
import type { SetUp } from '../../src/drivers/set-up/set-up.ts';
import { runInGuest } from '../fixtures/echo-guest.ts';
import { type PlainSandbox, startSandbox } from '../fixtures/plain-driver.ts';
import { sandboxLimits } from '../fixtures/sandbox-limits.ts';

/** How one technology differs from another where both keep the contract. */
export interface Traits {
  /** As SEED_DRIVER names it. */
  choice: DriverChoice;
  /** Sent through the stream and back. */
  streamMegabytes: number;
  /** Sandboxes at the same time. */
  parallel: number;
  /** Command lines of host processes without which a sandbox is lost, as they begin. */
  vitalPrograms: readonly RegExp[];
  /** What is part of a machine's identity here; the rest is the same for all clones. */
  identity: readonly ('hostname' | 'machine-id')[];
  /** Whether the guest's memory shows as that of host processes. */
  measuresMemory: boolean;
  /** The limits of a sandbox that this driver enforces by itself, beside its disk and deadline. */
  enforces: readonly ('memoryBytes' | 'processes' | 'vcpus')[];
}

export interface Suite extends SetUp {
  traits: Traits;
  /** The folder of the sandboxes' folders on the host. */
  sandboxes: string;
  /** Starts a sandbox that is killed after the test. */
  start(id: string, lifeMs?: number, other?: Partial<Limits>): Promise<PlainSandbox>;
  /**
   * A program that starts a sandbox of this id, writes the line to its guest, says its deadline in a line of output
   * and waits, and its arguments.
   */
  starter(id: string, lifeMs: number, line?: string): string[];
  /** The sandbox's folder on the host. */
  folder(id: string): string;
  /** Its processes on the host as its driver finds them, all or those whose command lines begin so. */
  processes(id: string, begin?: RegExp): Promise<number[]>;
}

export const LIFE_MS = 60_000;

export type SuiteParts = Omit<Suite, 'start' | 'folder' | 'processes'>;

export function createSuite(parts: SuiteParts): Suite {
  const started: PlainSandbox[] = [];
  const folder = (id: string) => join(parts.sandboxes, id);
  afterEach(async () => {
    await Promise.all(started.splice(0).map((sandbox) => sandbox.kill()));
  });
  return {
    ...parts,
    folder,
    processes: (id, begin = /^/) => sandboxProcesses(folder(id), (args) => begin.test(args.join(' '))),
    async start(id, lifeMs = LIFE_MS, other = {}) {
      const limits = sandboxLimits(patient(lifeMs), other);
      const sandbox = await startSandbox(parts.driver, parts.snapshot, limits, id);
      started.push(sandbox);
      return sandbox;
    },
  };
}

/** No process, folder, mount or socket of the sandbox. */
export async function expectNothingLeft(suite: Suite, id: string): Promise<void> {
  const folder = suite.folder(id);
  expect(await suite.processes(id)).toEqual([]);
  expect(existsSync(folder)).toBe(false);
  expect(await readFile('/proc/mounts', 'utf8')).not.toContain(folder);
  expect(await readFile('/proc/net/unix', 'utf8')).not.toContain(folder);
}

/** The output's lines of a shell command in the guest. */
export async function lines(stream: PlainSandbox['stream'], command: string): Promise<string[]> {
  const { output } = await runInGuest(stream, command);
  return output
    .trim()
    .split('\n')
    .map((line) => line.trim());
}
