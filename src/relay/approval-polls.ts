// Asks the server what people have decided on a call of the guest: for the polls of its CLI, and for a call of the
// model that waits for a larger budget. While the sandbox sleeps the runner asks in its place. Used by relay.ts.
import { parseJson } from '../lib/json.ts';
import { readWithin } from '../lib/read-stream.ts';
import { relayedResponseHeaders } from '../lib/relay-headers.ts';
import type { Approval } from '../protocol/approval.ts';
import { isSettled, POLL_SECONDS } from '../protocol/approval-wait.ts';
import { SeedError } from '../protocol/errors.ts';
import { LIMITS } from '../protocol/limits.ts';
import type { CallWaits } from './call-waits.ts';
import type { Upstream } from './forward.ts';
import type { GuestRequest } from './guest-request.ts';
import { isAway, pause, untilBack } from './patience.ts';

/** A server that has nothing to tell and does not hold the answer is asked no oftener. */
const ASK_AGAIN_MS = 1_000;

export interface PollParts {
  upstream: Upstream;
  waits: CallWaits;
  /** Aborted when nobody waits for the answer any more. */
  signal: AbortSignal;
  onAway(error: SeedError): void;
}

interface Polled {
  status: number;
  headers: Record<string, string>;
  body: Buffer;
  isPending: boolean;
}

/** Answers a poll of the guest: with the decision, or, of one that is awake, that there is none yet. */
export async function answerPoll(guest: GuestRequest, id: string, parts: PollParts): Promise<void> {
  const { waits } = parts;
  const call = waits.call(id);
  try {
    let polled = await poll(id, parts);
    while (polled.isPending && waits.isAsleep()) polled = await poll(id, parts);
    if (polled.isPending) waits.willPollAgain(id);
    else await call.works();
    await guest.send({ status: polled.status, headers: polled.headers, content: polled.body });
  } finally {
    call.end();
  }
}

/** Resolves when people have decided, nobody has in time, or there is no such approval. */
export async function untilDecided(id: string, parts: PollParts): Promise<void> {
  while ((await poll(id, parts)).isPending);
}

/** One answer of the server's, held back for as long as there is none. Waits for a server that is away. */
async function poll(id: string, { upstream, waits, signal, onAway }: PollParts): Promise<Polled> {
  const request = {
    target: `/api/v1/approvals/${id}`,
    method: 'GET',
    headers: { accept: 'application/json', prefer: `wait=${POLL_SECONDS}` },
    body: null,
    isCompletion: false,
  };
  const ask = async () => {
    const { status, headers, content } = await upstream.ask(request, signal);
    const body = await readWithin(content, LIMITS.guest.answerBytes);
    if (body === null)
      throw new SeedError('internal', `the answer is larger than ${LIMITS.guest.answerBytes} bytes`);
    return { status, headers: relayedResponseHeaders(headers), body };
  };
  const askedAt = performance.now();
  for (;;) {
    try {
      const answer = await untilBack(ask, { signal, onAway });
      const isPending = answer.status === 200 && isStillPending(answer.body);
      if (isPending) await pause(Math.max(0, ASK_AGAIN_MS - (performance.now() - askedAt)), signal);
      signal.throwIfAborted();
      return { ...answer, isPending };
    } catch (error) {
      // Nobody in the sandbox is kept waiting by a server that is long away, while nobody there is awake.
      if (signal.aborted || !isAway(error) || !waits.isAsleep()) throw error;
    }
  }
}

function isStillPending(body: Buffer): boolean {
  const approval = (parseJson(body.toString('utf8')) as { approval?: Approval } | null | undefined)?.approval;
  return approval !== undefined && !isSettled(approval);
}
