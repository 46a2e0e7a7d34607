// Changes a webhook: its URL, what it is for, the events it wants.
import { useAction } from '../../api/use-command.ts';
import { Dialog } from '../../ui/dialog.tsx';
import { toast } from '../../ui/toast.tsx';
import type { EndpointDialogProps } from './endpoint-dialog.ts';
import { WebhookForm } from './webhook-form.tsx';

export function EditWebhook({ webhook, onClose }: EndpointDialogProps) {
  const update = useAction('webhooks update');
  const onSuccess = () => {
    toast('The webhook is changed');
    onClose();
  };
  return (
    <Dialog title="Edit the webhook" open onClose={onClose}>
      <WebhookForm
        action="Save"
        initial={{ url: webhook.url, description: webhook.description, events: webhook.events }}
        busy={update.isPending}
        error={update.error}
        onCancel={onClose}
        onSubmit={(values) => update.mutate({ id: webhook.id, ...values }, { onSuccess })}
      />
    </Dialog>
  );
}
