// What the webhook commands may use of the server; part of a command's context.
import type { Page } from '../protocol/page.ts';
import type {
  DeliveryStatus,
  Webhook,
  WebhookDelivery,
  WebhookEvent,
  WebhookEventType,
} from '../protocol/webhook.ts';

interface PageRequest {
  limit: number;
  cursor?: string | undefined;
}

interface Span {
  /** ISO-8601, or a span before now. */
  since?: string | undefined;
  until?: string | undefined;
}

export interface WebhookCreation {
  url: string;
  description: string;
  events: string[];
  enabled: boolean;
}

/** What is undefined stays as it is. */
export interface WebhookUpdate {
  url?: string | undefined;
  description?: string | undefined;
  events?: string[] | undefined;
  enabled?: boolean | undefined;
}

export interface WebhookEventFilter extends PageRequest, Span {
  type?: string | undefined;
}

export interface WebhookDeliveryFilter extends PageRequest, Span {
  status?: DeliveryStatus | undefined;
  webhookId?: string | undefined;
  eventId?: string | undefined;
}

export interface WebhookService {
  create(id: string, input: WebhookCreation): Promise<{ webhook: Webhook; secret: string }>;
  list(page: PageRequest): Promise<Page<Webhook>>;
  get(id: string): Promise<Webhook>;
  update(id: string, changes: WebhookUpdate): Promise<Webhook>;
  /** Gives it as it was. */
  delete(id: string): Promise<Webhook>;
  /** @param grace the span for which deliveries are signed with the present secret, too */
  rotate(id: string, grace: string): Promise<{ webhook: Webhook; secret: string }>;
  /** Of the deliveries to the URLs that tasks are run with. */
  rotateDefaultSecret(grace: string): Promise<{ secret: string }>;
  /** Sends it a test event and waits for what comes of it. */
  test(id: string): Promise<WebhookDelivery>;
  listTypes(): WebhookEventType[];
  listEvents(filter: WebhookEventFilter): Promise<Page<WebhookEvent>>;
  getEvent(id: string): Promise<{ event: WebhookEvent; deliveries: WebhookDelivery[] }>;
  /** Events as they happen; with `after` also those that have happened since that place. */
  streamEvents(filter: {
    after?: number | undefined;
    type?: string | undefined;
  }): Promise<AsyncIterable<WebhookEvent & { seq: number }>>;
  listDeliveries(filter: WebhookDeliveryFilter): Promise<Page<WebhookDelivery>>;
  getDelivery(id: string): Promise<WebhookDelivery>;
  replay(id: string): Promise<WebhookDelivery>;
  /** Returns how many are sent again. */
  replayFailed(filter: { since: string; webhookId?: string | undefined }): Promise<number>;
}
