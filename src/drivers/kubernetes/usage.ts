// What a sandbox has used, as its control group counts it, read by a program in its container: the metrics API
// tells only a rate. Used by sandboxes.ts.
import type { Usage } from '../driver.ts';
import type { KubeClient } from './client.ts';
import { runInPod } from './run-in-pod.ts';

type Amounts = Pick<Usage, 'cpuSeconds' | 'peakMemoryBytes'>;

const GROUP = '/sys/fs/cgroup';
/** Of version 2, then of 1. */
const FILES = [
  `${GROUP}/cpu.stat`,
  `${GROUP}/memory.peak`,
  `${GROUP}/memory.current`,
  `${GROUP}/cpuacct/cpuacct.usage`,
  `${GROUP}/memory/memory.max_usage_in_bytes`,
];
/** Each file that is there as a line with its name, and its lines. */
const SHOW = 'for f; do if [ -r "$f" ]; then echo "# $f"; while read -r l; do echo "$l"; done <"$f"; fi; done';
const COMMAND = ['/bin/sh', '-c', SHOW, 'usage', ...FILES];
const WITHIN_MS = 5_000;

/** @throws SeedError when it cannot be asked, or its container shows no control group */
export async function measurePod(client: KubeClient, pod: string): Promise<Amounts | null> {
  return readAccount(await runInPod(client, pod, COMMAND, WITHIN_MS));
}

/** Null where there are no such files. */
export function readAccount(text: string): Amounts | null {
  const files = new Map<string, string>();
  for (const part of text.split(/^# /m)) {
    const end = part.indexOf('\n');
    if (end > 0) files.set(part.slice(GROUP.length + 1, end), part.slice(end + 1));
  }
  const number = (file: string) => {
    const value = Number.parseInt(files.get(file) ?? '', 10);
    return Number.isFinite(value) ? value : null;
  };
  const microseconds = /^usage_usec (\d+)$/m.exec(files.get('cpu.stat') ?? '')?.[1];
  const nanoseconds = number('cpuacct/cpuacct.usage');
  const cpuSeconds = microseconds === undefined ? nanoseconds && nanoseconds / 1e9 : Number(microseconds) / 1e6;
  const peakMemoryBytes =
    number('memory.peak') ?? number('memory.current') ?? number('memory/memory.max_usage_in_bytes');
  if (cpuSeconds === null || peakMemoryBytes === null) return null;
  return { cpuSeconds, peakMemoryBytes };
}
