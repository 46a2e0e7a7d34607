import type { AttemptError, DeliveryStatus, DisabledReason } from '../protocol/webhook.ts';
import type { Defaulted, Json } from './columns.ts';

export interface WebhookTables {
  webhook_endpoints: {
    id: string;
    account_id: string;
    url: string;
    description: string;
    event_types: string[];
    enabled: boolean;
    disabled_reason: DisabledReason | null;
    failing_since: Defaulted<Date | null>;
    held_until: Defaulted<Date | null>;
    created_at: Date;
    updated_at: Date;
  };
  webhook_secrets: {
    id: string;
    account_id: string;
    endpoint_id: string | null;
    sealed: Buffer;
    created_at: Date;
    works_until: Defaulted<Date | null>;
  };
  webhook_events: {
    id: string;
    account_id: string;
    type: string;
    created_at: Date;
    data: Json<Record<string, unknown>>;
    url: string | null;
    only_endpoint_id: string | null;
    position: Defaulted<number | null>;
    task_id: Defaulted<string | null>;
  };
  webhook_deliveries: {
    id: string;
    account_id: string;
    event_id: string;
    endpoint_id: string | null;
    url: string;
    lane: string;
    created_at: Date;
    status: DeliveryStatus;
    attempts_made: Defaulted<number>;
    next_attempt_at: Date | null;
    claim_id: Defaulted<string | null>;
    completed_at: Defaulted<Date | null>;
  };
  webhook_attempts: {
    id: string;
    account_id: string;
    delivery_id: string;
    created_at: Date;
    duration_ms: number;
    status: number | null;
    error: AttemptError | null;
    answer: string;
  };
}
