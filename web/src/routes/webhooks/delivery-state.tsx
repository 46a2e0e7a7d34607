// What became of a delivery, and of one attempt, in a word.
import type {
  AttemptError,
  DeliveryStatus,
  WebhookAttempt,
  WebhookDelivery,
} from '../../../../src/protocol/webhook.ts';
import { Badge, Status, type Tone } from '../../ui/badge.tsx';

export const DELIVERY_STATUS_NAMES: Record<DeliveryStatus, string> = {
  pending: 'Pending',
  delivered: 'Delivered',
  failed: 'Failed',
};

const TONES: Record<DeliveryStatus, Tone> = { pending: 'info', delivered: 'ok', failed: 'bad' };

const ERRORS: Record<AttemptError, string> = {
  name_not_resolved: 'name not found',
  address_not_allowed: 'address not allowed',
  connection_failed: 'no connection',
  tls_failed: 'TLS failed',
  timeout: 'no answer in time',
  broken_answer: 'broken answer',
  no_secret: 'no secret to sign with',
};

export function DeliveryState({ delivery: { status } }: { delivery: Pick<WebhookDelivery, 'status'> }) {
  return (
    <Status tone={TONES[status]} live={status === 'pending'}>
      {DELIVERY_STATUS_NAMES[status]}
    </Status>
  );
}

/** 2xx is the only success. */
export function AttemptOutcome({ attempt: { status, error } }: { attempt: WebhookAttempt }) {
  const good = status !== null && status >= 200 && status < 300;
  return (
    <Badge tone={good ? 'ok' : 'bad'}>{status === null ? ERRORS[error ?? 'broken_answer'] : status}</Badge>
  );
}
