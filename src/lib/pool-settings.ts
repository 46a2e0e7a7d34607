// The warm pool's settings; docs/running.md describes each. Read by the runner and by seed doctor.
import { totalmem } from 'node:os';
import { integerSetting } from './settings.ts';

export interface PoolSettings {
  /** Sandboxes that wait at most; 0 switches the pool off. */
  size: number;
  /** What they may take together, measured. */
  memoryBytes: number;
  /** A sandbox that waited this long is replaced. */
  maxAgeMs: number;
}

const GIB = 1024 ** 3;
const MEMORY_SHARE = 0.25;
/** A machine has to have this much memory for each sandbox that waits unasked. */
const MEMORY_FOR_EACH = 4 * GIB;
const DEFAULT_SIZE_MOST = 2;
const DEFAULT_MAX_AGE_MS = 10 * 60 * 1000;
const DAY_MS = 24 * 3600 * 1000;

/** @throws SeedError invalid_settings, naming the variable */
export function readPoolSettings(machineBytes = memoryOfThisMachine()): PoolSettings {
  const slots = slotsSetting();
  const affordable = Math.floor(machineBytes / MEMORY_FOR_EACH);
  const share = Math.floor(machineBytes * MEMORY_SHARE);
  return {
    size: integerSetting('SEED_POOL_SIZE', Math.min(slots, DEFAULT_SIZE_MOST, affordable), 0, 1000),
    memoryBytes: integerSetting('SEED_POOL_MEMORY_BYTES', share, 0, Number.MAX_SAFE_INTEGER),
    maxAgeMs: integerSetting('SEED_POOL_MAX_AGE_MS', DEFAULT_MAX_AGE_MS, 1_000, DAY_MS),
  };
}

/** Tasks a runner runs at a time. */
export function slotsSetting(): number {
  return integerSetting('SEED_RUNNER_SLOTS', 2, 1, 1000);
}

/** In a container its limit counts. */
function memoryOfThisMachine(): number {
  return Math.min(totalmem(), process.constrainedMemory() || Number.POSITIVE_INFINITY);
}
