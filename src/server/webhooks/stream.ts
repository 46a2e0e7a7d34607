// The events of an account as they come, from any point, until the reader goes away.

import type { Store } from '../../db/store.ts';
import { matchesType } from '../../protocol/event-types.ts';
import type { WebhookEvent } from '../../protocol/webhook.ts';
import { inPlace } from '../http/stream-slots.ts';
import { newestPosition, readEventsAfter } from './events.ts';

const BATCH = 200;
/** A look at the table even without a notification, should one have been lost with a connection. */
const LOOK_AGAIN_MS = 5_000;

export interface StreamedEvents {
  accountId: string;
  /** Whose places it counts among. */
  keyId: string;
  /** The seq of the last one known; undefined: only new ones. */
  after: number | undefined;
  /** Of which type, or of which types. */
  type: string | undefined;
}

/** @throws SeedError too_many_requests */
export async function streamWebhookEvents(
  store: Store,
  wanted: StreamedEvents,
  signal: AbortSignal,
): Promise<AsyncIterable<WebhookEvent & { seq: number }>> {
  const after = wanted.after ?? (await newestPosition(store.db, wanted.accountId));
  return inPlace(wanted.keyId, follow(store, wanted, after, signal), signal);
}

async function* follow(
  { db, signals }: Store,
  { accountId, type = '*' }: StreamedEvents,
  after: number,
  signal: AbortSignal,
): AsyncGenerator<WebhookEvent & { seq: number }> {
  using changes = signals.subscribe(`webhook-events:${accountId}`);
  let position = after;
  while (!signal.aborted) {
    const events = await readEventsAfter(db, accountId, position, BATCH);
    for (const event of events) {
      position = event.seq ?? position;
      if (matchesType(type, event.type)) yield { ...event, seq: position };
    }
    if (events.length === 0) await changes.next(LOOK_AGAIN_MS, signal);
  }
}
