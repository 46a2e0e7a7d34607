// Runs a recipe's setup script in a root file system that is being built. Called by set-up.ts for the image.
import { SeedError } from '../../protocol/errors.ts';
import type { SetupScript } from '../image/rootfs.ts';
import { runtimeSpec } from './spec.ts';
import { runOnce } from './start.ts';

const SCRIPT_TIMEOUT_MS = 10 * 60 * 1000;

/** In gVisor like any sandbox, only that its root file system can be written and it has no guest. */
export async function runSetup({ rootfs, script, runscPath }: SetupScript): Promise<void> {
  const folder = `${rootfs}.setup`;
  const spec = runtimeSpec(rootfs, ['/bin/bash', '-euo', 'pipefail', '-c', script]);
  const { exit, said } = await runOnce({
    runscPath,
    folder,
    spec: { ...spec, root: { ...spec.root, readonly: false } },
    timeoutMs: SCRIPT_TIMEOUT_MS,
  });
  if (exit.reason === 'exited' && exit.code === 0) return;
  const how = exit.reason === 'exited' ? `ended with code ${exit.code}` : `was ended: ${exit.reason}`;
  throw new SeedError('setup_failed', `The recipe's setup script ${how}: ${said}`, {
    hint: 'It runs without network: fetch with "packages" and "npm", set up with the script.',
  });
}
