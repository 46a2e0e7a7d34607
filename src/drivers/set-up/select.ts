// Chooses the driver for this machine: the strongest that proves it works, or the one that was asked for.
import { getuid } from 'node:process';
import { env } from '../../lib/env.ts';
import { choiceSetting } from '../../lib/settings.ts';
import { SeedError } from '../../protocol/errors.ts';
import type { Driver, Probe } from '../driver.ts';
import { createFirecrackerDriver } from '../firecracker/driver.ts';
import { vmImageMaker } from '../firecracker/vm-image.ts';
import { createGvisorDriver } from '../gvisor/driver.ts';
import { createQemuEmulatedDriver, createQemuKvmDriver } from '../qemu/driver.ts';

export interface DriverContext {
  /** Snapshots; may be shared between runners. */
  cacheDir: string;
  /** Sandboxes; one runner's own. */
  dataDir: string;
  runscPath: string;
}

/** Strongest first; `auto` takes the first whose probe succeeds. */
const DRIVERS = {
  firecracker: firecrackerHere,
  'qemu-kvm': createQemuKvmDriver,
  gvisor: createGvisorDriver,
  'qemu-emulated': createQemuEmulatedDriver,
} as const satisfies Record<string, (context: DriverContext) => Driver>;

function firecrackerHere({ cacheDir, dataDir }: DriverContext): Driver {
  return createFirecrackerDriver({
    cacheDir,
    dataDir,
    program: env('SEED_FIRECRACKER'),
    path: env('PATH') ?? '',
    isRoot: getuid?.() === 0,
    makeVmImage: vmImageMaker(cacheDir),
  });
}

export type DriverName = keyof typeof DRIVERS;
const NAMES = Object.keys(DRIVERS) as DriverName[];

/** What can be asked for: everything, or `qemu` for either of its two, beside the drivers themselves. */
const GROUPS: Record<'auto' | 'qemu', readonly DriverName[]> = {
  auto: NAMES,
  qemu: ['qemu-kvm', 'qemu-emulated'],
};
export const DRIVER_NAMES = ['auto', 'qemu', ...NAMES] as const;
export type DriverChoice = (typeof DRIVER_NAMES)[number];

/** SEED_DRIVER. @throws SeedError invalid_settings */
export function driverSetting(): DriverChoice {
  return choiceSetting('SEED_DRIVER', 'auto', DRIVER_NAMES);
}

export type DriverProbe = Probe & { driver: DriverName };

export interface Selection {
  /** Missing when none is usable; `probes` tells why. */
  driver?: Driver;
  /** Every probe that was made, in order. */
  probes: readonly DriverProbe[];
}

/** Probes until one driver is usable. Never throws for a driver that is not, and fetches nothing. */
export async function selectDriver(context: DriverContext, choice: DriverChoice = 'auto'): Promise<Selection> {
  const names = choice === 'auto' || choice === 'qemu' ? GROUPS[choice] : [choice];
  const probes: DriverProbe[] = [];
  for (const name of names) {
    const driver = DRIVERS[name](context);
    const probe = await driver.probe();
    probes.push({ driver: name, ...probe });
    if (probe.usable) return { driver, probes };
  }
  return { probes };
}

/** Thrown when a selection has no driver. */
export class NoUsableDriverError extends SeedError {
  readonly probes: readonly DriverProbe[];

  constructor(probes: readonly DriverProbe[]) {
    const reasons = probes.map(({ driver, why }) => `${driver}: ${why}`);
    super('no_usable_driver', `No sandbox can be started on this machine.\n${reasons.join('\n')}`);
    this.name = 'NoUsableDriverError';
    this.probes = probes;
  }
}
