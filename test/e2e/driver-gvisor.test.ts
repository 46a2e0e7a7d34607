// The gVisor driver on real gVisor.
import { testDriver } from '../conformance/driver-suite.ts';

await testDriver({
  choice: 'gvisor',
  streamMegabytes: 100,
  parallel: 20,
  vitalPrograms: [/^runsc-sandbox /, /^timeout /, /^unshare /],
  measuresMemory: false,
  identity: [],
  enforces: ['memoryBytes'],
});
