// Deletes a webhook, after asking, and leads back to the list.
import { useNavigate } from '@tanstack/react-router';
import { useAction } from '../../api/use-command.ts';
import { ConfirmDialog } from '../../ui/confirm-dialog.tsx';
import { toast } from '../../ui/toast.tsx';
import type { EndpointDialogProps } from './endpoint-dialog.ts';

export function DeleteWebhook({ webhook, onClose }: EndpointDialogProps) {
  const remove = useAction('webhooks delete');
  const navigate = useNavigate();
  const onSuccess = () => {
    toast('The webhook is deleted');
    void navigate({ to: '/webhooks' });
  };
  return (
    <ConfirmDialog
      title="Delete the webhook?"
      open
      onClose={onClose}
      action="Delete the webhook"
      onConfirm={() => remove.mutate({ id: webhook.id }, { onSuccess })}
      busy={remove.isPending}
      error={remove.error}
    >
      <p className="wrap-anywhere">
        Nothing is sent to <strong className="font-medium">{webhook.url}</strong> any more, and what waits for
        it is not delivered. The history stays. This cannot be undone: another webhook has another secret.
      </p>
    </ConfirmDialog>
  );
}
