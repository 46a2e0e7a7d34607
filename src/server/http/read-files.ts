// The files that a request brings: as base64 in its JSON, or as the parts of a multipart/form-data body (RFC
// 7578): one part `task` with the JSON, and a part `file` for each file. Used by read-input.ts.
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ReadableStream } from 'node:stream/web';
import { Busboy, type BusboyInstance } from '@fastify/busboy';
import type { Context } from 'hono';
import { SeedError } from '../../protocol/errors.ts';
import { type GivenFile, isReceived, type ReceivedFile } from '../../protocol/file.ts';
import { LIMITS } from '../../protocol/limits.ts';
import type { HttpEnv } from './http-types.ts';
import type { Delivery } from './inbox.ts';

/** RFC 2046, section 5.1.1. */
const BOUNDARY = /^[0-9A-Za-z'()+_,./:=? -]{0,69}[0-9A-Za-z'()+_,./:=?-]$/;
const PART_HEADER_BYTES = 4096;

export interface MultipartBody {
  /** The text of the part `task`. */
  json: string;
  files: ReceivedFile[];
}

/** Puts every content aside while it comes. @throws SeedError invalid_input, body_too_large */
export async function readMultipart(c: Context<HttpEnv>, delivery: Delivery): Promise<MultipartBody> {
  const body: MultipartBody = { json: '', files: [] };
  const form = openForm(c.get('mediaType')?.parameters.get('boundary') ?? '');
  const received: Promise<ReceivedFile>[] = [];
  let current: Readable | null = null;
  let refusal: Error | null = null;
  const refuse = (error: Error) => {
    refusal ??= error;
    form.destroy(error);
    current?.destroy(error);
  };
  form.on('field', (part, value, _isNameCut, isCut) => {
    if (part !== 'task') refuse(invalid(`there is a part "${part}": only "task" and "file" have a meaning`));
    else if (body.json !== '') refuse(invalid('there is more than one part "task"'));
    else if (isCut) refuse(tooLarge(`the part "task" is larger than ${LIMITS.bodyBytes} bytes`));
    else body.json = value;
  });
  form.on('file', (_part, content, name, _encoding, type) => {
    current = content;
    content.on('error', refuse);
    // As browsers write a quotation mark there (WHATWG HTML, multipart form data).
    const file = { name: name.replaceAll('%22', '"'), ...(type !== 'application/octet-stream' && { type }) };
    const put = delivery.receive(content, LIMITS.fileBytesPerTask).then((found) => ({ ...file, content: found }));
    // The one that is waited for, too: it may fail long before that.
    put.catch(refuse);
    received.push(put);
  });
  // Errors come late, too, when nobody reads any more.
  form.on('error', (error) => refuse(error as Error));
  form.on('filesLimit', () => refuse(invalid(`a task takes at most ${LIMITS.filesPerTask} files`)));
  form.on('partsLimit', () => refuse(invalid('the body has too many parts')));
  try {
    await pipeline(bodyStream(c), form);
    body.files = await Promise.all(received);
  } catch (cause) {
    refuse(cause as Error);
    await Promise.allSettled(received);
    throw reasonOf(refusal ?? (cause as Error));
  }
  const bytes = body.files.reduce((sum, { content }) => sum + content.size, 0);
  if (bytes <= LIMITS.fileBytesPerTask) return body;
  throw tooLarge(`the files are larger than ${LIMITS.fileBytesPerTask} bytes together`);
}

/** The body as it comes. Giving it up leaves the connection, over which the refusal is still to be sent. */
export function bodyStream({ req, env }: Context<HttpEnv>): Readable {
  // Straight from the socket where nobody has to count: a web stream and back costs as much again.
  if (env.outgoing && req.header('content-length') !== undefined)
    return Readable.from(env.incoming.iterator({ destroyOnReturn: false }), { objectMode: false });
  return Readable.fromWeb((req.raw.body ?? new Blob([]).stream()) as ReadableStream);
}

/** A refusal of ours, or trouble of this machine's; anything else is the parser's complaint. */
function reasonOf(error: Error): Error {
  if (error instanceof SeedError || 'syscall' in error) return error;
  return invalid(`the body is no multipart/form-data: ${error.message}`);
}

/** Puts aside the contents that came as base64. */
export async function receiveFiles(files: readonly GivenFile[], delivery: Delivery): Promise<ReceivedFile[]> {
  const received: ReceivedFile[] = [];
  for (const file of files) {
    if (isReceived(file)) received.push(file);
    else {
      const bytes = Buffer.from(String(file.content), 'base64');
      const content = await delivery.receive(Readable.from([bytes]), LIMITS.fileBytesPerTask);
      received.push({ ...file, content });
    }
  }
  return received;
}

/** @throws SeedError invalid_input for a boundary that is none */
function openForm(boundary: string): BusboyInstance {
  if (!BOUNDARY.test(boundary))
    throw invalid('the Content-Type is no multipart/form-data with a boundary of 1 to 70 characters');
  return new Busboy({
    // Written anew, so that this parser finds the boundary that ours has found.
    headers: { 'content-type': `multipart/form-data; boundary="${boundary}"` },
    preservePath: true,
    isPartAFile: (part) => part === 'file',
    limits: {
      fieldNameSize: 100,
      fieldSize: LIMITS.bodyBytes,
      fields: 10,
      files: LIMITS.filesPerTask,
      parts: LIMITS.filesPerTask + 10,
      headerPairs: 20,
      headerSize: PART_HEADER_BYTES,
    },
  });
}

const invalid = (message: string) =>
  new SeedError('invalid_input', message, { hint: 'GET /openapi.json describes the body.' });
const tooLarge = (message: string) => new SeedError('body_too_large', message);
