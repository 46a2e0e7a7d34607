// Waits until the guest of a sandbox that is about to be frozen has loaded. Used by each driver's freeze.
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { SeedError } from '../../protocol/errors.ts';
import { READY_LINE } from '../../protocol/guest-wire.ts';
import type { Exit } from '../driver.ts';

/**
 * Throws SeedError `setup_failed` when the guest ends, says something else or nothing within `timeoutMs`.
 * @param lastWords the end of its diagnostics, for the error
 */
export async function guestIsReady(
  sandbox: { stream: Readable; exited: Promise<Exit> },
  timeoutMs: number,
  lastWords: () => string,
): Promise<void> {
  const limit = AbortSignal.timeout(timeoutMs);
  const ended = sandbox.exited.then(({ reason }) => Promise.reject(new Error(reason)));
  try {
    await Promise.race([readyLine(sandbox.stream, limit), ended]);
  } catch (cause) {
    if (cause instanceof SeedError) throw cause;
    // A broken stream announces the end; its last words come with the exit.
    if (!limit.aborted) await sandbox.exited;
    const what = limit.aborted ? `was not ready after ${timeoutMs / 1000} s` : 'ended before it was ready';
    throw new SeedError('setup_failed', `The guest ${what}: ${lastWords()}`, { cause });
  }
}

async function readyLine(stream: Readable, signal: AbortSignal): Promise<void> {
  let text = '';
  while (!text.endsWith(READY_LINE)) {
    const [chunk] = (await once(stream, 'data', { signal })) as [Buffer];
    text += chunk.toString('latin1');
    if (!READY_LINE.startsWith(text)) {
      const said = JSON.stringify(text.slice(0, 200));
      throw new SeedError('setup_failed', `The guest said ${said} instead of "ready".`);
    }
  }
}
