// Bodies that the relay reads whole, bounded: those of requests to the server, and, checked, events and the result.
import type { Readable } from 'node:stream';
import { SeedError } from '../protocol/errors.ts';
import { AgentEvent } from '../protocol/event.ts';
import { GuestResult } from '../protocol/guest.ts';
import { LIMITS } from '../protocol/limits.ts';

const EVENT_BATCH_BYTES = 1024 * 1024;

/** @throws SeedError body_too_large */
export async function readBody(stream: Readable, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  // A body that is given up must not take its stream along: the refusal is still to be sent over it.
  for await (const chunk of stream.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxBytes) throw new SeedError('body_too_large', `the body is larger than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/**
 * A batch of events as NDJSON, each written anew from its checked form.
 * @throws SeedError invalid_json, invalid_input, body_too_large; the message has nothing of the content
 */
export async function readEvents(stream: Readable): Promise<string> {
  const text = (await readBody(stream, EVENT_BATCH_BYTES)).toString('utf8');
  const lines = text.split('\n').filter((line) => line !== '');
  return lines.map((line, index) => `${writtenEvent(line, index + 1)}\n`).join('');
}

/** Bounded as it comes and as it is written anew: a number may take more room then. */
function writtenEvent(line: string, number: number): string {
  refuseLarge(line, number);
  const event = AgentEvent.safeParse(parseJson(line));
  if (!event.success)
    throw new SeedError('invalid_input', `event ${number} of the batch is not an agent's event`);
  const written = JSON.stringify(event.data);
  refuseLarge(written, number);
  return written;
}

function refuseLarge(line: string, number: number): void {
  if (Buffer.byteLength(line) <= LIMITS.eventBytes) return;
  throw new SeedError(
    'invalid_input',
    `event ${number} of the batch is larger than ${LIMITS.eventBytes} bytes`,
  );
}

/** @throws SeedError invalid_json, invalid_input, body_too_large */
export async function readResult(stream: Readable): Promise<GuestResult> {
  const body = await readBody(stream, LIMITS.guest.resultBytes);
  const result = GuestResult.safeParse(parseJson(body.toString('utf8')));
  if (result.success) return result.data;
  throw new SeedError('invalid_input', 'this is not a result');
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    // Not as the cause: a parser's message quotes the text.
    if (cause instanceof SyntaxError) throw new SeedError('invalid_json', 'this is not JSON');
    throw cause;
  }
}
