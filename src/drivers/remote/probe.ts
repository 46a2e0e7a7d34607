// Finds out whether a vendor's sandboxes can be used from here by starting one: what its snapshot holds, that its
// stream is clean to the byte, and that nothing gets out of it. Used by driver.ts.
import { randomBytes } from 'node:crypto';
import { SeedError } from '../../protocol/errors.ts';
import type { Probe } from '../driver.ts';
import { patient } from '../patience.ts';
import { askedAgain } from './asked-again.ts';
import { createOnce } from './create-once.ts';
import { keep, readClosed } from './keeper.ts';
import { LABELS, newProbeId, sandboxName } from './names.ts';
import type { Vendor, VendorSandbox } from './vendor.ts';

const LIFE_MS = 90_000;
const LOOK_MS = 30_000;
const STREAM_MS = 15_000;
const ECHO_BYTES = 64 * 1024;
const MIB = 1024 * 1024;

/** Takes some seconds and costs one start. Leaves nothing but what the vendor does not let it remove. */
export async function probeVendor(vendor: Vendor, installation: string): Promise<Probe> {
  const { isolation } = vendor;
  try {
    await tryOne(vendor, installation);
    return { usable: true, isolation };
  } catch (error) {
    if (!(error instanceof SeedError)) throw error;
    return { usable: false, isolation, why: [error.message, error.hint].filter(Boolean).join('\n') };
  }
}

async function tryOne(vendor: Vendor, installation: string): Promise<void> {
  const labels = { [LABELS.installation]: installation, [LABELS.runner]: 'probe' };
  const name = sandboxName(newProbeId());
  const wish = { name, labels, lifeMs: patient(LIFE_MS), vcpus: 1, memoryBytes: 2048 * MIB };
  try {
    const sandbox = await createOnce(vendor, wish);
    await Promise.all([provesClosed(vendor, sandbox), provesClean(vendor, sandbox)]);
  } finally {
    // It ends by itself, should nobody remove it.
    await remove(vendor, name).catch(() => undefined);
  }
}

async function provesClosed(vendor: Vendor, sandbox: VendorSandbox): Promise<void> {
  const { code, stdout } = await askedAgain(() =>
    vendor.run(sandbox, keep.closed, { timeoutMs: patient(LOOK_MS) }),
  );
  const open = readClosed(stdout);
  if (open === null) {
    throw new SeedError(
      'sandbox_failed',
      `The snapshot ${vendor.snapshotId} has no keeper that works (${code}).`,
      {
        hint: 'scripts/setup-sandbox-snapshot.ts makes one: put its id into SANDBOX_SNAPSHOT_ID.',
      },
    );
  }
  if (open.length > 0)
    throw new SeedError('sandbox_failed', `A sandbox that is to reach nothing reaches ${open.join(', ')}.`);
}

/** Every byte there is, there and back. */
async function provesClean(vendor: Vendor, sandbox: VendorSandbox): Promise<void> {
  const sent = randomBytes(ECHO_BYTES);
  const stream = await askedAgain(() => vendor.open(sandbox, ['cat']));
  const late = AbortSignal.timeout(patient(STREAM_MS));
  late.addEventListener('abort', () => stream.destroy());
  let received = Buffer.alloc(0);
  try {
    stream.write(sent);
    for await (const chunk of stream) {
      received = Buffer.concat([received, chunk as Buffer]);
      if (received.length >= sent.length) break;
    }
  } catch {
    // What came of it is what counts.
  } finally {
    stream.destroy();
  }
  if (!received.equals(sent))
    throw new SeedError(
      'sandbox_failed',
      `The stream of a sandbox of ${vendor.name} does not carry bytes as they are.`,
    );
}

async function remove(vendor: Vendor, name: string): Promise<void> {
  const sandbox = await askedAgain(() => vendor.find(name));
  if (sandbox === null) return;
  if (sandbox.state !== 'ended') await askedAgain(() => vendor.destroy(sandbox));
  await askedAgain(() => vendor.forget(sandbox));
}
