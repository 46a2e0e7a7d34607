// A sandbox with its open stream, and one that waits for a task: restored, proven to answer, guarded, unbound.
import { randomUUID } from 'node:crypto';
import type { Duplex, Readable } from 'node:stream';
import type { Driver, Limits, SandboxId, Snapshot } from '../drivers/driver.ts';
import { patient } from '../drivers/patience.ts';
import { SeedError } from '../protocol/errors.ts';
import { READY_LINE, READY_QUESTION } from '../protocol/guest-wire.ts';

const ANSWER_WITHIN_MS = 20_000;

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
    return { ...sandbox, bind, memoryBytes: peakMemoryBytes };
  } catch (error) {
    await driver.kill(id);
    throw error;
  }
}

/** A sandbox that this runner has started, with its stream. */
export interface OpenSandbox {
  driver: Driver;
  id: SandboxId;
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
    return { driver, id, stream: await driver.connect(id) };
  } catch (error) {
    await driver.kill(id);
    throw error;
  }
}

/** Leaves the stream as it was found: paused, with nothing read but the answer. */
async function answers({ driver, id, stream }: OpenSandbox): Promise<void> {
  const late = AbortSignal.timeout(patient(ANSWER_WITHIN_MS));
  stream.write(READY_QUESTION);
  const ended = driver.ended(id).then((exit) => {
    throw new SeedError('sandbox_failed', `the sandbox ended before it answered: ${JSON.stringify(exit)}`);
  });
  await Promise.race([readReady(stream, late), ended]);
}

function readReady(stream: Readable, late: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (error?: Error) => {
      stream.off('readable', look).off('end', lost).off('close', lost);
      late.removeEventListener('abort', tooLate);
      if (error === undefined) resolve();
      else reject(error);
    };
    const lost = () => settle(new SeedError('sandbox_failed', 'the stream of the sandbox ended'));
    const tooLate = () =>
      settle(new SeedError('sandbox_failed', `no answer within ${patient(ANSWER_WITHIN_MS) / 1000} s`));
    const look = () => {
      const answer = stream.read(READY_LINE.length) as Buffer | null;
      if (answer === null) return;
      if (answer.toString('latin1') === READY_LINE) settle();
      else settle(new SeedError('sandbox_failed', 'the sandbox answered something else than "ready"'));
    };
    stream.on('readable', look).once('end', lost).once('close', lost);
    late.addEventListener('abort', tooLate, { once: true });
    look();
  });
}
