// A Python environment of a requirements file with hashes, in the cache, once for all runs of this machine. Users
// of Seed need no Python: without it whoever asks tells why and skips. Used by tests of clients in Python, and by parts
// of the conformance run.
import { execFile } from 'node:child_process';
import { access, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ensureFolder } from '../../src/lib/cache-folders.ts';
import { contentHash } from '../../src/lib/content-hash.ts';
import { cacheDirSetting } from '../../src/lib/settings.ts';

const run = promisify(execFile);
const INSTALL_TIMEOUT_MS = 240_000;

/**
 * Makes it at the first call. Its programs are called by its Python (`-m`): the folder is moved when it is whole.
 * @param requirements file whose every line has hashes
 * @returns its Python, or why there is none here
 */
export async function pythonVenv(requirements: URL): Promise<{ python: string } | { why: string }> {
  const text = await readFile(requirements, 'utf8');
  try {
    const { stdout: version } = await run('python3', ['--version']);
    const folder = join(cacheDirSetting(), 'python', contentHash(text, version));
    const isComplete = () => access(join(folder, 'done')).then(yes, no);
    await ensureFolder(folder, isComplete, async (partial) => {
      await run('python3', ['-m', 'venv', partial]);
      const quietly = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-input'];
      const pinned = ['--require-hashes', '--only-binary', ':all:', '--requirement', requirements.pathname];
      await run(join(partial, 'bin', 'python3'), [...quietly, ...pinned], { timeout: INSTALL_TIMEOUT_MS });
      await writeFile(join(partial, 'done'), '');
    });
    return { python: join(folder, 'bin', 'python3') };
  } catch (error) {
    return { why: `Python's packages cannot be had here: ${(error as Error).message.slice(0, 300)}` };
  }
}

const yes = () => true;
const no = () => false;
