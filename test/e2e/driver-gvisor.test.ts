// The gVisor driver on real gVisor: the newest that can be had here, or the one that SEED_RUNSC names. With
// SEED_RUNSC=packaged this and every other test with sandboxes runs on the distribution's own.
import { expect, test } from 'vitest';
import { gvisorVersion } from '../../src/drivers/gvisor/runsc.ts';
import { installedRunsc } from '../../src/drivers/gvisor/sources.ts';
import { env } from '../../src/lib/env.ts';
import { cacheDirSetting } from '../../src/lib/settings.ts';
import { testDriver } from '../conformance/driver-suite.ts';

await testDriver(
  {
    choice: 'gvisor',
    streamMegabytes: 100,
    parallel: 20,
    vitalPrograms: [/^runsc-sandbox /, /^timeout /, /^unshare /],
    measuresMemory: false,
    identity: [],
    enforces: ['memoryBytes'],
  },
  ({ driver }) => {
    test('is the gVisor that was asked for', async () => {
      const wanted = await installedRunsc(cacheDirSetting(), env('SEED_RUNSC'));
      const version = await driver.version?.();
      console.info(`gVisor ${version}`);
      expect(version).toBe(await gvisorVersion(wanted ?? ''));
    });
  },
);
