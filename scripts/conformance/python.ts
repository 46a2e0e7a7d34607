// Programs in Python that parts run, each in an environment of its own in the cache folder, with the packages that a
// file of requirements pins by their hashes. Which registry they come from is for pip's own settings to say.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { contentHash } from '../../src/lib/content-hash.ts';
import { withFileLock } from '../../src/lib/file-lock.ts';
import { cacheDirSetting } from '../../src/lib/settings.ts';

const INSTALL_WITHIN_MS = 300_000;
const run = promisify(execFile);

/**
 * The folder of the programs, installed where they were not before.
 * @param requirements as pip reads it, with a hash for each file that may be taken
 * @returns `why` where they cannot be had here
 */
export async function pythonPrograms(
  name: string,
  requirements: URL,
): Promise<{ folder: string } | { why: string }> {
  try {
    const hash = contentHash(await readFile(requirements)).slice(0, 12);
    const folder = join(cacheDirSetting(), 'conformance', `${name}-${hash}`);
    await mkdir(folder, { recursive: true });
    await withFileLock(join(folder, 'lock'), () => install(join(folder, 'venv'), requirements));
    return { folder: join(folder, 'venv', 'bin') };
  } catch (error) {
    return { why: `it cannot be installed here: ${lastLine((error as Error).message)}` };
  }
}

async function install(venv: string, requirements: URL): Promise<void> {
  const done = join(venv, 'done');
  if (existsSync(done)) return;
  await run('python3', ['-m', 'venv', '--clear', venv]);
  const args = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-input'];
  const pinned = ['--require-hashes', '--only-binary', ':all:', '--requirement', requirements.pathname];
  await run(join(venv, 'bin', 'python'), [...args, ...pinned], { timeout: INSTALL_WITHIN_MS });
  await writeFile(done, '');
}

const lastLine = (text: string) => text.trim().split('\n').at(-1)?.slice(0, 300) ?? '';
