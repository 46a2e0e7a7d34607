// Runs a stream command and prints what comes. Used by run.ts.

import { escapeJson } from '../lib/escape-json.ts';
import type { TaskEvent } from '../protocol/event.ts';
import type { ManifestCommand } from '../protocol/manifest.ts';
import type { Api } from './api.ts';
import { isRecord } from './cell.ts';
import { createEventView } from './event-view.ts';
import type { Io } from './io.ts';
import { streamItems } from './ndjson.ts';
import { sanitiseLine } from './sanitise.ts';
import { styleFor } from './style.ts';

export async function runStream(
  io: Io,
  api: Api,
  command: ManifestCommand,
  input: Record<string, unknown>,
  json: boolean,
): Promise<void> {
  const view = createEventView(styleFor(io.stdout, io));
  for await (const { text, item } of streamItems(io, api, command, input, { seq: null })) {
    if (json) io.stdout.write(`${escapeJson(text)}\n`);
    else io.stdout.write(isTaskEvent(item) ? view(item) : `${sanitiseLine(text)}\n`);
  }
}

/** Whether the item has an event's frame; its kind may still be unknown to this CLI. */
export function isTaskEvent(item: unknown): item is TaskEvent {
  return isRecord(item) && typeof item['at'] === 'string' && typeof item['type'] === 'string';
}
