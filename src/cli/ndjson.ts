// The items of a stream, which is taken up where it ended when it breaks. Used by stream-command.ts and follow-task.ts.
import { linesOf } from '../lib/lines.ts';
import type { SeedError } from '../protocol/errors.ts';
import type { ManifestCommand } from '../protocol/manifest.ts';
import { parseAnswer } from './answer-view.ts';
import type { Api } from './api.ts';
import { connectionError } from './api-errors.ts';
import { isRecord } from './cell.ts';
import type { Io } from './io.ts';

/** Pauses before a broken stream is opened again, a minute in all: a server may restart. They start anew whenever something came. */
const RECONNECT_PAUSES_MS = [200, 500, 1000, 2000, ...Array<number>(19).fill(3000)];

export interface StreamLine {
  /** The line as it came, without its newline. */
  text: string;
  item: unknown;
}

/**
 * The items of a stream command; a broken connection is taken up again after the last item's `seq`.
 * @param position the last `seq` seen; kept up to date
 */
export async function* streamItems(
  io: Io,
  api: Api,
  command: ManifestCommand,
  input: Record<string, unknown>,
  position: { seq: number | null },
  signal?: AbortSignal,
): AsyncGenerator<StreamLine> {
  let failures = 0;
  for (;;) {
    try {
      const options = { lastEventId: position.seq, ...(signal && { signal }) };
      for await (const text of linesOf(await api.stream(command, input, options))) {
        const item = parseAnswer(text);
        if (isRecord(item) && typeof item['seq'] === 'number') position.seq = item['seq'];
        failures = 0;
        yield { text, item };
      }
      return;
    } catch (cause) {
      const error = connectionError(cause, api.url);
      const pauseMs = RECONNECT_PAUSES_MS[failures];
      failures += 1;
      // Without a position the stream would start over and say everything twice.
      const canResume = position.seq !== null && isPassing(error);
      if (signal?.aborted || !canResume || pauseMs === undefined) throw error;
      await io.wait(pauseMs);
    }
  }
}

function isPassing(error: SeedError): boolean {
  return ['unreachable', 'unavailable', 'storage_full'].includes(error.code);
}
