// Runs a short program in a sandbox's container and gives what it says. Used for usage and by the probe.

import { readWithin } from '../../lib/read-stream.ts';
import { SeedError } from '../../protocol/errors.ts';
import type { KubeClient } from './client.ts';
import { NO_ENVIRONMENT } from './listening-guest.ts';
import { CONTAINER } from './names.ts';

const MOST_BYTES = 256 * 1024;

/** Its standard output. @throws SeedError sandbox_failed when it fails, says too much or takes longer */
export async function runInPod(
  client: KubeClient,
  pod: string,
  command: readonly string[],
  timeoutMs: number,
): Promise<string> {
  const late = AbortSignal.timeout(timeoutMs);
  const failed = (why: string, cause?: unknown) =>
    new SeedError('sandbox_failed', `a program in the pod ${pod} ${why}`, { cause });
  const bare = [...NO_ENVIRONMENT, ...command];
  const stream = await client.exec(pod, { container: CONTAINER, command: bare, signal: late });
  try {
    stream.end();
    const said = await readWithin(stream, MOST_BYTES);
    if (said === null) throw failed('says too much');
    const code = await stream.exit;
    if (code !== null && code !== 0) throw failed(`ended with ${code}: ${stream.stderr()}`);
    return said.toString('utf8');
  } catch (error) {
    if (late.aborted) throw failed(`took longer than ${timeoutMs / 1000} s`, error);
    throw error;
  } finally {
    stream.destroy();
  }
}
