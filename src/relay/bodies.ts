// The bodies of a guest's requests, all bounded: read whole and checked (events, the result, calls of the server),
// or streamed and held back when the other end is slow (the task's files and artifacts). Used by relay.ts.
import type { Readable } from 'node:stream';
import { parseJson } from '../lib/json.ts';
import { keptLine } from '../lib/kept-event.ts';
import { limitBytes } from '../lib/limit-bytes.ts';
import { SeedError } from '../protocol/errors.ts';
import { GuestResult } from '../protocol/guest.ts';
import { LIMITS } from '../protocol/limits.ts';
import { GivenOutput } from '../protocol/output.ts';
import { contentOf, type GuestRequest } from './guest-request.ts';
import type { GuestLimits } from './limits.ts';
import { isAway } from './patience.ts';

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
 * A batch of events as NDJSON, each written anew: what is odd or too large is kept in a form that can be
 * (lib/kept-event.ts).
 * @throws SeedError body_too_large
 */
export async function readEvents(stream: Readable): Promise<string> {
  const text = (await readBody(stream, EVENT_BATCH_BYTES)).toString('utf8');
  const lines = text.split('\n').filter((line) => line !== '');
  return lines.map((line) => `${JSON.stringify(keptLine(line))}\n`).join('');
}

/** @throws SeedError invalid_json, invalid_input, body_too_large */
export async function readResult(stream: Readable): Promise<GuestResult> {
  const body = await readBody(stream, LIMITS.guest.resultBytes);
  const result = GuestResult.safeParse(parseJson(body.toString('utf8'), notJson));
  if (result.success) return result.data;
  throw new SeedError('invalid_input', 'this is not a result');
}

/** @throws SeedError invalid_json, invalid_input, body_too_large */
export async function readOutput(stream: Readable): Promise<GivenOutput> {
  const body = await readBody(stream, LIMITS.guest.resultBytes);
  const given = GivenOutput.safeParse(parseJson(body.toString('utf8'), notJson));
  if (given.success) return given.data;
  throw new SeedError('invalid_input', 'this is not an answer that an agent gives');
}

/** Without the cause: a parser's message quotes the text. */
const notJson = () => new SeedError('invalid_json', 'this is not JSON');

/** The files of one leased task, at the server. */
export interface TaskFiles {
  files: readonly { name: string }[];
  conversation(signal: AbortSignal): Promise<Readable>;
  openWorkspace(signal: AbortSignal): Promise<Readable>;
  putWorkspace(content: Readable, signal: AbortSignal): Promise<void>;
  open(name: string, signal: AbortSignal): Promise<Readable>;
  put(artifact: { name: string; size: number; content: Readable }, signal: AbortSignal): Promise<void>;
  delete(name: string, signal: AbortSignal): Promise<void>;
}

/** @throws SeedError not_found, and what the server said */
export async function giveFile(request: GuestRequest, index: number, files: TaskFiles): Promise<void> {
  const file = files.files[index];
  if (!file) throw new SeedError('not_found', `the task has no file number ${index}`);
  const content = await files.open(file.name, request.gone);
  await give(request, 'application/octet-stream', content, LIMITS.fileBytesPerTask);
}

/** JSON takes more than the texts that it is of. */
const CONVERSATION_BYTES = LIMITS.conversationBytes * 2;

/** @throws SeedError what the server said */
export async function giveConversation(request: GuestRequest, files: TaskFiles): Promise<void> {
  await give(request, 'application/json', await files.conversation(request.gone), CONVERSATION_BYTES);
}

/** @throws SeedError not_found, and what the server said */
export async function giveWorkspace(request: GuestRequest, files: TaskFiles): Promise<void> {
  await give(request, 'application/gzip', await files.openWorkspace(request.gone), LIMITS.workspaceBytes);
}

/** Of any length up to the limit. @throws SeedError body_too_large, and what the server said */
export async function takeWorkspace(request: GuestRequest, files: TaskFiles, limits: GuestLimits): Promise<void> {
  await limits.chargeWorkspace();
  const limited = limitBytes(LIMITS.workspaceBytes);
  // What broke off is not whole, though a pipe would not tell.
  request.onBrokenOff(() => limited.destroy(new Error('it broke off')));
  await files.putWorkspace(request.body.pipe(limited), request.gone);
}

/** The messages to a task, as its guest asks for them. */
export interface Messages {
  /** Those behind the first `after`, as JSON, once there are any. Rejects when the signal is aborted. */
  read(after: number, signal: AbortSignal): Promise<Readable>;
  /** The same of what the server has now, be it none. */
  readNow(after: number, signal: AbortSignal): Promise<Readable>;
}

/** @throws SeedError what the server said */
export async function giveMessages(
  request: GuestRequest,
  { after, now }: { after: number; now: boolean },
  messages: Messages,
): Promise<void> {
  const content = await (now ? messages.readNow(after, request.gone) : messages.read(after, request.gone));
  await give(request, 'application/json', content, LIMITS.guest.answerBytes);
}

function give(request: GuestRequest, type: string, content: Readable, mostBytes: number): Promise<void> {
  return request.send({
    status: 200,
    headers: { 'content-type': type },
    content: contentOf(content, mostBytes),
  });
}

/** @throws SeedError invalid_input, body_too_large, and what the server said */
export async function takeArtifact(
  request: GuestRequest,
  { method, name }: { method: 'PUT' | 'DELETE'; name: string },
  files: TaskFiles,
  limits: GuestLimits,
): Promise<void> {
  const { gone } = request;
  // One after the other: what is asked for again must not be overtaken by what its guest could not wait for.
  const leave = await limits.enterArtifact(name, gone);
  try {
    if (method === 'DELETE') await files.delete(name, gone);
    else await putArtifact(request, name, files, limits);
  } finally {
    leave();
  }
}

async function putArtifact(
  request: GuestRequest,
  name: string,
  files: TaskFiles,
  limits: GuestLimits,
): Promise<void> {
  const length = request.headers['content-length'] ?? '';
  if (!/^\d{1,12}$/.test(length)) throw new SeedError('invalid_input', 'an artifact comes with its size');
  const size = Number(length);
  const takeBack = await limits.chargeArtifact(size);
  // Its own stream: a request to the server that fails must not end the guest's, which is still to be answered.
  const content = request.body.pipe(limitBytes(size));
  try {
    await files.put({ name, size, content }, request.gone);
  } catch (error) {
    // The guest sends it again until the server is back, however often that takes, and when its stream was cut.
    if (request.gone.aborted ? request.wasCut() : isAway(error)) await takeBack();
    throw error;
  }
}
