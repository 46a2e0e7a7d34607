// The task's files on their way into its sandbox, and artifacts on their way out: streamed, bounded, and held back when the
// other end is slow. Used by relay.ts.
import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { limitBytes } from '../lib/limit-bytes.ts';
import { SeedError } from '../protocol/errors.ts';
import { LIMITS } from '../protocol/limits.ts';
import type { GuestLimits } from './guest-limits.ts';
import { isAway } from './until-back.ts';

/** The files of one leased task, at the server. */
export interface TaskFiles {
  files: readonly { name: string }[];
  open(name: string, signal: AbortSignal): Promise<Readable>;
  put(artifact: { name: string; size: number; content: Readable }, signal: AbortSignal): Promise<void>;
  delete(name: string, signal: AbortSignal): Promise<void>;
}

/** @throws SeedError not_found, and what the server said */
export async function giveFile(stream: ServerHttp2Stream, index: number, files: TaskFiles): Promise<void> {
  const file = files.files[index];
  if (!file) throw new SeedError('not_found', `the task has no file number ${index}`);
  const content = await files.open(file.name, closeOf(stream));
  if (!stream.writable) return void content.destroy();
  stream.respond({ ':status': 200, 'content-type': 'application/octet-stream' });
  await pipeline(content, limitBytes(LIMITS.fileBytesPerTask), stream);
}

/** @throws SeedError invalid_input, body_too_large, and what the server said */
export async function takeArtifact(
  stream: ServerHttp2Stream,
  { method, name }: { method: 'PUT' | 'DELETE'; name: string },
  headers: IncomingHttpHeaders,
  files: TaskFiles,
  limits: GuestLimits,
): Promise<void> {
  if (method === 'DELETE') return files.delete(name, closeOf(stream));
  const length = headers['content-length'] ?? '';
  if (!/^\d{1,12}$/.test(length)) throw new SeedError('invalid_input', 'an artifact comes with its size');
  const size = Number(length);
  const takeBack = limits.chargeArtifact(size);
  // Its own stream: a request to the server that fails must not take the guest's along, which is still to be answered.
  const content = stream.pipe(limitBytes(size));
  const gone = closeOf(stream);
  try {
    await files.put({ name, size, content }, gone);
  } catch (error) {
    // The guest sends it again until the server is back, however often that takes.
    if (isAway(error) && !gone.aborted) takeBack();
    throw error;
  }
}

/** Aborted when the guest closes its stream. */
function closeOf(stream: ServerHttp2Stream): AbortSignal {
  const gone = new AbortController();
  stream.once('close', () => gone.abort());
  return gone.signal;
}
