// Puts what a recipe adds into a root file system that is being built: npm packages, then the setup script.
import { mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SeedError } from '../../protocol/errors.ts';
import { runtimeSpec } from '../gvisor/spec.ts';
import { startSupervised } from '../gvisor/start.ts';
import { createSandboxFolder, removeSandbox } from '../process/sandbox-folder.ts';
import type { Recipe } from './recipe.ts';
import { installNpmPackages } from './runtime.ts';

const EXTRA = 'opt/seed/extra';
const SCRIPT_TIMEOUT_MS = 10 * 60 * 1000;

/** Throws SeedError `setup_failed` with the script's last words when it fails. */
export async function extendRootfs(
  rootfs: string,
  recipe: Recipe,
  runscPath: string,
  onProgress: (message: string) => void,
): Promise<void> {
  if (Object.keys(recipe.npm).length > 0) {
    onProgress(`installing ${Object.keys(recipe.npm).join(', ')}`);
    await installExtra(rootfs, recipe.npm);
  }
  if (recipe.setup !== null) {
    onProgress("running the recipe's setup script");
    await runSetup(rootfs, recipe.setup, runscPath);
  }
}

async function installExtra(rootfs: string, dependencies: Recipe['npm']): Promise<void> {
  const folder = join(rootfs, EXTRA);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'package.json'), JSON.stringify({ private: true, dependencies }));
  await installNpmPackages(folder, 'install');
  await symlink('node_modules/.bin', join(folder, 'bin'));
}

/** In gVisor like any sandbox, only that its root file system can be written and it has no guest. */
async function runSetup(rootfs: string, script: string, runscPath: string): Promise<void> {
  const folder = `${rootfs}.setup`;
  const deadline = performance.now() + SCRIPT_TIMEOUT_MS;
  const spec = runtimeSpec(rootfs, ['/bin/bash', '-euo', 'pipefail', '-c', script]);
  await createSandboxFolder(folder, { ...spec, root: { ...spec.root, readonly: false } }, deadline);
  try {
    const sandbox = await startSupervised({ runscPath, folder, command: ['run'], deadline });
    sandbox.stream.resume();
    const exit = await sandbox.exited;
    if (exit.reason === 'exited' && exit.code === 0) return;
    const how = exit.reason === 'exited' ? `ended with code ${exit.code}` : `was ended: ${exit.reason}`;
    throw new SeedError('setup_failed', `The recipe's setup script ${how}: ${sandbox.stderr()}`, {
      hint: 'It runs without network: fetch with "packages" and "npm", set up with the script.',
    });
  } finally {
    await removeSandbox(folder);
    await rm(folder, { recursive: true, force: true });
  }
}
