// seed snapshots …: the snapshots that sandboxes of this machine start from. Used by local-commands.ts.
import type { StoredSnapshot } from '../drivers/snapshot/store.ts';
import { SeedError } from '../protocol/errors.ts';
import { viewOptions } from './answer-view.ts';
import { cacheDirOf, loadModule } from './folders.ts';
import { EXIT, type Io, usageError } from './io.ts';
import { type LocalCommand, type LocalValues, tellDone, textIn } from './local-command.ts';
import { listView } from './table.ts';

const build: LocalCommand = {
  name: 'snapshots build',
  summary: 'Build image and snapshot of this machine as the recipe is now, unless they are there',
  usage: 'seed snapshots build [--driver <name>]',
  flags: [{ name: '--driver <name>', summary: 'The driver to build for [default SEED_DRIVER or auto]' }],
  examples: ['seed snapshots build', 'SEED_SANDBOX_RECIPE=recipe.json seed snapshots build --json'],
  async run(io, flags, values) {
    const { buildSnapshot } = await loadModule<typeof import('../drivers/set-up/set-up.ts')>(
      'src/drivers/set-up/set-up.ts',
    );
    const driver = textIn(values, 'driver') ?? io.env('SEED_DRIVER');
    const built = await buildSnapshot(cacheDirOf(io), driver, (message) => {
      if (!flags.quiet) io.stderr.write(`· ${message}\n`);
    });
    // A vendor's is kept to by the environment: it is none of this machine's.
    const how = built.imageBytes > 0 ? `seed snapshots use ${built.id}` : `SANDBOX_SNAPSHOT_ID=${built.id}`;
    const note = `Made for ${built.driver}, ${mb(built.sizeBytes)}. To keep to it: ${how}\n`;
    tellDone(io, flags, { json: { snapshot: built }, text: built.id, note });
    return EXIT.ok;
  },
};

const list: LocalCommand = {
  name: 'snapshots list',
  summary: 'List the snapshots on this machine, newest first',
  usage: 'seed snapshots list',
  examples: ['seed snapshots list', 'seed snapshots list --json'],
  async run(io, flags) {
    const { listSnapshots, chosenSnapshot } = await loadSnapshots();
    const chosen = io.env('SANDBOX_SNAPSHOT_ID') ?? (await chosenSnapshot(cacheDirOf(io)));
    const items = (await listSnapshots(cacheDirOf(io))).map((snapshot) => viewOf(snapshot, chosen));
    if (flags.json) io.stdout.write(`${JSON.stringify({ items })}\n`);
    else if (items.length === 0) io.stderr.write('There is no snapshot yet: seed snapshots build makes one.\n');
    else io.stdout.write(tableOf(io, items));
    return EXIT.ok;
  },
};

const get: LocalCommand = {
  name: 'snapshots get',
  summary: 'Show what a snapshot was made from',
  usage: 'seed snapshots get <id>',
  positionals: ['id'],
  examples: ['seed snapshots get 0f3a…'],
  async run(io, _flags, values) {
    const { getSnapshot, chosenSnapshot } = await loadSnapshots();
    const stored = await getSnapshot(cacheDirOf(io), idOf(values));
    const chosen = io.env('SANDBOX_SNAPSHOT_ID') ?? (await chosenSnapshot(cacheDirOf(io)));
    const snapshot = { ...viewOf(stored, chosen), dir: stored.dir, inputs: stored.record };
    io.stdout.write(`${JSON.stringify({ snapshot }, null, 2)}\n`);
    return EXIT.ok;
  },
};

const use: LocalCommand = {
  name: 'snapshots use',
  summary: 'Keep to a snapshot until another is chosen or it no longer fits; runners take it when they start',
  usage: 'seed snapshots use <id> | --current',
  flags: [{ name: '--current', summary: 'Take the choice back: always the one of the current recipe' }],
  positionals: ['id'],
  examples: ['seed snapshots use 0f3a…', 'seed snapshots use --current'],
  async run(io, flags, values) {
    const { chooseSnapshot, getSnapshot } = await loadSnapshots();
    const id = values['current'] === true ? null : idOf(values);
    const snapshot = id === null ? null : await getSnapshot(cacheDirOf(io), id);
    if (snapshot?.record === null) throw new SeedError('conflict', `The snapshot ${id} is damaged.`);
    await chooseSnapshot(cacheDirOf(io), id);
    if (flags.json) io.stdout.write(`${JSON.stringify({ snapshotId: id })}\n`);
    else io.stderr.write(`${id ?? 'The current snapshot'} is used from the runner's next start on.\n`);
    return EXIT.ok;
  },
};

const remove: LocalCommand = {
  name: 'snapshots remove',
  summary: 'Remove a snapshot that is not in use',
  usage: 'seed snapshots remove <id>',
  positionals: ['id'],
  examples: ['seed snapshots remove 0f3a…'],
  async run(io, flags, values) {
    const { chosenSnapshot, removeSnapshot } = await loadSnapshots();
    const chosen = await chosenSnapshot(cacheDirOf(io));
    const used = [io.env('SANDBOX_SNAPSHOT_ID'), chosen].filter((id) => typeof id === 'string');
    await removeSnapshot(cacheDirOf(io), idOf(values), used);
    tellDone(io, flags, { json: { removed: idOf(values) }, text: null });
    return EXIT.ok;
  },
};

export const snapshotCommands: readonly LocalCommand[] = [build, list, get, use, remove];

const loadSnapshots = () =>
  loadModule<typeof import('../drivers/snapshot/store.ts')>('src/drivers/snapshot/store.ts');

function idOf(values: LocalValues): string {
  const { id } = values;
  if (typeof id === 'string' && /^[0-9a-f]{32}$/.test(id)) return id;
  const problem = id === undefined ? 'which snapshot?' : `"${id}" is not a snapshot's id`;
  throw usageError(problem, 'seed snapshots list shows the ids.');
}

function viewOf({ id, driver, record, sizeBytes }: StoredSnapshot, chosen: string | null) {
  const { driverVersion = null, createdAt = null } = record ?? {};
  const state = record === null ? 'damaged' : 'complete';
  return { id, driver, driverVersion, state, sizeBytes, createdAt, inUse: id === chosen };
}

function tableOf(io: Io, items: ReturnType<typeof viewOf>[]): string {
  const rows = items.map(({ sizeBytes, ...item }) => ({ ...item, size: mb(sizeBytes) }));
  const columns = ['id', 'driver', 'state', 'size', 'createdAt', 'inUse'];
  return listView(rows, columns, { ...viewOptions(io), now: io.clock.now() }).text;
}

const mb = (bytes: number): string => `${Math.round(bytes / 1e6)} MB`;
