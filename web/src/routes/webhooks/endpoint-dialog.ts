// What each dialog about one webhook is given.
import type { Webhook } from '../../../../src/protocol/webhook.ts';

export interface EndpointDialogProps {
  webhook: Webhook;
  onClose(): void;
}
