// seed doctor: what works on this machine, what does not, and what to do about it. Used by local-commands.ts.
import { dirname, join } from 'node:path';
import { databaseSettings, packRowSecuritySetting, snapshotVendor } from '../lib/settings.ts';
import { SeedError } from '../protocol/errors.ts';
import { readAdopterSettings } from './adopter-settings.ts';
import { createApi } from './api.ts';
import { fs } from './builtin.ts';
import { cacheDirOf, dataDirOf, loadModule } from './folders.ts';
import { EXIT, type Io, isSeedError } from './io.ts';
import type { LocalCommand } from './local-command.ts';
import { containerCommand, placeText } from './place.ts';
import { loadProfile } from './profile.ts';
import { type Style, sanitise, styleFor } from './terminal.ts';

type Finding = { name: string; state: 'good' | 'bad' | 'note'; text: string; hint?: string | undefined };

export const doctor: LocalCommand = {
  name: 'doctor',
  summary: 'Check what sandboxes this machine can run, its folders, snapshots, pool and server',
  usage: 'seed doctor',
  async run(io, flags) {
    readAdopterSettings();
    const style = styleFor(io.stdout, io);
    const findings: Finding[] = [];
    const tell = (finding: Finding) => {
      findings.push(finding);
      if (!flags.json) io.stdout.write(lineOf(finding, style));
    };
    tell({ name: 'seed', state: 'good', text: placeText(io) });
    tell({ name: 'node', state: 'good', text: `${process.version} (${process.arch}, ${process.execPath})` });
    const dataDir = dataDirOf(io);
    tell(dataFolder(dataDir));
    const cacheDir = cacheDirOf(io);
    const drivers = await probeDrivers(io, dataDir, cacheDir);
    for (const finding of drivers) tell(finding);
    for (const finding of [disk(cacheDir), await snapshots(io, cacheDir), await pool(), packRows()]) tell(finding);
    for (const finding of await databases()) tell(finding);
    tell(await askServer(io, flags.url));
    if (flags.json) io.stdout.write(`${JSON.stringify({ findings })}\n`);
    const isUsable = drivers.some(({ state }) => state === 'good');
    if (!isUsable) io.stderr.write('No sandbox can be started here yet: tasks will not run.\n');
    return isUsable ? EXIT.ok : EXIT.error;
  },
};

const MARKS = { good: '✓', bad: '✗', note: '·' } as const;

/** That of the longest, `qemu-emulated`. */
const NAME_LENGTH = 13;

function lineOf({ name, state, text, hint }: Finding, style: Style): string {
  const paint = { good: style.green, bad: style.red, note: style.dim }[state];
  const indent = ' '.repeat(4 + NAME_LENGTH);
  const lines = [...sanitise(text).trimEnd().split('\n'), ...(hint ? [`→ ${sanitise(hint)}`] : [])];
  return `${paint(MARKS[state])} ${style.bold(name.padEnd(NAME_LENGTH))}  ${lines.join(`\n${indent}`)}\n`;
}

function dataFolder(dataDir: string): Finding {
  const name = 'data';
  if (!fs.existsSync(dataDir))
    return { name, state: 'note', text: `${dataDir} is not there yet; npm start makes it` };
  try {
    fs.accessSync(dataDir, fs.constants.W_OK | fs.constants.X_OK);
    return { name, state: 'good', text: dataDir };
  } catch {
    const hint = `It belongs to user ${fs.statSync(dataDir).uid}: run as that user, or set SEED_DATA_DIR.`;
    return { name, state: 'bad', text: `${dataDir} cannot be written`, hint };
  }
}

/** Starts something with each driver, as a runner does before it takes work. */
async function probeDrivers(io: Io, dataDir: string, cacheDir: string): Promise<Finding[]> {
  const { installedRunsc } = await loadModule<typeof import('../drivers/gvisor/sources.ts')>(
    'src/drivers/gvisor/sources.ts',
  );
  const { isRemote, selectDriver } = await loadModule<typeof import('../drivers/set-up/select.ts')>(
    'src/drivers/set-up/select.ts',
  );
  const wanted = io.env('SEED_DRIVER');
  const remote = isRemote(wanted) ? wanted : undefined;
  if (process.platform !== 'linux' && remote === undefined) {
    const text = 'sandboxes of this machine need Linux';
    return [{ name: 'sandbox', state: 'bad', text, hint: `In the container: ${containerCommand('start')}` }];
  }
  const runscPath = remote ? '' : await installedRunsc(cacheDir, io.env('SEED_RUNSC'));
  if (runscPath === undefined) {
    const text = `the sandbox's programs are not set up under ${cacheDir}`;
    return [{ name: 'sandbox', state: 'bad', text, hint: 'npm start sets them up.' }];
  }
  const { probes } = await selectDriver({ cacheDir, dataDir, runscPath, owner: 'seed-doctor' }, remote);
  const state = probes.some(({ usable }) => usable) ? 'note' : 'bad';
  return probes.map(({ driver, usable, isolation, why, warning }) =>
    usable
      ? {
          name: driver,
          state: 'good',
          text: `starts sandboxes (isolation: ${isolation})`,
          hint: warning,
        }
      : { name: driver, state, text: why ?? 'not usable' },
  );
}

async function askServer(io: Io, urlFlag: string | undefined): Promise<Finding> {
  const name = 'server';
  const { url } = loadProfile(io, urlFlag);
  try {
    // Without the key: being ready is no secret.
    await createApi(io, { url, key: null }).get('/readyz');
    return { name, state: 'good', text: `${url} is ready` };
  } catch (error) {
    if (!(error instanceof SeedError)) throw error;
    return { name, state: 'note', text: error.message, hint: error.hint ?? undefined };
  }
}

/** Image, downloads and a snapshot, with some room. */
const NEEDED_BYTES = 1.5e9;

function disk(cacheDir: string): Finding {
  let folder = cacheDir;
  while (!fs.existsSync(folder)) folder = dirname(folder);
  const { bavail, bsize } = fs.statfsSync(folder);
  const freeBytes = bavail * bsize;
  const text = `${(freeBytes / 1e9).toFixed(1)} GB free for ${cacheDir}`;
  if (freeBytes >= NEEDED_BYTES) return { name: 'disk', state: 'good', text };
  const hint = `Building needs ${NEEDED_BYTES / 1e9} GB: free some, or set SEED_CACHE_DIR to a larger disk.`;
  return { name: 'disk', state: 'bad', text, hint };
}

type SnapshotStore = typeof import('../drivers/snapshot/store.ts');

async function snapshots(io: Io, cacheDir: string): Promise<Finding> {
  const name = 'snapshots';
  const { chosenSnapshot, listSnapshots } = await loadModule<SnapshotStore>('src/drivers/snapshot/store.ts');
  const all = await listSnapshots(cacheDir);
  // A vendor's is none of this machine's: its driver has told whether it is there.
  const vendor = snapshotVendor();
  const chosen = io.env('SANDBOX_SNAPSHOT_ID') ?? (await chosenSnapshot(cacheDir));
  if (vendor !== undefined) return { name, state: 'note', text: `${chosen ?? 'none'} of ${vendor} is used` };
  const whole = all.filter(({ record }) => record !== null);
  const text = `${whole.length} complete, ${all.length - whole.length} damaged under ${join(cacheDir, '*/snapshots')}`;
  if (chosen !== null && !whole.some(({ id }) => id === chosen)) {
    const problem = `${text}; the chosen one is not among them: ${chosen}`;
    return { name, state: 'bad', text: problem, hint: 'seed snapshots build' };
  }
  const use = chosen === null ? 'the one of the current recipe is used' : `${chosen} is used`;
  return { name, state: whole.length > 0 ? 'good' : 'note', text: `${text}; ${use}` };
}

function packRows(): Finding {
  const name = 'packs';
  try {
    if (packRowSecuritySetting())
      return { name, state: 'good', text: 'Postgres keeps the rows of accounts apart in the tables of packs' };
  } catch (error) {
    if (!isSeedError(error)) throw error;
    return { name, state: 'bad', text: error.message };
  }
  const text = 'SEED_PACK_ROW_SECURITY=off: only the queries of packs keep the rows of accounts apart';
  return { name, state: 'note', text, hint: 'docs/your-platform.md#accounts-are-kept-apart' };
}

/** Where each address of the database leads; of a server alone, which may have other settings than this shell. */
async function databases(): Promise<Finding[]> {
  const name = 'database';
  try {
    const { databaseUrl, databaseDirectUrl } = databaseSettings();
    if (databaseUrl === null) return [{ name, state: 'note', text: 'the embedded Postgres of the data folder' }];
    const { findWays } = await loadModule<typeof import('../db/addresses.ts')>('src/db/addresses.ts');
    const found = await findWays({ databaseUrl, directUrl: databaseDirectUrl });
    return found.map(({ setting, way, error }) => {
      if (error !== null)
        return { name, state: 'bad', text: `${setting}: ${error.message}`, hint: error.hint ?? undefined };
      const isUsed = way !== 'pooled by transaction' || (setting === 'DATABASE_URL' && databaseDirectUrl !== null);
      return {
        name,
        state: isUsed ? 'good' : 'note',
        text: `${setting} leads to ${WAYS[way]}`,
        hint: isUsed ? undefined : NO_SESSION,
      };
    });
  } catch (error) {
    if (!isSeedError(error)) throw error;
    return [{ name, state: 'bad', text: error.message, hint: error.hint ?? undefined }];
  }
}

const WAYS = {
  direct: 'Postgres itself',
  'pooled by session': 'a pooler that keeps sessions',
  'pooled by transaction': 'a pooler that lends sessions by the transaction',
};
const NO_SESSION =
  'Set SEED_DATABASE_DIRECT_URL to the address of Postgres itself: for migrations, and so that servers need not poll.';

async function pool(): Promise<Finding> {
  const { readPoolSettings } =
    await loadModule<typeof import('../lib/pool-settings.ts')>('src/lib/pool-settings.ts');
  try {
    const { size, memoryBytes, maxAgeMs } = readPoolSettings();
    const limits = `at most ${Math.round(memoryBytes / 1e6)} MB together, replaced after ${maxAgeMs / 1000} s`;
    const text =
      size === 0 ? 'off: every sandbox starts when its task does' : `${size} wait for a task; ${limits}`;
    return { name: 'pool', state: size === 0 ? 'note' : 'good', text };
  } catch (error) {
    if (!isSeedError(error)) throw error;
    return { name: 'pool', state: 'bad', text: error.message };
  }
}
