// One sandbox that waits for a task: restored, proven to answer, guarded, and nobody's yet.
import { randomUUID } from 'node:crypto';
import type { Readable } from 'node:stream';
import type { Driver, Limits, Sandbox, Snapshot } from '../drivers/driver.ts';
import { SeedError } from '../protocol/errors.ts';
import { READY_LINE, READY_QUESTION } from '../protocol/guest-wire.ts';

const ANSWER_WITHIN_MS = 20_000;

export interface WaitingSandbox {
  sandbox: Sandbox;
  /** It is a task's from now on, and dies at this moment. Takes no time. Called once. */
  bind(deadline: number): void;
  memoryBytes: number;
}

/**
 * Starts a sandbox and waits until its guest answers. Nothing of it is left when that fails.
 * @throws SeedError sandbox_failed
 */
export async function startWaiting(
  driver: Driver,
  snapshot: Snapshot,
  limits: Limits,
): Promise<WaitingSandbox> {
  const sandbox = await driver.start(snapshot, limits, `pool-${randomUUID()}`);
  try {
    await answers(sandbox);
    const guard = await sandbox.guard();
    const { peakMemoryBytes } = await sandbox.usage();
    const resume = await sandbox.pause?.();
    const bind = (deadline: number) => {
      resume?.();
      guard.tighten(deadline);
    };
    return { sandbox, bind, memoryBytes: peakMemoryBytes };
  } catch (error) {
    await sandbox.kill();
    throw error;
  }
}

/** Leaves the stream as it was found: paused, with nothing read but the answer. */
async function answers({ stream, exited }: Sandbox): Promise<void> {
  const late = AbortSignal.timeout(ANSWER_WITHIN_MS);
  stream.write(READY_QUESTION);
  const ended = exited.then((exit) => {
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
      settle(new SeedError('sandbox_failed', `no answer within ${ANSWER_WITHIN_MS / 1000} s`));
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
