// One process that runs the CLI's calls, as the guest sees it: frames pass between it and the client of its call,
// and the call ends with the process, or the process with the call's client. Used by cli-host.ts.
import type { ChildProcess } from 'node:child_process';
import { constants } from 'node:os';
import type { Duplex, Readable, Writable } from 'node:stream';
import { awakeTimeout } from '../lib/awake-timeout.ts';
import { CALL_BYTES, encodeByte, encodeFrame, type Frame, frameReader, PIECE_BYTES } from './cli-frames.ts';

/** One that has not begun a call by then may be stopped, or worse: the call is run by another process. */
const BEGIN_MS = 5_000;
/** What a client may have its process sent; each by its number. */
const SIGNALS = (['SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGUSR2', 'SIGTERM'] as const).map(
  (name) => constants.signals[name],
);

export interface CliWorker {
  /** Resolves with whether it can take calls. */
  readonly ready: Promise<boolean>;
  /** Resolves when the process is gone. */
  readonly exited: Promise<void>;
  load(path: string): void;
  /** Resolves when the call is over, or the process. There is one call at a time. */
  serve(client: Duplex): Promise<void>;
  kill(): void;
}

interface Call {
  client: Duplex;
  hasBegun: boolean;
  /** Withdraws the time-out that it has until it has begun. */
  withdraw: (() => void) | undefined;
  over(): void;
}

/** @param child started as its own process group, with pipes on descriptors 1 to 4 */
export function cliWorker(child: ChildProcess, killGroup: () => void): CliWorker {
  const [, stdout, stderr, input, output] = child.stdio as [null, Readable, Readable, Writable, Readable];
  let call: Call | null = null;
  let answerReady: (isReady: boolean) => void = () => undefined;
  const ready = new Promise<boolean>((resolve) => {
    answerReady = resolve;
  });

  /** The last that a client hears; the call is over. */
  function end(frame: Buffer): void {
    if (call === null) return;
    const { client, withdraw, over } = call;
    call = null;
    withdraw?.();
    client.end(frame);
    for (const stream of [stdout, stderr, output]) stream.resume();
    over();
  }

  function fromProgram({ type, body }: Frame): void {
    if (type === 'Y') answerReady(true);
    else if (type === 'B') begun();
    else if (type === 'N') end(encodeFrame('N'));
    // After what the process wrote on its own descriptors, which is read in this same turn.
    else if (type === 'X') setImmediate(() => end(encodeFrame('X', body)));
    else toClient(encodeFrame(type, body), output);
  }

  function begun(): void {
    if (call === null) return;
    call.hasBegun = true;
    call.withdraw?.();
  }

  function toClient(frame: Buffer, from: Readable): void {
    if (call === null || call.client.write(frame) || from.isPaused()) return;
    from.pause();
    call.client.once('drain', () => from.resume());
  }

  function fromClient(current: Call, { type, body }: Frame): void {
    if (current !== call) return;
    const [first = 0] = body;
    if (type === 'K') {
      // Also of a call that has not begun: it is not run by another process then.
      current.hasBegun = true;
      if (SIGNALS.includes(first)) child.kill(first);
      return;
    }
    const isFirst = current.withdraw === undefined;
    if (isFirst !== (type === 'A') || !'AIC'.includes(type)) return void current.client.destroy();
    if (isFirst) current.withdraw = awakeTimeout(BEGIN_MS, killGroup);
    if (input.write(encodeFrame(type, body)) || current.client.isPaused()) return;
    current.client.pause();
    input.once('drain', () => current.client.resume());
  }

  // The process writes here itself only in need, such as why it crashes.
  for (const [stream, type] of [[stdout, 'O'] as const, [stderr, 'E'] as const])
    stream.on('data', (chunk: Buffer) => toClient(encodeFrame(type, chunk), stream));
  const read = frameReader(PIECE_BYTES, fromProgram);
  output.on('data', (chunk: Buffer) => {
    try {
      read(chunk);
    } catch {
      killGroup();
    }
  });
  // It has ended; that is told below.
  for (const stream of [stdout, stderr, input, output]) stream.on('error', () => undefined);
  const exited = new Promise<void>((resolve) => {
    const gone = (code: number | null, signal: NodeJS.Signals | null) => {
      answerReady(false);
      if (call?.hasBegun !== true) end(encodeFrame('N'));
      else if (signal === null) end(encodeByte('X', (code ?? 1) & 0xff));
      else end(encodeByte('S', constants.signals[signal]));
      resolve();
    };
    child.once('close', gone);
    child.once('error', () => gone(1, null));
  });

  return {
    ready,
    exited,
    load: (path) => void input.write(encodeFrame('L', Buffer.from(path))),
    kill: killGroup,
    serve(client) {
      return new Promise<void>((over) => {
        const current: Call = { client, hasBegun: false, withdraw: undefined, over };
        call = current;
        const readClient = frameReader(CALL_BYTES, (frame) => fromClient(current, frame));
        client.on('data', (chunk: Buffer) => {
          try {
            readClient(chunk);
          } catch {
            client.destroy();
          }
        });
        // With its client the call ends, as a process ends that is killed; what it had in hand is lost, too.
        client.once('close', () => {
          if (current !== call) return;
          if (current.withdraw !== undefined) killGroup();
          end(Buffer.alloc(0));
        });
      });
    },
  };
}
