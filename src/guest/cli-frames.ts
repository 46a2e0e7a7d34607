// The wire between the `seed` client, the guest and a process that runs the CLI: cli-client.pl, cli-host.ts,
// cli-program.ts.
//
// A frame is one letter, the length of its body in four bytes, big-endian, and the body. A call goes like this:
//
//   client → guest → program
//     A  the call, see CallRequest: once, first
//     I  standard input, asked for by R; empty at its end
//     C  a stream cannot be written any more: its number and the error's, one byte each
//     K  a signal for the program: its number in one byte (the guest sends it; it is no frame for the program)
//   guest → program
//     L  the path of the CLI to load; once for each CLI
//   program → guest → client
//     B  the call begins (for the guest only). Before it nothing has happened that must not happen twice
//     O  standard output    E  standard error
//     R  standard input is wanted: one I
//     T  the terminal's raw mode: "1" on, "0" off
//     N  the call cannot be run here: the client starts Node for it
//     X  the call is over: its exit code in one byte
//     S  the program ended by a signal, in one byte (from the guest)
//   program → guest
//     Y  ready for a call

export interface Frame {
  type: string;
  body: Buffer;
}

const HEAD_BYTES = 5;

export function encodeFrame(type: string, body: Uint8Array = Buffer.alloc(0)): Buffer {
  const frame = Buffer.allocUnsafe(HEAD_BYTES + body.length);
  frame.write(type, 0, 'latin1');
  frame.writeUInt32BE(body.length, 1);
  frame.set(body, HEAD_BYTES);
  return frame;
}

export const encodeByte = (type: string, ...bytes: number[]): Buffer => encodeFrame(type, Buffer.from(bytes));

/**
 * Returns what to hand the chunks of a stream to; `onFrame` is called for each whole frame.
 * @throws Error from the returned function, for a frame whose body is longer than `mostBytes`
 */
export function frameReader(mostBytes: number, onFrame: (frame: Frame) => void): (chunk: Buffer) => void {
  let pieces: Buffer[] = [];
  let bytes = 0;
  let needed = HEAD_BYTES;
  return (chunk) => {
    pieces.push(chunk);
    bytes += chunk.length;
    if (bytes < needed) return;
    let rest = pieces.length === 1 ? chunk : Buffer.concat(pieces);
    needed = HEAD_BYTES;
    while (rest.length >= HEAD_BYTES) {
      const length = rest.readUInt32BE(1);
      if (length > mostBytes) throw new Error(`a frame of ${length} bytes is longer than ${mostBytes}`);
      if (rest.length < HEAD_BYTES + length) {
        needed = HEAD_BYTES + length;
        break;
      }
      const type = rest.toString('latin1', 0, 1);
      const body = rest.subarray(HEAD_BYTES, HEAD_BYTES + length);
      rest = rest.subarray(HEAD_BYTES + length);
      onFrame({ type, body });
    }
    pieces = rest.length === 0 ? [] : [rest];
    bytes = rest.length;
  };
}

/** The system takes 2 MiB of arguments and environment; with what a call says beside them. */
export const CALL_BYTES = 4 * 1024 * 1024;
/** Of output and input in one frame. */
export const PIECE_BYTES = 64 * 1024;

/** What a call brings from where it was typed. */
export interface CallRequest {
  cwd: string;
  umask: number;
  /** For standard input, output and error: whether it is a terminal, and its columns. */
  terminals: readonly { isTerminal: boolean; columns: number }[];
  args: readonly string[];
  env: Readonly<Record<string, string>>;
}

/**
 * The body of A, all parts ended by a zero byte: working folder, umask in decimal, for each of the three streams
 * the columns of its terminal or nothing, the number of arguments, the arguments, the environment as NAME=value.
 */
export function parseCall(body: Buffer): CallRequest {
  const parts = body.toString('utf8').split('\0');
  const [cwd = '', umask = '', ...rest] = parts;
  const terminals = rest.slice(0, 3).map((columns) => ({ isTerminal: columns !== '', columns: Number(columns) }));
  const firstArgument = 4;
  const count = Number(rest[firstArgument - 1]);
  const args = rest.slice(firstArgument, firstArgument + count);
  const env = rest.slice(firstArgument + count, -1).map((entry) => {
    const equals = entry.indexOf('=');
    return [entry.slice(0, equals), entry.slice(equals + 1)];
  });
  return { cwd, umask: Number(umask), terminals, args, env: Object.fromEntries(env) };
}
