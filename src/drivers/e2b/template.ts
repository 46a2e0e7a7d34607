// Makes the template that sandboxes of E2B start from: Debian with what an agent needs, Node, Pi and the guest, frozen
// as a whole machine once the guest waits. Called by scripts/setup-sandbox-snapshot.ts.
import { createHash } from 'node:crypto';
import { copyFile, cp, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { request } from 'undici';
import { z } from 'zod';
import { bundleGuest } from '../../guest/bundle.ts';
import { megabytes } from '../../lib/disk-space.ts';
import { exec } from '../../lib/exec.ts';
import { shellWord } from '../../lib/shell-word.ts';
import { SeedError } from '../../protocol/errors.ts';
import { runSetup } from '../gvisor/run-setup.ts';
import { buildImage } from '../image/build-image.ts';
import { ROOTFS_PACKAGES, readRecipe } from '../image/recipe.ts';
import { NODE_IN_ROOTFS } from '../image/rootfs.ts';
import { KEEPER_SOURCE, keep } from '../remote/keeper.ts';
import { createE2bApi, type E2bApi } from './api.ts';
import { readE2bAccess } from './settings.ts';

/** What the steps begin with: E2B adds its own daemon, an init and a few packages. */
const FROM_IMAGE = 'debian:trixie-slim';
const SEED = 'opt/seed';
const EXTRACTED = '/opt/seed-files';
const SIZE = { cpuCount: 2, memoryMB: 2048 };
const BUILT_WITHIN_MS = 30 * 60_000;
const LOOK_EVERY_MS = 2_000;
const UPLOAD_MS = 15 * 60_000;
const LOGS_SHOWN = 20;
/** Whoever is connected when the guest has ended is given so long to take what is left. */
const LAST_SECONDS = 2;

/**
 * Run by root in each sandbox, or rather once, before all of them: they wake up where it has got to. E2B's own
 * preparation takes root's password away and lets its user be root: what the agent runs is to be neither. When the
 * guest has ended the machine goes, which would go on for nobody.
 */
export const START_COMMAND = [
  'for each in root user; do passwd --lock $each >/dev/null 2>&1 || true; done',
  `${keep.warm.map(shellWord).join(' ')} >/dev/null 2>&1`,
  `sleep ${LAST_SECONDS}`,
  'reboot -f',
].join('; ');

/** Succeeds once the guest waits, and nobody gets anywhere without a password. */
export const READY_COMMAND = "test -S /run/seed/guest.sock && ! grep -qE '^[^:]+::' /etc/shadow";

export interface TemplateOptions {
  cacheDir: string;
  /** Default: the guest of this source tree. */
  guestBundle?: Uint8Array;
  onProgress(message: string): void;
}

/** @returns the template's name, for SEED_E2B_TEMPLATE. @throws SeedError setup_failed and what the API says */
export async function buildE2bTemplate(options: TemplateOptions): Promise<string> {
  const { cacheDir, onProgress, guestBundle = await bundleGuest() } = options;
  const { setup } = await readRecipe();
  if (setup !== null) {
    throw new SeedError('setup_failed', "The sandbox recipe's setup script is not run for templates of E2B.", {
      hint: 'Leave it out there: "packages" and "npm" of the recipe are in the template.',
    });
  }
  const { image } = await buildImage({ cacheDir, guestBundle, runSetup, onProgress });
  const api = createE2bApi(readE2bAccess());
  const folder = await mkdtemp(join(tmpdir(), 'seed-template-'));
  try {
    const archive = await archiveOf(image.rootfs, folder);
    return await build(api, { archive, name: `seed-${image.id.slice(0, 12)}`, onProgress });
  } finally {
    await rm(folder, { recursive: true, force: true });
    await api.close();
  }
}

/** The files that are Seed's own, in a folder `seed` of the archive. */
async function archiveOf(rootfs: string, folder: string): Promise<Buffer> {
  const seed = join(folder, 'seed');
  await mkdir(join(seed, dirname(NODE_IN_ROOTFS)), { recursive: true });
  await cp(join(rootfs, SEED), join(seed, SEED), { recursive: true, verbatimSymlinks: true });
  await copyFile(join(rootfs, NODE_IN_ROOTFS), join(seed, NODE_IN_ROOTFS));
  await copyFile(KEEPER_SOURCE, join(seed, SEED, 'keeper'));
  await exec('chmod', ['755', join(seed, SEED, 'keeper')]);
  const path = join(folder, 'files.tar.gz');
  await exec('tar', ['-C', folder, '--owner=0', '--group=0', '--sort=name', '--mtime=@0', '-czf', path, 'seed']);
  return readFile(path);
}

const Requested = z.object({ templateID: z.string(), buildID: z.string() });
const Upload = z.object({ present: z.boolean(), url: z.url().optional() });
const Build = z.object({
  status: z.string(),
  logEntries: z.array(z.object({ message: z.string() })).default([]),
  reason: z.object({ message: z.string() }).nullish(),
});

interface Building {
  archive: Buffer;
  name: string;
  onProgress(message: string): void;
}

async function build(api: E2bApi, { archive, name, onProgress }: Building): Promise<string> {
  const asked = { method: 'POST', path: '/v3/templates', body: { name, ...SIZE }, repeatable: false } as const;
  const { templateID, buildID } = Requested.parse(await api.call(asked));
  const hash = createHash('sha256').update(archive).digest('hex');
  await upload(api, { templateID, hash, archive, onProgress });
  onProgress(`E2B builds the template ${name}`);
  await api.call({
    method: 'POST',
    path: `/v2/templates/${templateID}/builds/${buildID}`,
    body: { fromImage: FROM_IMAGE, steps: await steps(hash), startCmd: START_COMMAND, readyCmd: READY_COMMAND },
    repeatable: false,
  });
  const logs: string[] = [];
  for (const until = performance.now() + BUILT_WITHIN_MS; performance.now() < until; ) {
    const path = `/templates/${templateID}/builds/${buildID}/status`;
    const query = { logsOffset: String(logs.length) };
    const { status, logEntries, reason } = Build.parse(
      await api.call({ method: 'GET', path, query, repeatable: true }),
    );
    logs.push(...logEntries.map(({ message }) => message));
    if (status === 'ready') return name;
    if (status === 'error') {
      const said = logs.slice(-LOGS_SHOWN).join('\n');
      throw new SeedError('setup_failed', `E2B could not build the template: ${reason?.message ?? ''}\n${said}`);
    }
    await sleep(LOOK_EVERY_MS);
  }
  throw new SeedError('setup_failed', `E2B has not built the template ${name} within half an hour.`);
}

interface Uploading extends Omit<Building, 'name'> {
  templateID: string;
  hash: string;
}

async function upload(api: E2bApi, { templateID, hash, archive, onProgress }: Uploading): Promise<void> {
  const path = `/templates/${templateID}/files/${hash}`;
  const { present, url } = Upload.parse(await api.call({ method: 'GET', path, repeatable: true }));
  if (present || url === undefined) return;
  onProgress(`sending ${megabytes(archive.length)} to E2B`);
  const { statusCode, body } = await request(url, {
    method: 'PUT',
    body: archive,
    headersTimeout: UPLOAD_MS,
    signal: AbortSignal.timeout(UPLOAD_MS),
  });
  await body.dump();
  if (statusCode >= 300) throw new SeedError('setup_failed', `E2B answered the template's files with ${statusCode}.`);
}

async function steps(filesHash: string) {
  const { packages } = await readRecipe();
  const run = (...lines: string[]) => ({ type: 'RUN', args: [lines.join(' && '), 'root'] });
  const names = [...ROOTFS_PACKAGES, ...packages].join(' ');
  return [
    run(
      'export DEBIAN_FRONTEND=noninteractive',
      'apt-get update',
      `apt-get install --yes --no-install-recommends ${names}`,
      'rm -rf /var/lib/apt/lists',
      'ln -sf fdfind /usr/bin/fd',
    ),
    { type: 'COPY', args: ['seed', `${EXTRACTED}/`, 'root', ''], filesHash },
    run(
      // Whether the folder is put there or what is in it.
      `from=${EXTRACTED}`,
      'if [ -d $from/seed ]; then from=$from/seed; fi',
      'cp -a $from/. /',
      `rm -rf ${EXTRACTED}`,
      'id agent >/dev/null 2>&1 || useradd --create-home agent',
      'mkdir -p /workspace',
      // Nothing makes root of anybody.
      "find / -xdev -type f -perm /6000 -exec chmod a-s '{}' +",
    ),
    { type: 'USER', args: ['root'] },
    { type: 'WORKDIR', args: ['/'] },
  ];
}
