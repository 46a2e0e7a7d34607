// `--driver`: which driver's starts are measured; and what they were measured on, as a block to paste elsewhere.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { availableParallelism, release, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { DRIVER_NAMES, type DriverChoice, driverSetting, selectDriver } from '../../src/drivers/set-up/select.ts';
import { setUp } from '../../src/drivers/set-up/set-up.ts';
import { cacheDirSetting, snapshotIdSetting } from '../../src/lib/settings.ts';
import { readVersion } from '../../src/lib/version.ts';
import { SeedError } from '../../src/protocol/errors.ts';

/**
 * Takes `--driver <name>` for SEED_DRIVER and says whether it was there.
 * @throws SeedError usage, or no_usable_driver for a Firecracker that does not run here, before anything is made
 */
export async function takeDriverFlag(args: readonly string[]): Promise<boolean> {
  const { values } = parseArgs({ args: [...args], options: { driver: { type: 'string' } } });
  if (values.driver === undefined) return false;
  const driver = DRIVER_NAMES.find((name) => name === values.driver);
  if (driver === undefined) {
    const hint = `There are: ${DRIVER_NAMES.join(', ')}.`;
    throw new SeedError('usage', `there is no driver "${values.driver}"`, { hint });
  }
  if (driver === 'firecracker') await requireFirecracker();
  process.env['SEED_DRIVER'] = driver;
  return true;
}

async function requireFirecracker(): Promise<void> {
  const dataDir = await mkdtemp(join(tmpdir(), 'seed-bench-'));
  try {
    const { probes } = await selectDriver(
      { cacheDir: cacheDirSetting(), dataDir, runscPath: '', owner: '' },
      'firecracker',
    );
    const why = probes[0]?.why;
    if (why === undefined) return;
    const what = `Firecracker runs no machine here, so there is nothing to measure.\n${why}`;
    throw new SeedError('no_usable_driver', what, {
      hint: `On a machine with /dev/kvm and Firecracker, and its jailer where you are root, run:
  SEED_FIRECRACKER=/path/to/firecracker npm run bench -- start --driver firecracker
"Firecracker" in docs/sandboxes.md has more.`,
    });
  } finally {
    await rm(dataDir, { recursive: true, force: true });
  }
}

/** What was measured on what, in lines of Markdown. @param figures name and value, in their order */
export async function measuredBlock(figures: readonly (readonly unknown[])[]): Promise<string> {
  const dataDir = await mkdtemp(join(tmpdir(), 'seed-bench-'));
  try {
    const choice: DriverChoice = driverSetting();
    const made = { cacheDir: cacheDirSetting(), dataDir, driver: choice, snapshotId: snapshotIdSetting() };
    const { driver, probes, snapshot } = await setUp({ ...made, onProgress: () => {} });
    const probe = probes.find((one) => one.driver === driver.name);
    const version = await driver.version?.();
    const rows = [
      ['driver', [driver.name, version, `(${probe?.isolation})`].filter(Boolean).join(' ')],
      ...(probe?.warning ? [['warning', probe.warning]] : []),
      ['machine', await processor()],
      ['memory', `${Math.round(totalmem() / 2 ** 30)} GiB`],
      ['kernel', release()],
      ['user', process.getuid?.() === 0 ? 'root' : 'an ordinary user'],
      ['Seed', `${readVersion()}, Node ${process.version}, snapshot ${snapshot.id}`],
      ...figures,
    ];
    return [
      '```',
      ...rows.map(([name = '', value = '']) => `${name}: ${String(value).replaceAll('\n', ' ')}`),
      '```',
    ].join('\n');
  } finally {
    await rm(dataDir, { recursive: true, force: true });
  }
}

/** Its name, how many may be used, and whether the machine is itself a virtual one. */
async function processor(): Promise<string> {
  const cpuinfo = await readFile('/proc/cpuinfo', 'utf8');
  const name = /^model name\s*:\s*(.+)$/m.exec(cpuinfo)?.[1] ?? 'an unknown processor';
  const nested = /^flags\s*:.*\bhypervisor\b/m.test(cpuinfo) ? ', itself virtual' : '';
  return `${name}, ${availableParallelism()} processors${nested}`;
}
