// What a sandbox has used, as its control group counts it, read by a program in its container: the metrics API
// tells only a rate. Used by sandboxes.ts.
import { ACCOUNT_FILES, type ContainerAccount, containerAccount } from '../../lib/container-account.ts';
import type { KubeClient } from './client.ts';
import { runInPod } from './run-in-pod.ts';

/** Each file that is there as a line with its name, and its lines. */
const SHOW = 'for f; do if [ -r "$f" ]; then echo "# $f"; while read -r l; do echo "$l"; done <"$f"; fi; done';
const COMMAND = ['/bin/sh', '-c', SHOW, 'usage', ...ACCOUNT_FILES];
const WITHIN_MS = 5_000;

/** @throws SeedError when it cannot be asked; null where its container shows no control group */
export async function measurePod(client: KubeClient, pod: string): Promise<ContainerAccount | null> {
  return readAccount(await runInPod(client, pod, COMMAND, WITHIN_MS));
}

/** Null where there are no such files. */
export function readAccount(text: string): ContainerAccount | null {
  const files = new Map<string, string>();
  for (const part of text.split(/^# /m)) {
    const end = part.indexOf('\n');
    if (end > 0) files.set(part.slice(0, end), part.slice(end + 1));
  }
  return containerAccount(files);
}
