// A sandbox with its open stream, and one that waits for a task: restored, proven to answer, guarded, unbound.
import { randomUUID } from 'node:crypto';
import type { Duplex } from 'node:stream';
import type { Driver, Limits, SandboxId, Snapshot } from '../drivers/driver.ts';
import { SeedError } from '../protocol/errors.ts';
import { greet } from './greet.ts';

export interface WaitingSandbox extends OpenSandbox {
  /** It is a task's from now on, and dies at this moment. Takes no time. Called once. */
  bind(deadline: number): Promise<void>;
  memoryBytes: number;
}

/** Starts a sandbox and waits until its guest answers. @throws SeedError sandbox_failed, leaving nothing */
export async function startWaiting(driver: Driver, snapshot: Snapshot, limits: Limits): Promise<WaitingSandbox> {
  const sandbox = await openSandbox({ driver, snapshot }, limits, `pool-${randomUUID()}`);
  const { id } = sandbox;
  try {
    await answers(sandbox);
    await driver.guard(id);
    const { peakMemoryBytes } = await driver.usage(id);
    if (driver.can.pause) await driver.pause(id);
    const bind = async (deadline: number) => {
      if (driver.can.pause) await driver.resume(id);
      await driver.tighten(id, deadline);
    };
    return { ...sandbox, isReady: true, bind, memoryBytes: peakMemoryBytes };
  } catch (error) {
    await driver.kill(id);
    throw error;
  }
}

/** A sandbox at work for this runner. */
export interface RunSandbox {
  driver: Driver;
  id: SandboxId;
  /** Null: it is still to be opened. */
  stream: Duplex | null;
  /** Its guest has said over the stream that it waits for a task. */
  isReady: boolean;
}

/** One that this runner has started, with its stream. */
export interface OpenSandbox extends RunSandbox {
  stream: Duplex;
}

/** Starts a sandbox, with no longer a life than its driver gives, and opens its stream. Failed: leaves nothing. */
export async function openSandbox(
  { driver, snapshot }: { driver: Driver; snapshot: Snapshot },
  limits: Limits,
  id: SandboxId,
): Promise<OpenSandbox> {
  const longest = performance.now() + (driver.can.longestLifeMs ?? Infinity);
  await driver.start(snapshot, { ...limits, deadline: Math.min(limits.deadline, longest) }, id);
  try {
    return { driver, id, stream: await driver.connect(id), isReady: false };
  } catch (error) {
    await driver.kill(id);
    throw error;
  }
}

async function answers({ driver, id, stream }: OpenSandbox): Promise<void> {
  const ended = driver.ended(id).then((exit) => {
    throw new SeedError('sandbox_failed', `the sandbox ended before it answered: ${JSON.stringify(exit)}`);
  });
  const answer = await Promise.race([greet(stream), ended]);
  if (answer !== 'ready') throw new SeedError('sandbox_failed', `the sandbox answered "${answer}"`);
}
