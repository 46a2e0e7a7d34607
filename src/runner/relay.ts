// The runner's end of a sandbox's stream: an HTTP/2 server for one guest. It answers the guest's own requests and sends the
// allowed rest on to the server. Everything that the guest can open or send is bounded here.
import {
  constants,
  type IncomingHttpHeaders,
  performServerHandshake,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import type { Duplex } from 'node:stream';
import type { Logger } from '../lib/log.ts';
import { SeedError } from '../protocol/errors.ts';
import type { GuestResult, GuestTask } from '../protocol/guest.ts';
import { LIMITS } from '../protocol/limits.ts';
import { forwardRequest, type Upstream } from './forward.ts';
import { readEvents, readResult } from './relay-body.ts';
import { relayRoute } from './relay-routes.ts';

const { concurrentStreams, headerBytes } = LIMITS.guest;

export interface RelayOptions {
  /** Positioned after the start line. */
  stream: Duplex;
  task: GuestTask;
  upstream: Upstream;
  log: Logger;
  /** Checked events as NDJSON; the guest's request is answered when this resolves. */
  onEvents(ndjson: string): Promise<void>;
  /** The agent calls its model. */
  onCompletion(): void;
  onResult(result: GuestResult): void;
}

export interface Relay {
  /** Ends every call that is under way. */
  close(): void;
}

export function openRelay(options: RelayOptions): Relay {
  const { stream: wire, log } = options;
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
    stream.on('error', (error) => log.debug({ err: error }, 'a call of the guest broke'));
    // Until the guest has acknowledged the settings only this count holds it.
    if (open >= concurrentStreams) return stream.close(constants.NGHTTP2_REFUSED_STREAM);
    open++;
    stream.once('close', () => open--);
    handle(stream, headers, options).catch((error: unknown) => {
      // Node also reports a stream that closed right behind its last byte; either way nobody waits for an answer.
      if (stream.closed || stream.destroyed) return log.debug({ err: error }, 'a call ended early');
      const refusal =
        error instanceof SeedError ? error : new SeedError('internal', 'the call failed', { cause: error });
      if (refusal.code === 'internal') log.warn({ err: error }, 'a call of the guest failed');
      refuse(stream, refusal);
    });
  });
  return { close: () => closeSession(session, wire) };
}

async function handle(
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  { task, upstream, log, onEvents, onCompletion, onResult }: RelayOptions,
): Promise<void> {
  const method = headers[':method'];
  const route = relayRoute(method, headers[':path']);
  switch (route?.kind) {
    case 'task':
      return answer(stream, 200, JSON.stringify(task));
    case 'events':
      await onEvents(await readEvents(stream).catch((error) => logged(error, log)));
      return answer(stream, 204, '');
    case 'result':
      onResult(await readResult(stream).catch((error) => logged(error, log)));
      return answer(stream, 204, '');
    case 'forward':
      if (route.isCompletion) onCompletion();
      return forwardRequest(stream, route.method, route.target, headers, upstream);
    default:
      throw new SeedError('not_allowed', 'a sandbox may not send this request', {
        hint: 'Call the platform through the seed command.',
      });
  }
}

function logged(error: SeedError, log: Logger): never {
  log.warn({ code: error.code, problem: error.message }, 'the guest sent something invalid');
  throw error;
}

function answer(stream: ServerHttp2Stream, status: number, body: string): void {
  if (stream.destroyed || stream.headersSent) return;
  stream.respond({ ':status': status, 'content-type': 'application/json' }, { endStream: body === '' });
  if (body !== '') stream.end(body);
}

function refuse(stream: ServerHttp2Stream, error: SeedError): void {
  // Half an answer cannot become an error; the reset tells the guest that it is not whole.
  if (stream.headersSent) stream.close(constants.NGHTTP2_INTERNAL_ERROR);
  else answer(stream, error.status, JSON.stringify(error.toBody(null)));
  // What is left of the request is not read.
  stream.resume();
}

function closeSession(session: ServerHttp2Session, wire: Duplex): void {
  session.destroy();
  wire.destroy();
}
