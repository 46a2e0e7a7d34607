// The runner's end of a sandbox's stream: an HTTP/2 server for one guest, whose requests src/relay answers.
// Everything that the guest can open is bounded here.
import { constants, type IncomingHttpHeaders, performServerHandshake, type ServerHttp2Stream } from 'node:http2';
import type { Duplex } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { limitBytes } from '../lib/limit-bytes.ts';
import { LIMITS } from '../protocol/limits.ts';
import { type GuestAnswer, type GuestRequest, refusalAnswer, refusalOf } from '../relay/guest-request.ts';
import { answerGuest, type RelayParts } from '../relay/relay.ts';
import { resetWhenIdle } from './idle-requests.ts';
import { type Pace, paceWire } from './paced-wire.ts';

const { concurrentStreams, headerBytes } = LIMITS.guest;

export interface RelayOptions extends RelayParts {
  /** Positioned after the start line. */
  stream: Duplex;
  /** Of the life of the sandbox, over all its streams. */
  pace: Pace;
  /** The guest has sent something: it is there, and has its task. */
  onHeard(): void;
}

export interface Relay {
  /** Ends every call that is in flight. */
  close(): void;
  /** Asks the guest for a sign of life, which is answered without any of its doing. */
  ping(): void;
}

export function openRelay(options: RelayOptions): Relay {
  const { log } = options;
  const wire = paceWire(options.stream, options.pace);
  const session = performServerHandshake(wire, {
    settings: { maxConcurrentStreams: concurrentStreams, maxHeaderListSize: headerBytes, enablePush: false },
    maxHeaderListPairs: 64,
    maxSessionMemory: 32,
    maxSettings: 16,
    maxOutstandingPings: 10,
    maxSessionInvalidFrames: 100,
    maxSessionRejectedStreams: 100,
    streamResetBurst: 1000,
    streamResetRate: 100,
  });
  let open = 0;
  session.on('error', (error) => log.debug({ err: error }, 'the guest broke the stream'));
  session.on('stream', (stream, headers) => {
    options.onHeard();
    stream.on('error', (error) => log.debug({ err: error }, 'a call of the guest broke'));
    // Until the guest has acknowledged the settings only this count holds it.
    if (open >= concurrentStreams) return stream.close(constants.NGHTTP2_REFUSED_STREAM);
    open++;
    stream.once('close', () => open--);
    answerGuest(requestOver(stream, headers, options), options).catch((error: unknown) => {
      // Node also reports a stream that closed right behind its last byte; either way nobody waits for an answer.
      if (stream.closed || stream.destroyed) return log.debug({ err: error }, 'a call ended early');
      const refusal = refusalOf(error);
      // It asks again over the stream of the runner that has the task now.
      if (refusal.code === 'lease_lost' && options.upstream.isLost) return void options.upstream.isLost();
      if (refusal.code === 'internal') log.warn({ err: error }, 'a call of the guest failed');
      // Half an answer cannot become an error; the reset tells the guest so, where to close could end it properly.
      if (stream.headersSent) stream.destroy(refusal);
      else void answer(stream, refusalAnswer(refusal));
      // What is left of the request is not read.
      stream.resume();
    });
  });
  // The session ends with its stream; first itself, it would write a farewell to a guest that may not read.
  return {
    close: () => void wire.destroy(),
    ping() {
      if (!session.destroyed) session.ping(() => undefined);
    },
  };
}

function requestOver(
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  { waits }: RelayOptions,
): GuestRequest {
  const gone = new AbortController();
  stream.once('close', () => gone.abort());
  const { session } = stream;
  return {
    method: headers[':method'],
    path: headers[':path'],
    headers,
    body: stream,
    gone: gone.signal,
    begin: () => resetWhenIdle(stream, { isAsleep: waits.isAsleep }),
    onBrokenOff(call) {
      stream.once('close', () => {
        if (!stream.readableEnded || stream.rstCode !== constants.NGHTTP2_NO_ERROR) call();
      });
    },
    wasCut: () => session?.destroyed ?? true,
    send: (given) => answer(stream, given),
  };
}

async function answer(stream: ServerHttp2Stream, { status, headers, content }: GuestAnswer): Promise<void> {
  const isHeld = content === null || typeof content === 'string' || Buffer.isBuffer(content);
  if (!stream.writable || stream.headersSent) {
    if (!isHeld) content.drop();
    return;
  }
  stream.respond({ ':status': status, ...headers }, { endStream: content === null });
  if (content === null) return;
  if (isHeld) stream.end(content);
  else await pipeline(content.chunks, limitBytes(content.mostBytes), stream);
}
