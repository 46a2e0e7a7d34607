// The rules of what a guest may ask, and who answers it: what is its task's own is answered here, and the allowed
// rest is sent on to the server. Everything else is refused, and everything is bounded. Used by the runner for the
// stream of a sandbox, and by the server's door for requests that are forwarded to it.
import type { IncomingHttpHeaders } from 'node:http';
import type { Logger } from '../lib/log.ts';
import { SeedError } from '../protocol/errors.ts';
import type { GuestResult, GuestTask } from '../protocol/guest.ts';
import { BATCH_HEADER } from '../protocol/guest-wire.ts';
import type { GivenOutput, OutputVerdict } from '../protocol/output.ts';
import { answerPoll, untilDecided } from './approval-polls.ts';
import {
  giveConversation,
  giveFile,
  giveMessages,
  giveWorkspace,
  type Messages,
  readEvents,
  readOutput,
  readResult,
  type TaskFiles,
  takeArtifact,
  takeWorkspace,
} from './bodies.ts';
import type { CallWaits } from './call-waits.ts';
import { type ForwardRoute, forwardRequest, heldBytes, type Upstream } from './forward.ts';
import { type GuestRequest, jsonAnswer } from './guest-request.ts';
import type { GuestLimits } from './limits.ts';
import { untilAborted } from './patience.ts';
import { type RelayRoute, relayRoute } from './routes.ts';

export interface RelayParts {
  task(): GuestTask | Promise<GuestTask>;
  upstream: Upstream;
  log: Logger;
  /**
   * Reads the batch of events, unless it came before, and hands it on, checked, as NDJSON; the guest's request is
   * answered when this resolves. @param number counted from 1 by the guest; null by one that does not count
   */
  onEvents(number: number | null, read: () => Promise<string>): Promise<void>;
  /** The agent calls its model. */
  onCompletion(): void;
  /** A model has begun to answer. */
  onModelAnswer(): void;
  /** An answer that the agent gives, for the server to judge. */
  onOutput(given: GivenOutput, guestGone: AbortSignal): Promise<OutputVerdict>;
  /** The guest's request is answered when this resolves. */
  onResult(result: GuestResult): void | Promise<void>;
  files: TaskFiles;
  messages: Messages;
  /** Counted for the life of the sandbox, over all that its requests come by. */
  limits: GuestLimits;
  /** Likewise: which of its calls wait for people. */
  waits: CallWaits;
}

/** Resolves when the request is answered. @throws SeedError what the guest is to be told, where it can be */
export async function answerGuest(guest: GuestRequest, parts: RelayParts): Promise<void> {
  const route = relayRoute(guest.method, guest.path);
  const release = await parts.limits.admit(route, guest.gone);
  try {
    if (route?.kind === 'forward') await forward(guest, route, parts);
    else if (route?.kind === 'approval') await forwardPoll(guest, route.id, parts);
    else await answerHere(guest, route, parts).catch((error) => unlessLost(error, guest, parts));
  } finally {
    release();
  }
}

/** Where the task is another runner's by now its guest asks that one, and is told nothing here. */
async function unlessLost(error: unknown, guest: GuestRequest, { upstream }: RelayParts): Promise<never> {
  const isLost = error instanceof SeedError && error.code === 'lease_lost' && (await upstream.isLost?.());
  if (isLost) return untilAborted(guest.gone);
  throw error;
}

async function forward(
  guest: GuestRequest,
  route: ForwardRoute,
  { upstream, log, limits, waits, onCompletion, onModelAnswer }: RelayParts,
): Promise<void> {
  const call = waits.call();
  const onAway = ({ code, message }: SeedError) =>
    log.debug({ code, problem: message }, 'a call of the guest waits');
  let leave = () => {};
  try {
    leave = await limits.enter(route, heldBytes(route, guest.headers), guest.gone);
    // Only from here on: a call that waits for its turn is not the guest's delay.
    guest.begin();
    if (route.isCompletion) onCompletion();
    await forwardRequest(guest, route, upstream, {
      onAnswer: () => {
        if (route.isCompletion) onModelAnswer();
      },
      onAway,
      async decided(approvalId) {
        call.waits();
        await untilDecided(approvalId, { upstream, waits, signal: guest.gone, onAway });
        await call.works();
      },
    });
  } finally {
    leave();
    call.end();
  }
}

async function forwardPoll(
  guest: GuestRequest,
  approvalId: string,
  { upstream, log, waits }: RelayParts,
): Promise<void> {
  guest.body.resume();
  guest.begin();
  const onAway = ({ code, message }: SeedError) =>
    log.debug({ code, problem: message }, 'a poll of the guest waits');
  await answerPoll(guest, approvalId, { upstream, waits, signal: guest.gone, onAway });
}

async function answerHere(
  guest: GuestRequest,
  route: Exclude<RelayRoute, { kind: 'forward' | 'approval' }> | null,
  { task, log, limits, waits, onEvents, onOutput, onResult, files, messages }: RelayParts,
): Promise<void> {
  guest.begin();
  // This one is open for as long as the guest lives.
  if (route?.kind === 'messages') return giveMessages(guest, route, messages);
  guest.gone.addEventListener('abort', waits.busy(), { once: true });
  switch (route?.kind) {
    case 'task':
      return guest.send(jsonAnswer(200, JSON.stringify(await task())));
    case 'events':
      await onEvents(batchOf(guest.headers), async () => {
        const events = await readEvents(guest.body).catch((error) => logged(error, log));
        await limits.chargeEvents(events);
        return events;
      });
      // One that came before was not read.
      guest.body.resume();
      return guest.send(DONE);
    case 'output': {
      const given = await readOutput(guest.body).catch((error) => logged(error, log));
      return guest.send(jsonAnswer(200, JSON.stringify(await onOutput(given, guest.gone))));
    }
    case 'result':
      await onResult(await readResult(guest.body).catch((error) => logged(error, log)));
      return guest.send(DONE);
    case 'conversation':
      return giveConversation(guest, files);
    case 'file':
      return giveFile(guest, route.index, files);
    case 'workspace':
      if (route.method === 'GET') return giveWorkspace(guest, files);
      await takeWorkspace(guest, files, limits);
      return guest.send(DONE);
    case 'artifact':
      await takeArtifact(guest, route, files, limits);
      return guest.send(DONE);
    default:
      throw new SeedError('not_allowed', 'a sandbox may not send this request', {
        hint: 'Call the platform through the seed command.',
      });
  }
}

const DONE = jsonAnswer(204, '');

function batchOf({ [BATCH_HEADER]: number }: IncomingHttpHeaders): number | null {
  if (number === undefined) return null;
  if (typeof number === 'string' && /^[1-9]\d{0,8}$/.test(number)) return Number(number);
  throw new SeedError('invalid_input', 'a batch of events has a number from 1 on');
}

function logged(error: SeedError, log: Logger): never {
  log.warn({ code: error.code, problem: error.message }, 'the guest sent something invalid');
  throw error;
}
