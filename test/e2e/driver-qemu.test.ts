// The QEMU drivers on real QEMU: with KVM where that boots a machine, and always emulated.
import { testDriver } from '../conformance/driver-suite.ts';
import type { Traits } from '../conformance/suite-parts.ts';

const machine = {
  vitalPrograms: ['/tools/lib/ld.so', 'timeout', 'unshare'],
  identity: ['hostname', 'machine-id'],
  enforces: ['memoryBytes', 'processes', 'vcpus'],
} as const satisfies Partial<Traits>;

await testDriver({ ...machine, choice: 'qemu-kvm', streamMegabytes: 100, parallel: 20 });
await testDriver({ ...machine, choice: 'qemu-emulated', streamMegabytes: 20, parallel: 6 });
