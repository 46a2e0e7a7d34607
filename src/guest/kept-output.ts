// What the agent is shown of long texts: of a command's output the beginning and the end, with all of it in a
// file; of a file the beginning. Used by bash-tool.ts and agent-tools.ts.
import { createHash } from 'node:crypto';

const SHARE_OF_CONTEXT = 1 / 8;
/** Tables and JSON take more tokens than prose. */
const BYTES_A_TOKEN = 3.2;
/** The file has no more: what a command prints without end would fill the sandbox's disk. */
const KEPT_BYTES_MOST = 16 * 1024 * 1024;
const SHOWN_BYTES_LEAST = 2_000;
const SHOWN_BYTES_MOST = 50 * 1024;

/** What one tool may tell a model of that context, in bytes: an eighth of it, between 2,000 and 51,200. */
export function shownBytesOf(contextTokens: number): number {
  const share = Math.floor(contextTokens * SHARE_OF_CONTEXT * BYTES_A_TOKEN);
  return Math.min(SHOWN_BYTES_MOST, Math.max(SHOWN_BYTES_LEAST, share));
}

export interface OutputFile {
  path: string;
  write(chunk: Buffer): void;
  /** Whether all of it is in the file. */
  close(): Promise<boolean>;
}

export interface ShownOutput {
  text: string;
  /** The same for the same output, whatever is shown of it. */
  digest: string;
}

export interface KeptOutput {
  take(chunk: Buffer): void;
  /** Called once, after the last chunk. */
  finish(): Promise<ShownOutput>;
}

/** @param openFile called when there is more than `mostBytes`, and never before */
export function keepOutput(mostBytes: number, openFile: () => OutputFile): KeptOutput {
  const hash = createHash('sha1');
  const start: Buffer[] = [];
  const end = newTail(mostBytes);
  let bytes = 0;
  let lines = 0;
  let file: OutputFile | null = null;
  return {
    take(chunk) {
      if (chunk.length === 0) return;
      hash.update(chunk);
      lines += newlines(chunk);
      const room = mostBytes - bytes;
      const unkept = KEPT_BYTES_MOST - bytes;
      bytes += chunk.length;
      if (room > 0) start.push(chunk.subarray(0, room));
      end.push(chunk);
      if (bytes <= mostBytes || unkept <= 0) return;
      const kept = chunk.subarray(0, unkept);
      if (file === null) {
        file = openFile();
        for (const piece of start) file.write(piece);
        file.write(kept.subarray(Math.max(0, room)));
      } else file.write(kept);
    },
    async finish() {
      const isKept = (await file?.close()) ?? true;
      const digest = hash.digest('base64');
      const first = Buffer.concat(start);
      if (file === null) return { text: first.toString('utf8'), digest };
      const last = end.bytes();
      const whole = { bytes, lines: lines + (last.at(-1) === NEWLINE ? 0 : 1), path: isKept ? file.path : null };
      return { text: shorten(first, last, whole, mostBytes), digest };
    },
  };
}

/** The last bytes of all that was pushed, copied only now and then. */
function newTail(mostBytes: number) {
  let chunks: Buffer[] = [];
  let held = 0;
  const joined = () => Buffer.concat(chunks).subarray(-mostBytes);
  return {
    push(chunk: Buffer) {
      chunks.push(chunk);
      held += chunk.length;
      if (held <= 2 * mostBytes) return;
      chunks = [joined()];
      held = chunks[0]?.length ?? 0;
    },
    bytes: joined,
  };
}

const NEWLINE = 0x0a;

function newlines(chunk: Buffer): number {
  let count = 0;
  for (let at = chunk.indexOf(NEWLINE); at !== -1; at = chunk.indexOf(NEWLINE, at + 1)) count += 1;
  return count;
}

/** The beginning and the end, each half of what may be shown: whole lines where there are some. */
function shorten(first: Buffer, last: Buffer, whole: Whole, mostBytes: number): string {
  const half = Math.floor(mostBytes / 2);
  const headEnd = first.subarray(0, half).lastIndexOf(NEWLINE) + 1;
  const newline = last.indexOf(NEWLINE, last.length - half);
  const tailStart = newline + 1;
  const isByLine = headEnd > 0 && newline !== -1 && tailStart < last.length;
  const head = first.subarray(0, isByLine ? headEnd : characterAt(first, half, -1));
  const tail = last.subarray(isByLine ? tailStart : characterAt(last, last.length - half, 1));
  const from = newlines(head) + 1;
  const to = whole.lines - linesIn(tail);
  const note =
    isByLine && to >= from
      ? `lines ${from} to ${to} of ${whole.lines} left out${wayToLines(whole, from)}`
      : `${whole.bytes - head.length - tail.length} of ${whole.bytes} bytes left out${wayToBytes(whole)}`;
  return `${head}${head.at(-1) === NEWLINE ? '' : '\n'}[… ${note} …]\n${tail}`;
}

/** The beginning of a file's text. @param firstLine the number of its first line, counted from 1 */
export function beginningOf(text: string, firstLine: number, mostBytes: number): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= mostBytes) return text;
  const end = bytes.subarray(0, mostBytes).lastIndexOf(NEWLINE) + 1;
  const head = bytes.subarray(0, end || characterAt(bytes, mostBytes, -1));
  const next = firstLine + newlines(head);
  if (end > 0) return `${head}[… too much for you at once: go on with offset ${next} …]\n`;
  return `${head}\n[… line ${next} is longer than you can be shown at once: cut -c1-2000 in bash shows parts of it …]\n`;
}

interface Whole {
  bytes: number;
  lines: number;
  /** Null when it could not be kept. */
  path: string | null;
}

const NOT_KEPT = '; they could not be kept: print less, such as with grep, or write to a file';
const LINES_SHOWN = 40;

function wayToLines({ path, bytes }: Whole, from: number): string {
  if (path === null) return NOT_KEPT;
  return `; ${keptOf(bytes)} ${path}: grep in it, or sed -n '${from},${from + LINES_SHOWN}p' ${path}`;
}

function wayToBytes({ path, bytes }: Whole): string {
  return path === null ? NOT_KEPT : `; ${keptOf(bytes)} ${path}: grep -o, jq or cut -c1-2000 show parts of it`;
}

const keptOf = (bytes: number) =>
  bytes <= KEPT_BYTES_MOST ? 'all are in' : `the first ${KEPT_BYTES_MOST / 1024 / 1024} MiB are in`;

const linesIn = (bytes: Buffer) => newlines(bytes) + (bytes.length === 0 || bytes.at(-1) === NEWLINE ? 0 : 1);

/** The nearest index at which no character of UTF-8 is cut in two. */
function characterAt(bytes: Buffer, index: number, direction: 1 | -1): number {
  let at = index;
  while (at > 0 && at < bytes.length && ((bytes[at] ?? 0) & 0xc0) === 0x80) at += direction;
  return at;
}
