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
  /** Command lines of host processes without which a sandbox is lost, as they begin; of those here. */
  vitalPrograms: readonly RegExp[];
  /** What is part of a machine's identity here; the rest is the same for all clones. */
  identity: readonly ('hostname' | 'machine-id')[];
  /** Whether the guest's memory shows as that of host processes. */
  measuresMemory: boolean;
  /** Where a program's time is counted by a clock that goes on while it waits for one of the host's processors. */
  countsWaiting?: boolean;
  /** The limits of a sandbox that this driver enforces by itself, beside its disk and deadline. */
  enforces: readonly ('memoryBytes' | 'processes' | 'vcpus')[];
  /** What is killed when memory is short; missing: the sandbox. */
  memoryKills?: 'program';
  /** How late its supervisor may be; missing: a second. */
  lateMs?: number;
  /** Where sandboxes run on another machine than their driver: how they are seen there. */
  remote?: Remote;
}

export interface Remote {
  /** What there is of the sandbox that may still run. */
  running(id: string): Promise<unknown[]>;
  /** What there is of it at all. */
  left(id: string): Promise<unknown[]>;
  /** Kills all that runs in it, behind the back of whatever runs it there. */
  killProcesses(id: string): Promise<void>;
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
  /** What still runs of it, wherever that is. */
  running(id: string): Promise<unknown[]>;
}

export const LIFE_MS = 60_000;
export const LATE_MS = 1000;

export type SuiteParts = Omit<Suite, 'start' | 'folder' | 'processes' | 'running'>;

export function createSuite(parts: SuiteParts): Suite {
  const started: PlainSandbox[] = [];
  const folder = (id: string) => join(parts.sandboxes, id);
  afterEach(async () => {
    await Promise.all(started.splice(0).map((sandbox) => sandbox.kill()));
  });
  const processes: Suite['processes'] = (id, begin = /^/) =>
    sandboxProcesses(folder(id), (args) => begin.test(args.join(' ')));
  return {
    ...parts,
    folder,
    processes,
    running: (id) => parts.traits.remote?.running(id) ?? processes(id),
    async start(id, lifeMs = LIFE_MS, other = {}) {
      const limits = sandboxLimits(patient(lifeMs), other);
      const sandbox = await startSandbox(parts.driver, parts.snapshot, limits, id);
      started.push(sandbox);
      return sandbox;
    },
  };
}

/** No process, folder, mount or socket of the sandbox, and no object elsewhere. */
export async function expectNothingLeft(suite: Suite, id: string): Promise<void> {
  const { remote } = suite.traits;
  if (remote) return expect(await remote.left(id)).toEqual([]);
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
