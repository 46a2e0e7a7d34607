// Makes the snapshot that sandboxes at Vercel start from: a sandbox with Node, into which the files are written,
// what else an agent needs is installed where it lacks, and whose file system is kept. Called by set-up.
import { randomUUID } from 'node:crypto';
import { bundleGuest } from '../../guest/bundle.ts';
import { SeedError } from '../../protocol/errors.ts';
import { sandboxFiles } from '../remote/sandbox-files.ts';
import { openVercel, type Sandbox, type VercelClient } from './client.ts';
import { readVercelAccess } from './settings.ts';

const RUNTIME = 'node24';
const LIFE_MS = 20 * 60_000;
const VCPUS = 2;
/** Whoever writes files may not write to /opt. */
const UPLOADS = '/tmp/seed-files';
/** One request has no more of them. */
const PIECE_BYTES = 20 * 1024 * 1024;

/** Amazon Linux calls some of them otherwise than the programs that they bring. */
const SCRIPT = `set -eu
lacks() { ! command -v "$1" >/dev/null 2>&1; }
want=
for program in git jq curl less file unzip tar which python3; do
  if lacks "$program"; then want="$want $program"; fi
done
lacks perl && want="$want perl-interpreter perl-IO perl-POSIX perl-Fcntl perl-Socket perl-Time-HiRes"
lacks ps && want="$want procps-ng"
lacks ip && want="$want iproute"
if [ -n "$want" ]; then dnf --assumeyes --quiet install $want; fi
if ! id agent >/dev/null 2>&1; then useradd --create-home --shell /bin/bash agent; fi
mkdir -p /opt/seed /workspace
cp -R ${UPLOADS}/. /opt/seed/
chown -R root:root /opt/seed
chmod 755 /opt/seed /opt/seed/keeper /opt/seed/bridge
rm -rf ${UPLOADS}
perl -c /opt/seed/keeper
perl -c /opt/seed/bridge
PATH="$PATH:/vercel/runtimes/${RUNTIME}/bin" node --check /opt/seed/guest.mjs`;

export interface MadeSnapshot {
  id: string;
  sizeBytes: number;
}

export interface MakeOptions {
  cacheDir: string;
  /** Default: the guest of this source tree. */
  guestBundle?: Uint8Array | undefined;
  onProgress: (message: string) => void;
}

/** @throws SeedError invalid_settings without credentials, setup_failed, and what Vercel refuses */
export async function makeVercelSnapshot({
  cacheDir,
  guestBundle,
  onProgress,
}: MakeOptions): Promise<MadeSnapshot> {
  const client = await openVercel(readVercelAccess());
  const files = await sandboxFiles({ cacheDir, guestBundle: guestBundle ?? (await bundleGuest()), onProgress });
  onProgress('starting a sandbox at Vercel');
  const name = `seed-snapshot-${randomUUID()}`;
  const sandbox = await client.call('create a sandbox', () =>
    client.sdk.Sandbox.create({
      ...client.access,
      ...{ name, runtime: RUNTIME, timeout: LIFE_MS, persistent: false },
      resources: { vcpus: VCPUS },
    }),
  );
  try {
    return await fill(client, sandbox, files, onProgress);
  } finally {
    // It ends by itself, should it not be removed.
    await client.call('forget a sandbox', () => sandbox.delete()).catch(() => undefined);
  }
}

async function fill(
  { call }: VercelClient,
  sandbox: Sandbox,
  files: Awaited<ReturnType<typeof sandboxFiles>>,
  onProgress: MakeOptions['onProgress'],
): Promise<MadeSnapshot> {
  const session = sandbox.currentSession();
  const bytes = files.reduce((sum, { content }) => sum + content.length, 0);
  onProgress(`writing ${files.length} files, ${Math.round(bytes / 1e6)} MB`);
  for (const piece of pieces(files)) {
    const written = piece.map(({ path, content, mode }) => ({ path: `${UPLOADS}/${path}`, content, mode }));
    await call('write files', () => session.writeFiles(written));
  }
  onProgress('installing what the agent needs');
  const run = { cmd: 'sh', args: ['-c', SCRIPT], sudo: true };
  const done = await call('run the set-up', () => session.runCommand(run));
  if (done.exitCode !== 0) {
    const said = (await done.stderr()).trim().slice(-1000);
    throw new SeedError('setup_failed', `The set-up of the snapshot ended with ${done.exitCode}: ${said}`);
  }
  onProgress('making the snapshot');
  const { snapshotId: id, sizeBytes } = await call('make a snapshot', () => session.snapshot({ expiration: 0 }));
  return { id, sizeBytes };
}

function* pieces<File extends { content: Uint8Array }>(files: readonly File[]): Generator<File[]> {
  let piece: File[] = [];
  let bytes = 0;
  for (const file of files) {
    if (bytes > 0 && bytes + file.content.length > PIECE_BYTES) {
      yield piece;
      [piece, bytes] = [[], 0];
    }
    piece.push(file);
    bytes += file.content.length;
  }
  if (piece.length > 0) yield piece;
}
