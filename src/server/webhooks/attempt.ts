// One attempt of one delivery: signed, sent, and judged.

import type { Clock } from '../../lib/clock.ts';
import { webhookHeaders } from '../../lib/standard-webhooks.ts';
import { TEST_EVENT } from '../../protocol/event-types.ts';
import type { ClaimedDelivery } from './claims.ts';
import type { FinishedAttempt } from './outcomes.ts';
import type { Post, PostOutcome } from './post.ts';
import { afterAttempt } from './retry.ts';
import { openWebhookSecrets } from './secrets.ts';

export interface AttemptParts {
  post: Post;
  clock: Clock;
  /** From 0 to 1. */
  random: () => number;
  secretsKey: string;
  version: string;
}

const NO_SECRET: PostOutcome = { status: null, error: 'no_secret', retryAfter: null, answer: '' };

export async function attemptDelivery(
  delivery: ClaimedDelivery,
  parts: AttemptParts,
  signal: AbortSignal,
): Promise<FinishedAttempt> {
  const at = parts.clock.now();
  const startedAt = performance.now();
  const { retryAfter, ...outcome } = await send(delivery, at, parts, signal);
  const attempted = {
    attemptsMade: delivery.attemptsMade + 1,
    status: outcome.status,
    retryAfter,
    once: delivery.event.type === TEST_EVENT,
  };
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
  if (signing.length === 0) return NO_SECRET;
  const { id, type, created_at, data } = event;
  const body = JSON.stringify({ type, timestamp: created_at.toISOString(), data });
  const headers = {
    'content-type': 'application/json',
    'user-agent': `Seed-Webhooks/${version}`,
    ...webhookHeaders(signing, id, at, body),
  };
  return post({ url, headers, body }, signal);
}
