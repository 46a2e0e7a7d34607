// Cuts the bytes of an upstream's answer into its events, whatever frames them: an event stream (WHATWG HTML,
// "Server-sent events"), lines of JSON, or one JSON document. Called by ../read-answer.ts.
import { isRecord, parseJson } from '../../../lib/json.ts';
import { BadAnswer } from './bad-answer.ts';
import { documentsIn } from './json-documents.ts';
import { createLineReader } from './lines.ts';

export interface UpstreamEvent {
  /** What `event:` calls it; empty where it says nothing. */
  name: string;
  text: string;
  /** The text as JSON; undefined where it is none. */
  json: unknown;
  /** `[DONE]`: nothing follows. */
  isLast: boolean;
}

export interface EventReader {
  /** The events that are complete with these bytes, one by one. @throws BadAnswer for what is none, or too long */
  push(bytes: Uint8Array): Iterable<UpstreamEvent>;
  /** What is left when the bytes end. */
  end(): Iterable<UpstreamEvent>;
  /** Whether the bytes are JSON by itself and no event stream. */
  readonly isDocument: boolean;
  /** Bytes of what is not complete yet. */
  readonly heldBytes: number;
}

/** The most that is held of an event of a stream, and of a document. */
export interface EventLimits {
  eventBytes: number;
  documentBytes: number;
}

/** A line of an event stream, as far as an answer begins with one. */
const STREAM_START = /^\s*(?::|(?:data|event|id|retry)\s*(?::|$)|error:\s*\{)/;
/** llama-server's, before it knew `data:` for errors. */
const ERROR_FIELD = /^error:\s*(?=\{)/;
/** A field that nobody knows: the standard ignores it. */
const OTHER_FIELD = /^[A-Za-z][\w.-]*:/;
const DONE = /^"?\s*\[done\]\s*"?$/i;
/** Some frame what is framed already. */
const PREFIXES = /^\s*(?:data:\s*)+/;
/** Events of these names hold the answer, or its error; of others only what reads like one is looked at. */
const ANSWER_NAMES: readonly string[] = ['', 'message', 'data', 'error'];

export function createEventReader({ eventBytes, documentBytes }: EventLimits): EventReader {
  const lines = createLineReader();
  let framing: 'unknown' | 'stream' | 'document' = 'unknown';
  /** Lines of what is no event stream, until they make a document. */
  const document: string[] = [];
  /** Of the event that comes: its `data` lines, when the first alone is no JSON. */
  const data: string[] = [];
  /** Bytes of both. */
  let heldBytes = 0;
  let name = '';

  const refuseLong = (more: number) => {
    const isStream = framing === 'stream' || (framing === 'unknown' && STREAM_START.test(lines.start));
    if (isStream && heldBytes + more > eventBytes)
      throw new BadAnswer(`sent a line of more than ${eventBytes} bytes`);
    if (!isStream && heldBytes + more > documentBytes)
      throw new BadAnswer(`sent an answer of more than ${documentBytes} bytes`);
  };
  const hold = (list: string[], line: string) => {
    const bytes = Buffer.byteLength(line) + 1;
    refuseLong(bytes);
    heldBytes += bytes;
    list.push(line);
  };
  const takeHeld = (list: string[]) => {
    heldBytes = 0;
    return list.splice(0).join('\n').trim();
  };

  const onData = (out: UpstreamEvent[], value: string) => {
    const text = value.replace(PREFIXES, '').trim();
    if (data.length > 0) hold(data, text);
    else if (DONE.test(text)) out.push(eventOf(name, text, undefined, true));
    // Also a comment that somebody on the way has made an event of.
    else if (text !== '' && !text.startsWith(':')) {
      // What is complete by itself waits for nothing: some upstreams send no empty line after it.
      const json = text.startsWith('{') ? parseJson(text) : undefined;
      if (json === undefined) hold(data, text);
      else out.push(eventOf(name, text, json));
    }
  };

  const onLine = (out: UpstreamEvent[], line: string) => {
    // Nearly all lines are one of these two.
    if (line === '' && data.length === 0) {
      name = '';
      return;
    }
    if (line.startsWith('data: {') && data.length === 0) {
      const text = line.slice(6);
      const json = parseJson(text);
      if (json === undefined) hold(data, text.trim());
      else out.push(eventOf(name, text, json));
      return;
    }
    const bare = line.trimStart();
    if (line.startsWith('data:')) onData(out, line.slice(5));
    else if (bare === '') {
      if (data.length > 0) out.push(...eventsOf(name, takeHeld(data)));
      name = '';
    } else if (line.startsWith('event:')) name = line.slice(6).trim();
    else if (ERROR_FIELD.test(line)) out.push(...eventsOf('error', line.replace(ERROR_FIELD, '')));
    else if (STREAM_START.test(line)) {
      if (bare.startsWith('data:')) onData(out, bare);
    } else if (data.length > 0) hold(data, line);
    else if (bare.startsWith('{') || DONE.test(bare)) onData(out, bare);
    else if (!OTHER_FIELD.test(line)) throw new BadAnswer('sent something that is not an event stream');
  };

  const onBareLine = (out: UpstreamEvent[], line: string) => {
    const text = line.trim();
    if (document.length > 0) hold(document, line);
    else if (text !== '') {
      framing = 'document';
      if (DONE.test(text)) out.push(eventOf('', text, undefined, true));
      // One of many lines, or all there is.
      else if (/^[{[]/.test(text) && parseJson(text) !== undefined) out.push(...eventsOf('', text));
      else hold(document, line);
    }
  };

  const restOfDocument = (out: UpstreamEvent[]) => {
    if (document.length > 0) out.push(...eventsOf('', takeHeld(document)));
  };

  const take = (line: string): UpstreamEvent[] => {
    const out: UpstreamEvent[] = [];
    if (framing !== 'stream' && STREAM_START.test(line)) {
      restOfDocument(out);
      framing = 'stream';
    }
    if (framing === 'stream') onLine(out, line);
    else onBareLine(out, line);
    return out;
  };

  return {
    *push(bytes) {
      for (const line of lines.push(bytes)) {
        if (line.length > eventBytes) refuseLong(line.length);
        yield* take(line);
      }
      refuseLong(lines.heldBytes);
    },
    *end() {
      yield* take(lines.end());
      if (framing === 'stream') yield* take('');
      const rest: UpstreamEvent[] = [];
      restOfDocument(rest);
      yield* rest;
    },
    get isDocument() {
      return framing === 'document';
    },
    get heldBytes() {
      return heldBytes + lines.heldBytes;
    },
  };
}

function eventOf(name: string, text: string, json: unknown, isLast = false): UpstreamEvent {
  return { name, text, json, isLast };
}

/** All that a text has: several documents, when it has them, and what follows the last one. */
function eventsOf(name: string, text: string): UpstreamEvent[] {
  const whole = parseJson(text);
  const { values, rest } = whole === undefined ? documentsIn(text) : { values: [whole], rest: '' };
  const after = rest.replace(PREFIXES, '');
  const isAnswer = ANSWER_NAMES.includes(name);
  const events = values
    .flatMap(eventsIn)
    .flatMap((json) => (isAnswer || isRecord(json) ? eventOf(name, text, json) : []));
  if (DONE.test(after)) events.push(eventOf(name, after, undefined, true));
  else if (after !== '' && isAnswer) events.push(eventOf(name, after, undefined));
  return events;
}

/** Some send all events as one list. Null says nothing. */
function eventsIn(value: unknown): unknown[] {
  if (value === null) return [];
  return Array.isArray(value) && value.length > 0 && value.every(isRecord) ? value : [value];
}
