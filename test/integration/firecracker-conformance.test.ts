// The conformance suite against a fake Firecracker, as far as a host sees a driver: its processes, its ends, what it
// answers by id. Inside there is no machine, so that what a guest finds around it is for real ones (e2e).
import { join } from 'node:path';
import { afterAll, describe } from 'vitest';
import { TEST_TIMEOUT_MS, testHost } from '../conformance/driver-suite.ts';
import { testEnds } from '../conformance/ends.ts';
import { createSuite, type Traits } from '../conformance/suite-parts.ts';
import { createFirecrackerHost, fakeObstacle } from '../fixtures/firecracker-host.ts';

const STARTER = join(import.meta.dirname, '../fixtures/start-firecracker.ts');
const TRAITS: Traits = {
  choice: 'firecracker',
  streamMegabytes: 20,
  parallel: 8,
  vitalPrograms: [/^\S+ \S+\/fake-firecracker\.ts /, /^timeout /, /^unshare /],
  measuresMemory: false,
  identity: [],
  enforces: [],
};

const isRoot = process.getuid?.() === 0;
const obstacle = isRoot ? await fakeObstacle() : 'its guest runs commands as another user, which takes root';
if (obstacle) console.warn(`SKIPPED: ${obstacle}`);

describe.skipIf(obstacle)('fake Firecracker', { timeout: TEST_TIMEOUT_MS }, () => {
  // As an ordinary user its processes are others, and so are their ends; the rest is the same.
  describe.each([
    ['jail', testHost],
    ['no jail', testEnds],
  ] as const)('%s', async (jail, testThese) => {
    if (obstacle) return;
    const host = await createFirecrackerHost();
    afterAll(host.remove);
    const driver = await host.driver({ isRoot: jail === 'jail' });
    const snapshot = await driver.freeze(host.image, () => {});
    const { top, sandboxes } = host;
    const starter = (id: string, lifeMs: number, line = '') => [STARTER, top, jail, id, String(lifeMs), line];
    const ready = { driver, snapshot, probes: [], imageBytes: 0, snapshotBytes: 0 };
    testThese(createSuite({ ...ready, traits: TRAITS, sandboxes, starter }));
  });
});
