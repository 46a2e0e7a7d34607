import { availableParallelism } from 'node:os';
import { configDefaults, defineConfig } from 'vitest/config';
import { env } from './src/lib/env.ts';
import { asFunctions } from './test/fixtures/as-functions.ts';
import { BROWSER_FOLDER } from './test/fixtures/browser-folder.ts';
import { LongestFirst } from './test/fixtures/longest-first.ts';

/** Tests of packs that need a sandbox. */
const PACK_TASKS = '{packs,examples}/**/*.task.test.ts';
/** These measure times that people rely on, or what a machine has left: nothing runs beside them. */
const MEASURING = 'test/e2e/driver-*.test.ts';
/** Processes that freeze and end: only where the function is built. */
const OF_FUNCTIONS = 'test/integration/function-host.test.ts';
const ALSO_AS_FUNCTIONS = asFunctions(env('SEED_TEST_FUNCTIONS') === 'rest').files;
/** Kills the cluster's API server and kubelet. */
const BREAKS_CLUSTER = 'test/cluster/task.test.ts';
const CLUSTER_SETUP = ['test/fixtures/postgres-global-setup.ts', 'test/cluster/global-setup.ts'];

export default defineConfig({
  test: {
    // Much of a test is waiting: as many files at a time as there are processors leave some of them idle.
    maxWorkers: availableParallelism() + 1,
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        test: {
          name: 'unit',
          // One process for many files: most are done in less time than a process takes to start.
          isolate: false,
          include: [
            'src/**/*.test.ts',
            'deploy/**/*.test.ts',
            'examples/playbooks/*.test.ts',
            'scripts/**/*.test.ts',
            'web/src/**/*.test.ts',
          ],
          // Properties with hundreds of cases, also on a machine that does something else.
          testTimeout: 20_000,
        },
      },
      {
        test: {
          name: 'integration',
          include: ['test/integration/**/*.test.ts', '{packs,examples/{packs,06-a-packs-test}}/**/*.test.ts'],
          exclude: [...configDefaults.exclude, PACK_TASKS, OF_FUNCTIONS],
          globalSetup: ['test/fixtures/postgres-global-setup.ts'],
          // Loading the server takes a file three seconds of computing: a process does it once for all of its files.
          isolate: false,
          setupFiles: ['test/fixtures/leave-environment.ts'],
          testTimeout: 30_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'function',
          include: [OF_FUNCTIONS, ...ALSO_AS_FUNCTIONS],
          globalSetup: ['test/fixtures/function-global-setup.ts'],
          setupFiles: ['test/fixtures/as-functions-setup.ts'],
          // An instance that starts, and one that comes back from a freeze, take their time.
          testTimeout: 90_000,
          hookTimeout: 180_000,
          expect: { poll: { timeout: 20_000 } },
        },
      },
      {
        test: {
          name: 'browser',
          include: ['test/browser/**/*.test.ts'],
          globalSetup: ['test/fixtures/postgres-global-setup.ts', 'test/fixtures/web-global-setup.ts'],
          env: { TMPDIR: BROWSER_FOLDER },
          sequence: { groupOrder: 1 },
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts', PACK_TASKS],
          exclude: [...configDefaults.exclude, MEASURING],
          globalSetup: ['test/fixtures/postgres-global-setup.ts'],
          // With the browser's: the one's wait for sandboxes is the other's time to compute.
          sequence: { groupOrder: 1 },
          testTimeout: 60_000,
          hookTimeout: 180_000,
        },
      },
      {
        test: {
          name: 'e2e-alone',
          include: [MEASURING],
          globalSetup: ['test/fixtures/postgres-global-setup.ts'],
          fileParallelism: false,
          sequence: { groupOrder: 2 },
          testTimeout: 60_000,
          hookTimeout: 180_000,
        },
      },
      {
        test: {
          name: 'cluster',
          include: ['test/cluster/**/*.test.ts'],
          exclude: [...configDefaults.exclude, BREAKS_CLUSTER],
          globalSetup: CLUSTER_SETUP,
          // A cluster takes a machine for itself. Most of what its files do is to wait for it: so two at a time.
          maxWorkers: 2,
          sequence: { groupOrder: 3 },
          testTimeout: 90_000,
          hookTimeout: 180_000,
        },
      },
      {
        test: {
          name: 'cluster-alone',
          include: [BREAKS_CLUSTER],
          globalSetup: CLUSTER_SETUP,
          fileParallelism: false,
          sequence: { groupOrder: 4 },
          testTimeout: 90_000,
          hookTimeout: 180_000,
        },
      },
      {
        test: {
          name: 'attack',
          include: ['test/attack/**/*.test.ts'],
          globalSetup: ['test/fixtures/postgres-global-setup.ts'],
          fileParallelism: false,
          // Last: they take what the machine has, and measure what they leave to others.
          sequence: { groupOrder: 5 },
          testTimeout: 90_000,
          hookTimeout: 180_000,
        },
      },
    ],
  },
});
