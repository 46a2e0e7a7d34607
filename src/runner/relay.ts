// The runner's end of a sandbox's stream: an HTTP/2 server for one guest. It answers the guest's own requests and
// sends the allowed rest on to the server. Everything that the guest can open or send is bounded here.
import { constants, type IncomingHttpHeaders, performServerHandshake, type ServerHttp2Stream } from 'node:http2';
import type { Duplex } from 'node:stream';
import type { Logger } from '../lib/log.ts';
import { SeedError } from '../protocol/errors.ts';
import type { GuestResult, GuestTask } from '../protocol/guest.ts';
import { BATCH_HEADER } from '../protocol/guest-wire.ts';
import { LIMITS } from '../protocol/limits.ts';
import type { GivenOutput, OutputVerdict } from '../protocol/output.ts';
import { answerPoll, untilDecided } from './approval-polls.ts';
import { forwardRequest, heldBytes, type Upstream } from './forward.ts';
import { type GuestLimits, resetWhenIdle } from './guest-limits.ts';
import type { Mailbox } from './mailbox.ts';
import { paceWire } from './paced-wire.ts';
import {
  closeOf,
  giveConversation,
  giveFile,
  giveMessages,
  giveWorkspace,
  readEvents,
  readOutput,
  readResult,
  type TaskFiles,
  takeArtifact,
  takeWorkspace,
} from './relay-bodies.ts';
import { type RelayRoute, relayRoute } from './relay-routes.ts';
import type { Waits } from './waits.ts';

const { concurrentStreams, headerBytes } = LIMITS.guest;

export interface RelayOptions {
  /** Positioned after the start line. */
  stream: Duplex;
  task: GuestTask;
  upstream: Upstream;
  log: Logger;
  /**
   * Reads the batch of events, unless it came before, and hands it on, checked, as NDJSON; the guest's request is
   * answered when this resolves. @param number counted from 1 by the guest; null by one that does not count
   */
  onEvents(number: number | null, read: () => Promise<string>): Promise<void>;
  /** The guest has sent something: it is there, and has its task. */
  onHeard(): void;
  /** The agent calls its model. */
  onCompletion(): void;
  /** A model has begun to answer. */
  onModelAnswer(): void;
  /** An answer that the agent gives, for the server to judge. */
  onOutput(given: GivenOutput, guestGone: AbortSignal): Promise<OutputVerdict>;
  onResult(result: GuestResult): void;
  files: TaskFiles;
  mailbox: Mailbox;
  /** Counted for the life of the sandbox, over all its streams. */
  limits: GuestLimits;
  /** Likewise: which of its calls wait for people. */
  waits: Waits;
}

export interface Relay {
  /** Ends every call that is in flight. */
  close(): void;
  /** Asks the guest for a sign of life, which is answered without any of its doing. */
  ping(): void;
}

export function openRelay(options: RelayOptions): Relay {
  const { log } = options;
  const wire = paceWire(options.stream, options.limits.pace);
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
    handle(stream, headers, options).catch((error: unknown) => {
      // Node also reports a stream that closed right behind its last byte; either way nobody waits for an answer.
      if (stream.closed || stream.destroyed) return log.debug({ err: error }, 'a call ended early');
      const refusal =
        error instanceof SeedError ? error : new SeedError('internal', 'the call failed', { cause: error });
      // It asks again over the stream of the runner that has the task now.
      if (refusal.code === 'lease_lost' && options.upstream.isLost) return void options.upstream.isLost();
      if (refusal.code === 'internal') log.warn({ err: error }, 'a call of the guest failed');
      refuse(stream, refusal);
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

async function handle(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, options: RelayOptions) {
  const route = relayRoute(headers[':method'], headers[':path']);
  const release = await options.limits.admit(route, closeOf(stream));
  try {
    if (route?.kind === 'forward') await forward(stream, route, headers, options);
    else if (route?.kind === 'approval') await forwardPoll(stream, route.id, options);
    else await answerHere(stream, route, headers, options);
  } finally {
    release();
  }
}

async function forward(
  stream: ServerHttp2Stream,
  route: RelayRoute & { kind: 'forward' },
  headers: IncomingHttpHeaders,
  { upstream, log, limits, waits, onCompletion, onModelAnswer }: RelayOptions,
): Promise<void> {
  const guestGone = closeOf(stream);
  const request = { route, headers };
  const call = waits.call();
  const onAway = ({ code, message }: SeedError) =>
    log.debug({ code, problem: message }, 'a call of the guest waits');
  let leave = () => {};
  try {
    leave = await limits.enter(route, heldBytes(request), guestGone);
    // Only from here on: a call that waits for its turn is not the guest's delay.
    resetWhenIdle(stream, { isAsleep: waits.isAsleep });
    if (route.isCompletion) onCompletion();
    await forwardRequest(stream, request, upstream, {
      guestGone,
      onAnswer: () => {
        if (route.isCompletion) onModelAnswer();
      },
      onAway,
      async decided(approvalId) {
        call.waits();
        await untilDecided(approvalId, { upstream, waits, signal: guestGone, onAway });
        await call.works();
      },
    });
  } finally {
    leave();
    call.end();
  }
}

async function forwardPoll(
  stream: ServerHttp2Stream,
  approvalId: string,
  { upstream, log, waits }: RelayOptions,
): Promise<void> {
  const signal = closeOf(stream);
  stream.resume();
  resetWhenIdle(stream, { isAsleep: waits.isAsleep });
  const onAway = ({ code, message }: SeedError) =>
    log.debug({ code, problem: message }, 'a poll of the guest waits');
  await answerPoll(stream, approvalId, { upstream, waits, signal, onAway });
}

async function answerHere(
  stream: ServerHttp2Stream,
  route: Exclude<RelayRoute, { kind: 'forward' | 'approval' }> | null,
  headers: IncomingHttpHeaders,
  { task, log, limits, waits, onEvents, onOutput, onResult, files, mailbox }: RelayOptions,
): Promise<void> {
  resetWhenIdle(stream, { isAsleep: waits.isAsleep });
  // This one is open for as long as the guest lives.
  if (route?.kind === 'messages') return giveMessages(stream, route.after, mailbox);
  stream.once('close', waits.busy());
  switch (route?.kind) {
    case 'task':
      return answer(stream, 200, JSON.stringify(task));
    case 'events':
      await onEvents(batchOf(headers), async () => {
        const events = await readEvents(stream).catch((error) => logged(error, log));
        limits.chargeEvents(events);
        return events;
      });
      // One that came before was not read.
      stream.resume();
      return answer(stream, 204, '');
    case 'output': {
      const given = await readOutput(stream).catch((error) => logged(error, log));
      return answer(stream, 200, JSON.stringify(await onOutput(given, closeOf(stream))));
    }
    case 'result':
      onResult(await readResult(stream).catch((error) => logged(error, log)));
      return answer(stream, 204, '');
    case 'conversation':
      return giveConversation(stream, files);
    case 'file':
      return giveFile(stream, route.index, files);
    case 'workspace':
      if (route.method === 'GET') return giveWorkspace(stream, files);
      await takeWorkspace(stream, files, limits);
      return answer(stream, 204, '');
    case 'artifact':
      await takeArtifact(stream, route, headers, files, limits);
      return answer(stream, 204, '');
    default:
      throw new SeedError('not_allowed', 'a sandbox may not send this request', {
        hint: 'Call the platform through the seed command.',
      });
  }
}

function batchOf({ [BATCH_HEADER]: number }: IncomingHttpHeaders): number | null {
  if (number === undefined) return null;
  if (typeof number === 'string' && /^[1-9]\d{0,8}$/.test(number)) return Number(number);
  throw new SeedError('invalid_input', 'a batch of events has a number from 1 on');
}

function logged(error: SeedError, log: Logger): never {
  log.warn({ code: error.code, problem: error.message }, 'the guest sent something invalid');
  throw error;
}

function answer(stream: ServerHttp2Stream, status: number, body: string, retryAfterSeconds?: number | null) {
  if (stream.destroyed || stream.headersSent) return;
  const seconds = retryAfterSeconds ?? (status === 429 ? 1 : null);
  const retryAfter = seconds !== null && { 'retry-after': String(seconds) };
  const headers = { ':status': status, 'content-type': 'application/json', ...retryAfter };
  stream.respond(headers, { endStream: body === '' });
  if (body !== '') stream.end(body);
}

function refuse(stream: ServerHttp2Stream, error: SeedError): void {
  // Half an answer cannot become an error; the reset tells the guest so, where to close could end it properly.
  if (stream.headersSent) stream.destroy(error);
  else answer(stream, error.status, JSON.stringify(error.toBody(null)), error.retryAfterSeconds);
  // What is left of the request is not read.
  stream.resume();
}
