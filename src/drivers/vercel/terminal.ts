// A program in a sandbox as a byte stream: Vercel's terminal over WebSocket. The first message starts the
// program, then binary ones pass both ways, and a last one in text tells how it ended. A terminal changes what
// passes until it is set to raw: only then is anything sent. Used by vendor.ts.
import { once } from 'node:events';
import type { WebSocket } from 'ws';
import { isRecord, parseJson } from '../../lib/json.ts';
import { SeedError } from '../../protocol/errors.ts';
import { openSocket, SocketStream } from '../remote/socket-stream.ts';
import { noAnswer, refusalOf } from './refusals.ts';

const RAW_WITHIN_MS = 20_000;
/** Said once nothing changes any more what passes; no prompt and no message of the day has it. */
const RAW = Buffer.from('\u0001seed\u0002');
const MOST_BEFORE = 16 * 1024;
/** Its words are arguments of the shell, so that none is read as anything else. */
const SCRIPT = `stty raw -echo -iexten && printf '${'\\001seed\\002'}' && exec "$@"`;
const COLUMNS = 80;
const ROWS = 24;

/** Whole: the vendor says how its program ended. */
interface Exit {
  code: number | null;
}

/** @param address of the terminal, with its token. @throws SeedError unreachable and what Vercel refuses */
export async function openTerminal(address: URL, command: readonly string[]): Promise<SocketStream> {
  const what = 'open a terminal';
  const socket = await openSocket({
    url: address,
    refused: (status, body, retryAfter = '') =>
      refusalOf(what, { status, body, retryAfter: retryAfter === '' ? null : retryAfter }),
    lost: (cause) => noAnswer(what, cause),
  });
  const terminal = new Terminal(socket);
  // As root: the socket of the guest is root's.
  const args = ['-n', '--', 'sh', '-c', SCRIPT, 'seed', ...command];
  const start = { type: 'start', command: 'sudo', args, env: ['TERM=dumb'], cwd: '/', cols: COLUMNS, rows: ROWS };
  socket.send(JSON.stringify(start));
  await terminal.isRaw();
  return terminal;
}

class Terminal extends SocketStream {
  #exit: Exit | null = null;
  /** What came before it was raw; null once it is. */
  #before: Buffer | null = Buffer.alloc(0);

  constructor(socket: WebSocket) {
    super(socket, {});
  }

  /** @throws SeedError unreachable, not_found where its program ended before */
  async isRaw(): Promise<void> {
    const late = setTimeout(() => this.destroy(this.broken('it did not become raw')), RAW_WITHIN_MS);
    try {
      await once(this, 'raw');
    } finally {
      clearTimeout(late);
    }
  }

  protected override onMessage(message: Buffer, isBinary: boolean): void {
    if (!isBinary) this.#onWord(parseJson(message.toString('utf8')));
    else if (this.#before === null) this.give(message);
    else this.#awaitRaw(this.#before, message);
  }

  #onWord(said: unknown): void {
    if (!isRecord(said) || said['type'] !== 'exit') return;
    this.#exit = { code: typeof said['code'] === 'number' ? said['code'] : null };
    if (this.#before === null) this.push(null);
    else this.destroy(this.broken(`its program ended with ${this.#exit.code}: ${this.#before.toString('utf8')}`));
  }

  #awaitRaw(before: Buffer, message: Buffer): void {
    const all = Buffer.concat([before, message]);
    const at = all.indexOf(RAW);
    if (at >= 0) {
      this.#before = null;
      this.give(all.subarray(at + RAW.length));
      this.emit('raw');
    } else if (all.length > MOST_BEFORE) this.destroy(this.broken('it says too much before it is raw'));
    else this.#before = all;
  }

  protected override ended(why: string): void {
    if (this.#exit === null) this.destroy(this.broken(`the connection was closed (${why})`));
  }

  protected override broken(why: string): SeedError {
    return new SeedError('unreachable', `The terminal of a sandbox of Vercel broke off: ${why}`);
  }

  protected override frame(content: Buffer): Buffer {
    return content;
  }

  protected override isTooLate(): boolean {
    return this.#exit !== null;
  }
}
