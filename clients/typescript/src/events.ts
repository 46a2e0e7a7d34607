// Items of a stream as they come, over server-sent events: whoever was cut off goes on behind the last one.
import { SeedError } from './errors.ts';
import { type Connection, type Exchange, pause, pauseMs, send } from './http.ts';

/** A stream that was cut is opened again so often without an item in between: a minute or so. */
const CUTS_MOST = 20;

/** All items, each once. The end is what the server says is the end. @throws SeedError when it stays away */
export async function* streamed<Item>(connection: Connection, exchange: Exchange): AsyncGenerator<Item> {
  let last: string | null = null;
  for (let cuts = 0; ; cuts += 1) {
    try {
      const headers = { ...exchange.headers, ...(last !== null && { 'last-event-id': last }) };
      const response = await send(connection, { ...exchange, accept: 'text/event-stream', headers });
      for await (const { id, event, data } of eventsOf(response.body)) {
        if (event === 'end') return;
        if (id !== null) last = id;
        if (data === '') continue;
        cuts = 0;
        yield JSON.parse(data) as Item;
      }
    } catch (error) {
      exchange.signal?.throwIfAborted();
      // What the server refuses it will refuse again.
      if (error instanceof SeedError && error.status !== null && error.status < 500) throw error;
      if (cuts >= CUTS_MOST) throw error;
    }
    if (cuts >= CUTS_MOST) throw new SeedError('unreachable', 'the stream is cut off again and again');
    await pause(pauseMs(cuts), exchange.signal);
  }
}

interface SentEvent {
  id: string | null;
  event: string;
  data: string;
}

const LINE_END = /\r\n|\n|\r(?!$)/;

/** Whole events only: what was cut off in the middle is not there (WHATWG HTML, section 9.2). */
async function* eventsOf(body: ReadableStream<Uint8Array> | null): AsyncGenerator<SentEvent> {
  if (body === null) return;
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = '';
  let event: SentEvent = { id: null, event: 'message', data: '' };
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const lines = (rest + decoder.decode(value, { stream: true })).split(LINE_END);
      rest = lines.pop() ?? '';
      for (const line of lines) {
        if (line !== '') read(line, event);
        else {
          yield { ...event, data: event.data.replace(/\n$/, '') };
          event = { id: null, event: 'message', data: '' };
        }
      }
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

function read(line: string, event: SentEvent): void {
  const [, field, value = ''] = /^([^:]*)(?:: ?(.*))?$/s.exec(line) ?? [];
  if (field === 'data') event.data += `${value}\n`;
  else if (field === 'event') event.event = value;
  else if (field === 'id' && !value.includes('\0')) event.id = value;
}
