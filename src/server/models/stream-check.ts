// Cuts the bytes of an upstream's event stream into whole lines, and looks at each as it passes: what it counts
// for, its end, its errors and its garbage. Called by pass-through.ts.

import { parseJson } from '../../lib/json.ts';
import type { CallMeter } from './call-meter.ts';
import { llmUnavailable, messageOf, presentable } from './upstream-failure.ts';

const NEWLINE = 0x0a;

export interface SseLines {
  /** The lines completed by this chunk, with their newlines. Throws llm_unavailable when a line is too long. */
  push(chunk: Uint8Array): Buffer[];
  /** What is left when the stream ends without a newline. */
  rest(): Buffer;
}

export function createSseLines(maxLineBytes: number): SseLines {
  let held: Uint8Array[] = [];
  let heldBytes = 0;
  const hold = (part: Uint8Array) => {
    held.push(part);
    heldBytes += part.length;
    if (heldBytes > maxLineBytes) throw llmUnavailable(`sent a line of more than ${maxLineBytes} bytes`);
  };
  const takeLine = (): Buffer => {
    const line = Buffer.concat(held, heldBytes);
    held = [];
    heldBytes = 0;
    return line;
  };
  return {
    push(chunk) {
      const lines: Buffer[] = [];
      let from = 0;
      for (let to = chunk.indexOf(NEWLINE); to !== -1; to = chunk.indexOf(NEWLINE, from)) {
        hold(chunk.subarray(from, to + 1));
        lines.push(takeLine());
        from = to + 1;
      }
      if (from < chunk.length) hold(chunk.subarray(from));
      return lines;
    },
    rest: takeLine,
  };
}

export interface StreamCheck {
  /**
   * `done` for the closing `[DONE]`, `beside` for what carries nothing of the answer.
   * Throws llm_unavailable for an error of the upstream and for what is no event stream.
   */
  line(line: Buffer): 'event' | 'done' | 'beside';
}

function parsePayload(payload: string): object {
  const json = parseJson(payload, (cause) => llmUnavailable('sent an event that is not JSON', { cause }));
  if (typeof json === 'object' && json !== null) return json;
  throw llmUnavailable('sent an event that is not a JSON object');
}

function hasFinishReason(json: object): boolean {
  if (!('choices' in json) || !Array.isArray(json.choices)) return false;
  return json.choices.some((choice: { finish_reason?: unknown } | null) => Boolean(choice?.finish_reason));
}

/** @param secrets values that must not show in an error */
export function createStreamCheck(meter: CallMeter, secrets: readonly string[]): StreamCheck {
  let begun = false;
  return {
    line(line) {
      const text = line.toString('utf8').trim();
      if (text === '' || /^(?::|(?:event|id|retry)(?::|$))/.test(text)) return 'beside';
      if (!text.startsWith('data:')) throw llmUnavailable('sent something that is not an event stream');
      const payload = text.slice('data:'.length).trim();
      if (payload === '[DONE]') {
        meter.finished();
        return 'done';
      }
      const json = parsePayload(payload);
      meter.answered(json);
      if ('error' in json && json.error) {
        if (!begun) meter.notServed();
        throw llmUnavailable(`broke off: ${presentable(messageOf(json) ?? payload, secrets)}`);
      }
      begun = true;
      if (hasFinishReason(json)) meter.finished();
      return 'event';
    },
  };
}
