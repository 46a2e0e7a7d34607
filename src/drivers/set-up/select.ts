// Chooses the driver for this machine: the strongest that proves it works, or the one that was asked for.
import { getuid } from 'node:process';
import { env } from '../../lib/env.ts';
import { choiceSetting } from '../../lib/settings.ts';
import { SeedError } from '../../protocol/errors.ts';
import type { Driver, Probe } from '../driver.ts';
import { createFirecrackerDriver } from '../firecracker/driver.ts';
import { vmImageMaker } from '../firecracker/vm-image.ts';
import { createGvisorDriver } from '../gvisor/driver.ts';
import { createKubernetesDriver } from '../kubernetes/driver.ts';
import { createQemuEmulatedDriver, createQemuKvmDriver } from '../qemu/driver.ts';
import { createVercelDriver } from '../vercel/driver.ts';

export interface DriverContext {
  /** Snapshots; may be shared between runners. */
  cacheDir: string;
  /** Sandboxes; one runner's own. */
  dataDir: string;
  runscPath: string;
  /** The runner whose sandboxes they are; needed where others can reach them. */
  owner: string;
}

/** Of this machine, the strongest first: `auto` takes the first whose probe succeeds. */
const LOCAL_DRIVERS = {
  firecracker: firecrackerHere,
  'qemu-kvm': createQemuKvmDriver,
  gvisor: createGvisorDriver,
  'qemu-emulated': createQemuEmulatedDriver,
} as const satisfies Record<string, (context: DriverContext) => Driver>;

/** Of other machines; one that cannot even be made is not usable. */
const REMOTE_DRIVERS = {
  kubernetes: createKubernetesDriver,
  vercel: createVercelDriver,
} as const satisfies Record<string, (context: DriverContext) => Promise<Driver>>;

const DRIVERS: Record<DriverName, (context: DriverContext) => Driver | Promise<Driver>> = {
  ...LOCAL_DRIVERS,
  ...REMOTE_DRIVERS,
};

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

type RemoteName = keyof typeof REMOTE_DRIVERS;
export type DriverName = keyof typeof LOCAL_DRIVERS | RemoteName;
const LOCAL_NAMES = Object.keys(LOCAL_DRIVERS) as (keyof typeof LOCAL_DRIVERS)[];
const REMOTE_NAMES = Object.keys(REMOTE_DRIVERS) as RemoteName[];

/** What can be asked for: all of this machine, or `qemu` for either of its two, beside the drivers themselves. */
const GROUPS: Record<'auto' | 'qemu', readonly DriverName[]> = {
  auto: LOCAL_NAMES,
  qemu: ['qemu-kvm', 'qemu-emulated'],
};
export const DRIVER_NAMES = ['auto', 'qemu', ...LOCAL_NAMES, ...REMOTE_NAMES] as const;
export type DriverChoice = (typeof DRIVER_NAMES)[number];

/** SEED_DRIVER. @throws SeedError invalid_settings */
export function driverSetting(): DriverChoice {
  return choiceSetting('SEED_DRIVER', 'auto', DRIVER_NAMES);
}

/** Whether its sandboxes are on other machines: this one then needs neither image nor snapshot for them. */
export function isRemote(choice: string | undefined): choice is RemoteName {
  return REMOTE_NAMES.some((name) => name === choice);
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
    const made = await makeDriver(name, context);
    const probe = 'why' in made ? made : await made.probe();
    probes.push({ driver: name, ...probe });
    if (probe.usable && !('why' in made)) return { driver: made, probes };
  }
  return { probes };
}

async function makeDriver(name: DriverName, context: DriverContext): Promise<Driver | (Probe & { why: string })> {
  try {
    return await DRIVERS[name](context);
  } catch (error) {
    if (!(error instanceof SeedError)) throw error;
    const why = [error.message, error.hint].filter(Boolean).join('\n');
    return { usable: false, isolation: 'container', why };
  }
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
