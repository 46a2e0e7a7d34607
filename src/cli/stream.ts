// Reads the items of a stream command, and prints them. Used by run.ts, follow-task.ts and webhooks-listen.ts.
import { escapeJson, isRecord } from '../lib/json.ts';
import { linesOf } from '../lib/read-stream.ts';
import type { SeedError } from '../protocol/errors.ts';
import type { TaskEvent } from '../protocol/event.ts';
import { parseAnswer } from './answer-view.ts';
import { type CommandCall, connectionError } from './api.ts';
import { createEventView } from './event-view.ts';
import { sanitiseLine, styleFor } from './terminal.ts';

export async function runStream(call: CommandCall, { json }: { json: boolean }): Promise<void> {
  const { io } = call;
  const view = createEventView(styleFor(io.stdout, io));
  for await (const { text, item } of streamItems(call, { seq: null })) {
    if (json) io.stdout.write(`${escapeJson(text)}\n`);
    else io.stdout.write(isTaskEvent(item) ? view(item) : `${sanitiseLine(text)}\n`);
  }
}

/** Whether the item has an event's frame; its kind may still be unknown to this CLI. */
export function isTaskEvent(item: unknown): item is TaskEvent {
  return isRecord(item) && typeof item['at'] === 'string' && typeof item['type'] === 'string';
}

/** Pauses before a broken stream is opened again, a minute in all: a server may restart. Any item resets them. */
const RECONNECT_PAUSES_MS = [200, 500, 1000, 2000, ...Array<number>(19).fill(3000)];

/**
 * The items and their lines as they came; a broken connection is taken up again after the last item's `seq`.
 * @param position the last `seq` seen; kept up to date
 */
export async function* streamItems(
  { io, api, command, input }: CommandCall,
  position: { seq: number | null },
  signal?: AbortSignal,
): AsyncGenerator<{ text: string; item: unknown }> {
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

const isPassing = (error: SeedError) => ['unreachable', 'unavailable', 'storage_full'].includes(error.code);
