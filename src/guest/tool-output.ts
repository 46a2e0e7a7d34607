// Turns what one tool call prints into tool_output events, up to a limit per call.
import { StringDecoder } from 'node:string_decoder';
import type { OutputReceiver } from './agent-shell.ts';
import type { EventQueue } from './event-queue.ts';

/** What the transcript keeps of one call; the agent itself sees the end of the output, whatever its length. */
const CALL_OUTPUT_BYTES = 1024 * 1024;

export function createToolOutput(callId: string, events: EventQueue): OutputReceiver {
  const decoder = new StringDecoder('utf8');
  let left = CALL_OUTPUT_BYTES;
  return {
    write(chunk) {
      if (left === 0) return;
      const taken = chunk.subarray(0, left);
      left -= taken.length;
      const note = left === 0 ? `\n… more than ${CALL_OUTPUT_BYTES} bytes: the rest was cut\n` : '';
      for (let start = 0; start < taken.length; start += PIECE_BYTES) {
        push(decoder.write(taken.subarray(start, start + PIECE_BYTES)));
      }
      push(note);
    },
    room: () => events.room(),
  };

  function push(text: string): void {
    if (text !== '') events.push({ type: 'tool_output', callId, chunk: text });
  }
}

/** Even if every character needs six bytes of JSON, a piece fits into an event. */
const PIECE_BYTES = 8 * 1024;
