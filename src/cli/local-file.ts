// Files of this machine that are sent with a command (`--file path[=name]`), with its JSON in one
// multipart/form-data body (RFC 7578) that is read from the disk while it is sent. Used by flags.ts and api.ts.
import { fileNameProblem } from '../protocol/file-name.ts';
import { fs } from './builtin.ts';
import { usageError } from './io.ts';
import type { StreamedBody } from './request.ts';

export class LocalFile {
  readonly path: string;
  /** What it is called where it goes. */
  readonly name: string;
  readonly size: number;

  constructor(path: string, name: string, size: number) {
    this.path = path;
    this.name = name;
    this.size = size;
  }
}

/** `path`, called as its last part, or `path=name`. Throws SeedError `usage`. */
export function localFile(typed: string, flag = 'file'): LocalFile {
  const whole = sizeOf(typed);
  if (whole !== null) return named(typed, typed.split('/').at(-1) ?? typed, whole);
  const equals = typed.lastIndexOf('=');
  const path = equals < 1 ? typed : typed.slice(0, equals);
  const size = equals < 1 ? null : sizeOf(path);
  if (size === null) throw usageError(`--${flag}: there is no file ${JSON.stringify(path)} to read`);
  return named(path, typed.slice(equals + 1), size);
}

function named(path: string, name: string, size: number): LocalFile {
  const problem = fileNameProblem(name);
  if (problem === null) return new LocalFile(path, name, size);
  throw usageError(`--file ${JSON.stringify(path)}: ${problem}`, 'Give it another name: --file path=name');
}

function sizeOf(path: string): number | null {
  const stats = fs.statSync(path, { throwIfNoEntry: false });
  return stats?.isFile() ? stats.size : null;
}

/** Larger ones would not fit into a request. */
const INLINE_BYTES = 11 * 1024 * 1024;

/** A file as it stands in the JSON of a request. Throws SeedError `usage`. */
export function inlineFile(typed: string, flag: string): { name: string; content: string } {
  const { path, name, size } = localFile(typed, flag);
  if (size > INLINE_BYTES)
    throw usageError(`--${flag} ${JSON.stringify(path)}: it is larger than ${INLINE_BYTES} bytes`);
  return { name, content: fs.readFileSync(path).toString('base64') };
}

/** What a file says. Throws SeedError `usage`. */
export function textFile(path: string, flag: string): string {
  const size = sizeOf(path);
  if (size === null)
    throw usageError(
      `--${flag}: there is no file ${JSON.stringify(path)} to read`,
      'A text that begins with @ is written with @@ at its beginning.',
    );
  if (size > INLINE_BYTES)
    throw usageError(`--${flag} ${JSON.stringify(path)}: it is larger than ${INLINE_BYTES} bytes`);
  return fs.readFileSync(path, 'utf8');
}

/** Takes the input's files out of it; null when there are none. */
export function takeFiles(input: Record<string, unknown>): {
  rest: Record<string, unknown>;
  files: LocalFile[] | null;
} {
  const entry = Object.entries(input).find(([, value]) => Array.isArray(value) && value[0] instanceof LocalFile);
  if (!entry) return { rest: input, files: null };
  const { [entry[0]]: files, ...rest } = input;
  return { rest, files: files as LocalFile[] };
}

export function multipartBody(json: string, files: readonly LocalFile[]): StreamedBody {
  const boundary = `seed-${globalThis.crypto.randomUUID()}`;
  const head = (disposition: string, type: string) =>
    Buffer.from(
      `--${boundary}\r\nContent-Disposition: form-data; ${disposition}\r\nContent-Type: ${type}\r\n\r\n`,
    );
  const task = Buffer.concat([head('name="task"', 'application/json'), Buffer.from(`${json}\r\n`)]);
  const parts = files.map((file) => ({
    file,
    head: head(`name="file"; filename="${quoted(file.name)}"`, 'application/octet-stream'),
  }));
  const lineEnd = Buffer.from('\r\n');
  const end = Buffer.from(`--${boundary}--\r\n`);
  const partBytes = parts.reduce((sum, part) => sum + part.head.length + part.file.size + lineEnd.length, 0);
  return {
    type: `multipart/form-data; boundary=${boundary}`,
    length: task.length + partBytes + end.length,
    async *chunks() {
      yield task;
      for (const part of parts) {
        yield part.head;
        yield* contentOf(part.file);
        yield lineEnd;
      }
      yield end;
    },
  };
}

/** As browsers write it there (WHATWG HTML, multipart form data); a name has no line ends. */
const quoted = (name: string) => name.replaceAll('"', '%22');

/** As many bytes as were counted. */
export async function* contentOf({ path, size }: LocalFile): AsyncIterable<Uint8Array> {
  let sent = 0;
  if (size > 0)
    for await (const chunk of fs.createReadStream(path, { end: size - 1 })) {
      sent += chunk.length;
      yield chunk;
    }
  if (sent < size) throw new Error(`${path} became shorter while it was sent`);
}
