// Makes the template that sandboxes of E2B start from: Debian with what an agent needs, Node, Pi and the guest,
// frozen as a whole machine once the guest waits. Called by scripts/setup-sandbox-snapshot.ts.
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { request } from 'undici';
import { z } from 'zod';
import { bundleGuest } from '../../guest/bundle.ts';
import { contentHash } from '../../lib/content-hash.ts';
import { megabytes } from '../../lib/disk-space.ts';
import { exec } from '../../lib/exec.ts';
import { shellWord } from '../../lib/shell-word.ts';
import { SeedError } from '../../protocol/errors.ts';
import { ROOTFS_PACKAGES, readRecipe } from '../image/recipe.ts';
import { runtimeVersions } from '../image/rootfs.ts';
import { keep } from '../remote/keeper.ts';
import { type SandboxFile, sandboxFiles } from '../remote/sandbox-files.ts';
import { createE2bApi, type E2bApi } from './api.ts';
import { readE2bAccess } from './settings.ts';

/** What the steps begin with, Debian with Node: E2B adds its own daemon, an init and a few packages. */
const fromImage = (node: string) => `node:${node}-trixie-slim`;
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
const START_COMMAND = [
  'for each in root user; do passwd --lock $each >/dev/null 2>&1 || true; done',
  `${keep.warm.map(shellWord).join(' ')} >/dev/null 2>&1`,
  `sleep ${LAST_SECONDS}`,
  'reboot -f',
].join('; ');

/** Succeeds once the guest waits, and nobody gets anywhere without a password. */
const READY_COMMAND = "test -S /run/seed/guest.sock && ! grep -qE '^[^:]+::' /etc/shadow";

export interface TemplateOptions {
  cacheDir: string;
  /** Default: the guest of this source tree. */
  guestBundle?: Uint8Array;
  onProgress(message: string): void;
}

export interface MadeTemplate {
  /** Its name, for SEED_E2B_TEMPLATE. */
  id: string;
  /** Of what was sent. */
  sizeBytes: number;
}

/** @throws SeedError setup_failed and what the API says */
export async function makeE2bTemplate(options: TemplateOptions): Promise<MadeTemplate> {
  const { cacheDir, onProgress, guestBundle = await bundleGuest() } = options;
  const recipe = await readRecipe();
  if (recipe.setup !== null || Object.keys(recipe.npm).length > 0) {
    throw new SeedError('setup_failed', 'A template of E2B has only the Debian packages of the sandbox recipe.', {
      hint: 'Leave its "npm" and "setup" out, or build on the template by E2B\'s own tools.',
    });
  }
  const api = createE2bApi(readE2bAccess());
  const folder = await mkdtemp(join(tmpdir(), 'seed-template-'));
  try {
    const archive = await archiveOf(await sandboxFiles({ cacheDir, guestBundle, onProgress }), folder);
    const filesHash = createHash('sha256').update(archive).digest('hex');
    const body = {
      fromImage: fromImage((await runtimeVersions()).node),
      steps: steps(filesHash, recipe.packages),
      startCmd: START_COMMAND,
      readyCmd: READY_COMMAND,
    };
    const name = `seed-${contentHash(JSON.stringify(body)).slice(0, 12)}`;
    await build(api, { archive, filesHash, body, name, onProgress });
    return { id: name, sizeBytes: archive.length };
  } finally {
    await rm(folder, { recursive: true, force: true });
    await api.close();
  }
}

/** The same files give the same bytes. */
async function archiveOf(files: readonly SandboxFile[], folder: string): Promise<Buffer> {
  for (const { path, content, mode } of files) {
    const file = join(folder, 'seed', path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, content, { mode });
  }
  const archive = join(folder, 'files.tar.gz');
  const same = ['--owner=0', '--group=0', '--mode=u+rw,go-w', '--sort=name', '--mtime=@0'];
  await exec('tar', ['-C', folder, ...same, '-czf', archive, 'seed']);
  return readFile(archive);
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
  filesHash: string;
  /** What is to be built. */
  body: object;
  name: string;
  onProgress(message: string): void;
}

async function build(api: E2bApi, building: Building): Promise<void> {
  const { body, name, onProgress } = building;
  const asked = { method: 'POST', path: '/v3/templates', body: { name, ...SIZE }, repeatable: false } as const;
  const { templateID, buildID } = Requested.parse(await api.call(asked));
  await upload(api, templateID, building);
  onProgress(`E2B builds the template ${name}`);
  await api.call({
    method: 'POST',
    path: `/v2/templates/${templateID}/builds/${buildID}`,
    body,
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
    if (status === 'ready') return;
    if (status === 'error') {
      const said = logs.slice(-LOGS_SHOWN).join('\n');
      throw new SeedError('setup_failed', `E2B could not build the template: ${reason?.message ?? ''}\n${said}`);
    }
    await sleep(LOOK_EVERY_MS);
  }
  throw new SeedError('setup_failed', `E2B has not built the template ${name} within half an hour.`);
}

async function upload(
  api: E2bApi,
  templateID: string,
  { archive, filesHash, onProgress }: Building,
): Promise<void> {
  const path = `/templates/${templateID}/files/${filesHash}`;
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
  if (statusCode >= 300)
    throw new SeedError('setup_failed', `E2B answered the template's files with ${statusCode}.`);
}

function steps(filesHash: string, packages: readonly string[]) {
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
      'mkdir -p /opt/seed',
      'cp -a $from/. /opt/seed',
      `rm -rf ${EXTRACTED}`,
      'chown -R root:root /opt/seed',
      'id agent >/dev/null 2>&1 || useradd --create-home agent',
      'mkdir -p /workspace',
      // Nothing makes root of anybody.
      "find / -xdev -type f -perm /6000 -exec chmod a-s '{}' +",
      // What everybody may write to has no limit, but for what a sandbox's disk is put over.
      "find / -xdev -type d -perm -0002 -exec chmod o-w '{}' +",
    ),
    { type: 'USER', args: ['root'] },
    { type: 'WORKDIR', args: ['/'] },
  ];
}
