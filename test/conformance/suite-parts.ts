// What the parts of the suite share: a driver that is set up, and sandboxes that end with their test.
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect } from 'vitest';
import type { Limits } from '../../src/drivers/driver.ts';
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
  /** First words of the command lines of host processes without which a sandbox is lost. */
  vitalPrograms: readonly string[];
  /** What is part of a machine's identity here; the rest is the same for all clones. */
  identity: readonly ('hostname' | 'machine-id')[];
  /** Whether the guest's memory shows as that of host processes. */
  measuresMemory: boolean;
  /** The limits of a sandbox that this driver enforces by itself, beside its disk and deadline. */
  enforces: readonly ('memoryBytes' | 'processes' | 'vcpus')[];
}

export interface Suite extends SetUp {
  traits: Traits;
  cacheDir: string;
  dataDir: string;
  /** Starts a sandbox that is killed after the test. */
  start(id: string, lifeMs?: number, other?: Partial<Limits>): Promise<PlainSandbox>;
  /**
   * A program that starts a sandbox of this id, says its deadline in a line of output and waits, and its
   * arguments.
   */
  starter(id: string, lifeMs: number): string[];
  /** The sandbox's folder on the host. */
  folder(id: string): string;
}

const STARTER = join(import.meta.dirname, '../fixtures/start-sandbox.ts');

export const LIFE_MS = 60_000;

export function createSuite(parts: Omit<Suite, 'start' | 'starter' | 'folder'>): Suite {
  const started: PlainSandbox[] = [];
  afterEach(async () => {
    await Promise.all(started.splice(0).map((sandbox) => sandbox.kill()));
  });
  return {
    ...parts,
    starter: (id, lifeMs) => [STARTER, parts.cacheDir, parts.dataDir, parts.traits.choice, id, String(lifeMs)],
    folder: (id) => join(parts.dataDir, parts.driver.name, 'sandboxes', id),
    async start(id, lifeMs = LIFE_MS, other = {}) {
      const sandbox = await startSandbox(parts.driver, parts.snapshot, sandboxLimits(lifeMs, other), id);
      started.push(sandbox);
      return sandbox;
    },
  };
}

/** No process, folder, mount or socket of the sandbox. */
export async function expectNothingLeft(suite: Suite, id: string): Promise<void> {
  const folder = suite.folder(id);
  expect(await sandboxProcesses(folder)).toEqual([]);
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
