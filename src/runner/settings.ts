// The runner's settings, from the environment; docs/running.md describes each.
import { hostname } from 'node:os';
import { type DriverChoice, driverSetting } from '../drivers/set-up/select.ts';
import { env } from '../lib/env.ts';
import { type PoolSettings, readPoolSettings, slotsSetting } from '../lib/pool-settings.ts';
import {
  cacheDirSetting,
  dataDirSetting,
  integerSetting,
  logLevelSetting,
  snapshotIdSetting,
  urlSetting,
} from '../lib/settings.ts';
import { SeedError } from '../protocol/errors.ts';

export interface RunnerSettings {
  serverUrl: string;
  runnerToken: string;
  dataDir: string;
  cacheDir: string;
  slots: number;
  pool: PoolSettings;
  driver: DriverChoice;
  /** Undefined: the current one. */
  snapshotId: string | undefined;
  name: string;
  /** How long a runner that is stopped lets its tasks run. */
  drainMs: number;
  logLevel: string;
}

/** @throws SeedError invalid_settings, naming the variable */
export function readRunnerSettings(): RunnerSettings {
  return {
    serverUrl: required('SEED_SERVER_URL', urlSetting('SEED_SERVER_URL'), 'the URL of the Seed server'),
    runnerToken: required('SEED_RUNNER_TOKEN', env('SEED_RUNNER_TOKEN') ?? null, "the server's runner token"),
    dataDir: dataDirSetting(),
    cacheDir: cacheDirSetting(),
    slots: slotsSetting(),
    pool: readPoolSettings(),
    snapshotId: snapshotIdSetting(),
    driver: driverSetting(),
    name: env('SEED_RUNNER_NAME') ?? hostname(),
    drainMs: 1000 * integerSetting('SEED_DRAIN_SECONDS', 600, 0, 86_400),
    logLevel: logLevelSetting(),
  };
}

function required(name: string, value: string | null, meaning: string): string {
  if (value !== null) return value;
  throw new SeedError('invalid_settings', `${name} is not set`, { hint: `Set it to ${meaning}.` });
}
