// One attempt of one delivery: signed, sent, and what follows from it, as Standard Webhooks 1.0.0 has it in
// "Deliverability and reliability" and "Delivery success and failure". Called by the dispatcher.
import type { Clock } from '../../lib/clock.ts';
import { retryAfterMs } from '../../lib/retry-after.ts';
import { webhookHeaders } from '../../lib/standard-webhooks.ts';
import { TEST_EVENT } from '../../protocol/event-types.ts';
import type { ClaimedDelivery } from './claims.ts';
import { noAnswer, type Post, type PostOutcome } from './post.ts';
import { openWebhookSecrets } from './secrets.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** From one attempt to the next; the first is at once. */
export const RETRY_DELAYS_MS: readonly number[] = [
  ...[5 * SECOND, 5 * MINUTE, 30 * MINUTE],
  ...[2, 5, 10, 14, 20, 24].map((hours) => hours * HOUR),
];
/** A delay grows by up to this share, so that those who failed together do not come back together. */
const JITTER = 0.1;
const RETRY_AFTER_MOST_MS = 24 * HOUR;
/** How long a receiver that says "too many" without saying until when is left alone. */
const HOLD_MOST_MS = MINUTE;
const FAILING_MS = 5 * 24 * HOUR;

const GONE = 410;
const TOO_MANY: readonly number[] = [429, 502, 504];

export interface AttemptParts {
  post: Post;
  clock: Clock;
  /** From 0 to 1. */
  random: () => number;
  secretsKey: string;
  version: string;
}

export interface FinishedAttempt extends Omit<PostOutcome, 'retryAfter'> {
  delivery: ClaimedDelivery;
  at: Date;
  durationMs: number;
  verdict: Verdict;
}

export async function attemptDelivery(
  delivery: ClaimedDelivery,
  parts: AttemptParts,
  signal: AbortSignal,
): Promise<FinishedAttempt> {
  const at = parts.clock.now();
  const startedAt = performance.now();
  const { retryAfter, ...outcome } = await send(delivery, at, parts, signal);
  const once = delivery.event.type === TEST_EVENT;
  const attempted = { attemptsMade: delivery.attemptsMade + 1, status: outcome.status, retryAfter, once };
  return {
    delivery,
    at,
    durationMs: Math.round(performance.now() - startedAt),
    ...outcome,
    verdict: afterAttempt(attempted, parts.clock.now(), parts.random()),
  };
}

async function send(
  { url, event, secrets }: ClaimedDelivery,
  at: Date,
  { post, secretsKey, version }: AttemptParts,
  signal: AbortSignal,
): Promise<PostOutcome> {
  const signing = openWebhookSecrets(secrets, secretsKey);
  if (signing.length === 0) return noAnswer('no_secret');
  const { id, type, created_at, data } = event;
  const body = JSON.stringify({ type, timestamp: created_at.toISOString(), data });
  const headers = {
    'content-type': 'application/json',
    'user-agent': `Seed-Webhooks/${version}`,
    ...webhookHeaders(signing, id, at, body),
  };
  return post({ url, headers, body }, signal);
}

export interface Attempted extends Pick<PostOutcome, 'status' | 'retryAfter'> {
  /** On the present schedule, with this one. */
  attemptsMade: number;
  /** A test is tried once. */
  once: boolean;
}

export interface Verdict {
  status: 'delivered' | 'pending' | 'failed';
  /** With `pending`. */
  nextAttemptAt: Date | null;
  /** The endpoint is no longer interested: nothing is sent there any more. */
  gone: boolean;
  /** Until then nothing else is sent to the endpoint either. */
  holdUntil: Date | null;
}

/** @param random from 0 to 1 */
export function afterAttempt(attempted: Attempted, now: Date, random: number): Verdict {
  const { status, attemptsMade, once } = attempted;
  if (status !== null && status >= 200 && status < 300)
    return { status: 'delivered', nextAttemptAt: null, gone: false, holdUntil: null };
  const askedMs = retryAfterMs(attempted.retryAfter, now);
  const waitMs = askedMs === null ? null : Math.min(askedMs, RETRY_AFTER_MOST_MS);
  const gone = status === GONE;
  const delayMs = RETRY_DELAYS_MS[attemptsMade - 1];
  const jittered = delayMs === undefined ? 0 : delayMs * (1 + JITTER * random);
  const tooMany = status !== null && TOO_MANY.includes(status);
  const holdMs = waitMs ?? (tooMany ? Math.min(jittered, HOLD_MOST_MS) : 0);
  const holdUntil = holdMs > 0 ? after(now, holdMs) : null;
  if (gone || once || delayMs === undefined) return { status: 'failed', nextAttemptAt: null, gone, holdUntil };
  const nextAttemptAt = after(now, Math.max(jittered, waitMs ?? 0));
  return { status: 'pending', nextAttemptAt, gone, holdUntil };
}

/** Whether an endpoint has failed for so long that it is to be switched off. */
export function hasFailedTooLong(failingSince: Date, now: Date): boolean {
  return now.getTime() - failingSince.getTime() >= FAILING_MS;
}

function after(now: Date, ms: number): Date {
  return new Date(now.getTime() + Math.round(ms));
}
