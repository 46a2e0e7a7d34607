// Creates a sandbox whose answer may be lost: it is created again then, and what has the name is ours if it has
// the mark of this very start. Used by the driver.
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { SeedError } from '../../protocol/errors.ts';
import { patient } from '../patience.ts';
import { askedAgain } from './asked-again.ts';
import { LABELS } from './names.ts';
import type { Vendor, VendorSandbox, Wish } from './vendor.ts';

const RUNS_WITHIN_MS = 60_000;
const AGAIN_MS = 300;
/** What is thrown as it is; the rest is a sandbox that failed. */
const KEPT: readonly string[] = ['unreachable', 'unavailable', 'sandbox_failed'];

/**
 * Resolves when it runs.
 * @throws SeedError sandbox_failed, `unavailable` or `unreachable` where trying again may help; then there may be
 * one, which whoever calls has to end
 */
export async function createOnce(vendor: Vendor, wish: Wish): Promise<VendorSandbox> {
  const mark = randomUUID();
  const marked: Wish = { ...wish, labels: { ...wish.labels, [LABELS.start]: mark } };
  let sandbox = await askedAgain(() => createOrFind(vendor, marked, mark)).catch((cause) => {
    if (!(cause instanceof SeedError) || KEPT.includes(cause.code)) throw cause;
    const { message, hint } = cause;
    throw new SeedError('sandbox_failed', message, { ...(hint !== null && { hint }), cause });
  });
  const until = performance.now() + patient(RUNS_WITHIN_MS);
  while (sandbox.state === 'starting') {
    if (performance.now() >= until)
      throw new SeedError(
        'unavailable',
        `The sandbox ${wish.name} does not run after ${RUNS_WITHIN_MS / 1000} s.`,
      );
    await sleep(AGAIN_MS);
    const found: VendorSandbox | null = await askedAgain(() => vendor.find(wish.name));
    if (found === null) break;
    sandbox = found;
  }
  if (sandbox.state === 'running') return sandbox;
  const why = sandbox.end?.why ?? 'the vendor does not know it any more';
  throw new SeedError('sandbox_failed', `The sandbox ${wish.name} ended at its start: ${why}`);
}

async function createOrFind(vendor: Vendor, wish: Wish, mark: string): Promise<VendorSandbox> {
  try {
    return await vendor.create(wish);
  } catch (error) {
    if ((error as SeedError).code !== 'conflict') throw error;
    const there = await vendor.find(wish.name);
    if (there?.labels[LABELS.start] === mark) return there;
    throw new SeedError('sandbox_failed', `There is a sandbox ${wish.name} already.`, { cause: error });
  }
}
