// Reads the body of an answer that is no stream, up to a limit.
import type { CallSignal } from './call-signal.ts';

interface ReadOptions {
  call: CallSignal;
  maxBytes: number;
  idleMs: number;
  /** Told how much has come, also of a body that then breaks off. */
  onBytes?(bytes: number): void;
}

/**
 * The body as text. `complete` is false when it was longer than `maxBytes`; the text then holds the beginning.
 * Rejects when the connection breaks, or nothing comes for `idleMs`.
 */
export async function readText(
  response: Response,
  { call, maxBytes, idleMs, onBytes }: ReadOptions,
): Promise<{ text: string; complete: boolean }> {
  const reader = response.body?.getReader();
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  while (reader && bytes <= maxBytes) {
    const { done, value } = await call.within(idleMs, 'more', reader.read());
    if (done) break;
    chunks.push(value.subarray(0, maxBytes - bytes));
    bytes += value.length;
    onBytes?.(bytes);
  }
  // What is left of it is not waited for.
  if (bytes > maxBytes) void reader?.cancel().catch(() => undefined);
  return { text: Buffer.concat(chunks).toString('utf8'), complete: bytes <= maxBytes };
}
