// Snapshots as people manage them: built whole or not at all, listed, chosen, refused when they do not fit,
// removed.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { cacheDirSetting } from '../../src/lib/settings.ts';
import { processesNaming, until } from '../fixtures/seed.ts';

const SEED = fileURLToPath(new URL('../../bin/seed', import.meta.url));
const SCRIPT = fileURLToPath(new URL('../../scripts/setup-sandbox-snapshot.ts', import.meta.url));
let cacheDir = '';
let parent = '';
const snapshots = () => join(cacheDir, 'gvisor/snapshots');
const finished = async () =>
  (await readdir(snapshots()).catch(() => [])).filter((name) => /^[0-9a-f]{32}$/.test(name));

/** A cache of its own that shares what takes long: the image and runsc. */
beforeAll(async () => {
  parent = await mkdtemp(join(tmpdir(), 'seed-snapshots-'));
  cacheDir = join(parent, 'cache');
  await mkdir(cacheDir);
  for (const shared of ['images', 'tools']) await symlink(join(cacheDirSetting(), shared), join(cacheDir, shared));
});
afterAll(() => rm(parent, { recursive: true, force: true }));

const environment = (more: NodeJS.ProcessEnv = {}) => ({
  ...process.env,
  SEED_CACHE_DIR: cacheDir,
  SEED_DATA_DIR: parent,
  ...more,
});
function seed(args: string[], more: NodeJS.ProcessEnv = {}) {
  const { status, stdout, stderr } = spawnSync(SEED, args, { encoding: 'utf8', env: environment(more) });
  return { status, stdout, stderr };
}

it('a build that is killed leaves nothing that looks finished, and the next one builds', async () => {
  const build = spawn(process.execPath, [SCRIPT], { env: environment(), stdio: 'ignore' });
  await until('the snapshot is being written', async () =>
    (await readdir(snapshots()).catch(() => [])).some((name) => name.startsWith('.partial-')),
  );
  build.kill('SIGKILL');
  expect(await finished()).toEqual([]);
  expect(JSON.parse(seed(['snapshots', 'list', '--json']).stdout)).toEqual({ items: [] });

  const again = spawnSync(process.execPath, [SCRIPT], { encoding: 'utf8', env: environment() });
  const [id = ''] = again.stdout.split('\n');
  expect(again.stdout).toBe(`${id}\nSANDBOX_SNAPSHOT_ID=${id}\n`);
  expect(await finished()).toEqual([id]);
  expect((await readdir(snapshots())).sort()).toEqual([id, 'lock'].sort());
  expect(await processesNaming(`${parent}/`)).toEqual([]);
});

it('shows what a snapshot was made from, and gives the same again', async () => {
  const [id = ''] = await finished();
  expect(seed(['snapshots', 'build', '--quiet'])).toMatchObject({ status: 0, stdout: `${id}\n`, stderr: '' });
  const { snapshot } = JSON.parse(seed(['snapshots', 'get', id]).stdout);
  expect(snapshot).toMatchObject({ id, driver: 'gvisor', state: 'complete', inUse: false });
  expect(snapshot.inputs).toMatchObject({
    cpu: expect.stringMatching(/^[0-9a-f]{32}$/),
    image: {
      inputs: {
        recipe: expect.any(String),
        node: expect.any(String),
        pi: '1.6.0',
        guest: expect.any(String),
      },
    },
  });
});

it('keeps to the chosen one, refuses what does not fit with the reason, and rebuilds unless it was demanded', async () => {
  const [id = ''] = await finished();
  const other = id.replace(/./g, 'a');
  await cp(join(snapshots(), id), join(snapshots(), other), { recursive: true });
  const file = join(snapshots(), other, 'snapshot.json');
  const record = { ...JSON.parse(await readFile(file, 'utf8')), id: other };
  await writeFile(file, JSON.stringify(record));
  const setUp = (more: NodeJS.ProcessEnv = {}) =>
    spawnSync(process.execPath, [fileURLToPath(new URL('../../scripts/setup.ts', import.meta.url))], {
      encoding: 'utf8',
      env: environment(more),
    });

  expect(seed(['snapshots', 'use', other]).status).toBe(0);
  expect(JSON.parse(seed(['snapshots', 'list', '--json']).stdout).items).toContainEqual(
    expect.objectContaining({ id: other, inUse: true }),
  );
  const refused = seed(['snapshots', 'remove', other]);
  expect(refused).toMatchObject({ status: 1, stderr: expect.stringContaining('is in use') });
  expect(existsSync(join(snapshots(), other))).toBe(true);

  await writeFile(file, JSON.stringify({ ...record, driverVersion: 'release-1' }));
  const demanded = setUp({ SANDBOX_SNAPSHOT_ID: other });
  expect(demanded).toMatchObject({ status: 1, stderr: expect.stringMatching(/made by gvisor "release-1"/) });
  await writeFile(file, JSON.stringify({ ...record, cpu: 'other' }));
  expect(setUp({ SANDBOX_SNAPSHOT_ID: other }).stderr).toMatch(/processor with other features/);
  await writeFile(file, JSON.stringify(record));
  await truncate(join(snapshots(), other, 'pages.img'), 1000);
  expect(setUp({ SANDBOX_SNAPSHOT_ID: other }).stderr).toMatch(/damaged/);
  expect(setUp({ SANDBOX_SNAPSHOT_ID: id.replace(/./g, 'b') }).stderr).toMatch(/There is no snapshot b+/);

  const fallenBack = setUp();
  expect(fallenBack.status).toBe(0);
  expect(fallenBack.stdout).toMatch(/damaged.*not used any more/);
  expect(seed(['snapshots', 'remove', other]).status).toBe(0);
  expect(await finished()).toEqual([id]);
});
