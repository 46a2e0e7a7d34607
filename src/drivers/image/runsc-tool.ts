// Keeps runsc, gVisor's one static program, under `<cacheDir>/tools`, one folder per version.
import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { makeFolder } from '../../lib/atomic-folder.ts';
import { SeedError } from '../../protocol/errors.ts';
import type { Package } from './apt.ts';
import { unpackPackage } from './unpack.ts';

export function runscPath(cacheDir: string, version: string): string {
  return join(cacheDir, 'tools', `runsc-${version}`, 'runsc');
}

/** Installs the runsc found among the downloaded packages and returns its version. */
export async function installRunsc(packages: readonly Package[], cacheDir: string): Promise<string> {
  const runsc = packages.find(({ name }) => name === 'runsc');
  if (!runsc) throw new SeedError('setup_failed', 'apt fetched no runsc (gVisor).');
  const path = runscPath(cacheDir, runsc.version);
  if (existsSync(path)) return runsc.version;
  await makeFolder(dirname(path), async (partial) => {
    const unpacked = join(partial, 'package');
    await mkdir(unpacked);
    await unpackPackage(runsc.file, unpacked);
    await rename(join(unpacked, 'usr/bin/runsc'), join(partial, 'runsc'));
    await rm(unpacked, { recursive: true });
  });
  return runsc.version;
}
