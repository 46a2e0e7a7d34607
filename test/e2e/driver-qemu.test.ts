// The QEMU drivers on real QEMU: with KVM where that boots a machine, and always emulated.
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { probeQemu } from '../../src/drivers/qemu/probe.ts';
import { ensureQemuTools } from '../../src/drivers/vm/tools.ts';
import { cacheDirSetting } from '../../src/lib/settings.ts';
import { testDriver } from '../conformance/driver-suite.ts';
import type { Traits } from '../conformance/suite-parts.ts';
import { ASKS_ALL_OF_EMULATED } from '../fixtures/emulated.ts';

const machine = {
  vitalPrograms: [/^\/tools\/lib\/ld\.so /, /^timeout /, /^unshare /],
  measuresMemory: true,
  identity: ['hostname', 'machine-id'],
  enforces: ['memoryBytes', 'processes', 'vcpus'],
} as const satisfies Partial<Traits>;

await testDriver({ ...machine, choice: 'qemu-kvm', streamMegabytes: 100, parallel: 20 });
const emulated = ASKS_ALL_OF_EMULATED
  ? { streamMegabytes: 100, parallel: 20 }
  : { streamMegabytes: 20, parallel: 6 };
await testDriver({ ...machine, ...emulated, choice: 'qemu-emulated' });

test('KVM is proven by booting, or given up within seconds with the reason', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'seed-probe-'));
  const tools = await ensureQemuTools(cacheDirSetting(), (message) => console.error(`· ${message}`));
  const sandbox = join(folder, randomUUID());
  const parts = {
    accelerator: 'kvm',
    tools,
    folder: sandbox,
    verdictsFolder: join(folder, 'verdicts'),
  } as const;
  const begin = performance.now();
  const probe = await probeQemu(parts);
  expect(performance.now() - begin).toBeLessThan(8000);
  expect(probe.isolation).toBe('vm');
  expect(probe.usable).toBe(probe.why === undefined);
  if (probe.why) console.warn(`KVM: ${probe.why}`);
  expect(existsSync(sandbox)).toBe(false);
  const again = performance.now();
  expect(await probeQemu(parts)).toEqual(probe);
  // A machine without a device has nothing to remember.
  const isRemembered = existsSync('/dev/kvm') && (await readdir(parts.verdictsFolder)).length === 1;
  if (isRemembered) expect(performance.now() - again).toBeLessThan(1000);
  await rm(folder, { recursive: true });
});
