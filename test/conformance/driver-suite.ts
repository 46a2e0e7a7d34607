// The one suite that every driver passes, on the real technology with a guest that does what it is told. Where the
// technology cannot run, its tests are skipped and the reason is printed.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe } from 'vitest';
import { patient } from '../../src/drivers/patience.ts';
import type { SetUp } from '../../src/drivers/set-up/set-up.ts';
import { cacheDirSetting } from '../../src/lib/settings.ts';
import { SeedError } from '../../src/protocol/errors.ts';
import { setUpEchoGuest } from '../fixtures/echo-guest.ts';
import { testBounds } from './bounds.ts';
import { testById } from './by-id.ts';
import { testClones } from './clones.ts';
import { testEnds } from './ends.ts';
import { testInside } from './inside.ts';
import { testRunning } from './running.ts';
import { createSuite, type Suite, type Traits } from './suite-parts.ts';

/** Emulated machines take seconds for what others do in milliseconds. */
export const TEST_TIMEOUT_MS = patient(120_000);

const STARTER = join(import.meta.dirname, '../fixtures/start-sandbox.ts');

/**
 * Defines the tests. Called at the top of a driver's test file, which awaits it.
 * @param testMore defines those of this driver alone
 */
export async function testDriver(traits: Traits, testMore: (suite: Suite) => void = () => {}): Promise<void> {
  const cacheDir = cacheDirSetting();
  const dataDir = await mkdtemp(join(tmpdir(), 'seed-driver-'));
  const ready = await tryToSetUp(cacheDir, dataDir, traits);
  describe.skipIf(!ready)(`driver ${traits.choice}`, { timeout: TEST_TIMEOUT_MS }, () => {
    if (!ready) return;
    afterAll(() => rm(dataDir, { recursive: true, force: true }));
    const suite = createSuite({
      ...ready,
      traits,
      sandboxes: join(dataDir, ready.driver.name, 'sandboxes'),
      starter: (id, lifeMs, line = '') => [STARTER, cacheDir, dataDir, traits.choice, id, String(lifeMs), line],
    });
    testInside(suite);
    testHost(suite);
    testBounds(suite);
    testClones(suite);
    testMore(suite);
  });
}

/** What shows from the host alone, whatever runs in the sandbox: all of it that a fake technology can be held to. */
export function testHost(suite: Suite): void {
  testRunning(suite);
  testEnds(suite);
  testById(suite);
}

async function tryToSetUp(cacheDir: string, dataDir: string, { choice }: Traits): Promise<SetUp | undefined> {
  try {
    return await setUpEchoGuest(cacheDir, dataDir, choice);
  } catch (error) {
    if (!(error instanceof SeedError) || error.code !== 'no_usable_driver') throw error;
    console.warn(`SKIPPED ${choice}: ${error.message}`);
    return undefined;
  }
}
