// Cuts the bytes of an upstream's answer into the texts of its events, whatever frames them: an event stream
// (WHATWG HTML, "Server-sent events"), or one JSON document where a stream was asked. Called by ../read-answer.ts.
import { BadAnswer } from './bad-answer.ts';

export interface EventReader {
  /** The events that are complete with these bytes, one by one. @throws BadAnswer for what is none, or too long */
  push(bytes: Uint8Array): Iterable<string>;
  /** What is left when the bytes end. */
  end(): string[];
  /** Whether the bytes are one document and no stream: it is complete at their end only. */
  readonly isDocument: boolean;
  /** Bytes of what is not complete yet. */
  readonly heldBytes: number;
}

const DATA = /^data:? ?/;
/** Comments and fields that say nothing of the answer. */
const BESIDE = /^(?::|(?:event|id|retry)(?::|$))/;

/** The most that is held of an event of a stream, and of a document. */
export interface EventLimits {
  eventBytes: number;
  documentBytes: number;
}

export function createEventReader({ eventBytes, documentBytes }: EventLimits): EventReader {
  const decoder = new TextDecoder();
  let held = '';
  let heldBytes = 0;
  let isStream: boolean | null = null;
  const refuseLong = () => {
    if (isStream && heldBytes > eventBytes) throw new BadAnswer(`sent a line of more than ${eventBytes} bytes`);
    if (!isStream && heldBytes > documentBytes)
      throw new BadAnswer(`sent an answer of more than ${documentBytes} bytes`);
  };
  const dataOf = (line: string): string[] => {
    if (line.trim() === '' || BESIDE.test(line)) return [];
    if (!DATA.test(line)) throw new BadAnswer('sent something that is not an event stream');
    return [line.replace(DATA, '').trim()].filter((data) => data !== '');
  };
  return {
    *push(bytes) {
      held += decoder.decode(bytes, { stream: true });
      heldBytes += bytes.length;
      if (isStream === null && held.trim() !== '') isStream = /^\s*(?::|data:|event:|id:|retry:)/.test(held);
      if (!isStream) {
        refuseLong();
        return;
      }
      const lines = held.split(/\r?\n/);
      held = lines.pop() ?? '';
      heldBytes = Buffer.byteLength(held);
      for (const line of lines) yield* dataOf(line);
      refuseLong();
    },
    end() {
      const rest = held + decoder.decode();
      held = '';
      heldBytes = 0;
      return isStream ? dataOf(rest) : [rest].filter((text) => text.trim() !== '');
    },
    get isDocument() {
      return isStream === false;
    },
    get heldBytes() {
      return heldBytes;
    },
  };
}
