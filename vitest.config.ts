import { availableParallelism } from 'node:os';
import { configDefaults, defineConfig } from 'vitest/config';
import { BROWSER_FOLDER } from './test/fixtures/browser-folder.ts';

/** Tests of packs that need a sandbox. */
const PACK_TASKS = '{packs,examples}/**/*.task.test.ts';
/** These measure times that people rely on, or what a machine has left: nothing runs beside them. */
const MEASURING = ['chaos', 'clones', 'door', 'driver-*', 'ends', 'pool', 'queue', 'soak'].map(
  (name) => `test/e2e/${name}.test.ts`,
);

export default defineConfig({
  test: {
    // Much of a test is waiting: on two processors one file at a time leaves one of them idle.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    projects: [
      {
        test: {
          name: 'unit',
          include: [
            'src/**/*.test.ts',
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
          include: ['test/integration/**/*.test.ts', '{packs,examples/packs}/**/*.test.ts'],
          exclude: [...configDefaults.exclude, PACK_TASKS],
          globalSetup: ['test/fixtures/postgres-global-setup.ts'],
          testTimeout: 30_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'browser',
          include: ['test/browser/**/*.test.ts'],
          globalSetup: ['test/fixtures/postgres-global-setup.ts', 'test/fixtures/web-global-setup.ts'],
          env: { TMPDIR: BROWSER_FOLDER },
          // A browser and a server for each file.
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts', PACK_TASKS],
          exclude: [...configDefaults.exclude, ...MEASURING],
          globalSetup: ['test/fixtures/postgres-global-setup.ts'],
          sequence: { groupOrder: 2 },
          testTimeout: 60_000,
          hookTimeout: 180_000,
        },
      },
      {
        test: {
          name: 'e2e-alone',
          include: MEASURING,
          globalSetup: ['test/fixtures/postgres-global-setup.ts'],
          fileParallelism: false,
          sequence: { groupOrder: 3 },
          testTimeout: 60_000,
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
          sequence: { groupOrder: 4 },
          testTimeout: 90_000,
          hookTimeout: 180_000,
        },
      },
    ],
  },
});
