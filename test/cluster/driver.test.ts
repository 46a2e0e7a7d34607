// The driver's conformance suite in real pods that have no network card.
import { testDriver } from '../conformance/driver-suite.ts';
import { inCluster } from './in-cluster.ts';

const cluster = await inCluster({ image: 'echo', runtimeClass: 'sealed' });

await testDriver({
  choice: 'kubernetes',
  streamMegabytes: 30,
  parallel: 6,
  vitalPrograms: [],
  measuresMemory: true,
  identity: [],
  enforces: ['memoryBytes', 'vcpus'],
  // Control groups of version 1, as here; those of version 2 end all of a container.
  memoryKills: 'program',
  lateMs: 4000,
  ...(cluster && { remote: cluster.remote }),
});
