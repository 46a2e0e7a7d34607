// Switches a webhook off, after asking: what waits for it has failed then.
import { useAction } from '../../api/use-command.ts';
import { ConfirmDialog } from '../../ui/confirm-dialog.tsx';
import { toast } from '../../ui/toast.tsx';
import type { EndpointDialogProps } from './endpoint-dialog.ts';

export function SwitchOff({ webhook, onClose }: EndpointDialogProps) {
  const update = useAction('webhooks update');
  const onSuccess = () => {
    toast('The webhook is off');
    onClose();
  };
  return (
    <ConfirmDialog
      title="Switch the webhook off?"
      open
      onClose={onClose}
      action="Switch off"
      onConfirm={() => update.mutate({ id: webhook.id, enabled: false }, { onSuccess })}
      busy={update.isPending}
      error={update.error}
    >
      <p className="wrap-anywhere">
        Nothing is sent to <strong className="font-medium">{webhook.url}</strong> until it is switched on
        again. What waits for it now has failed; you can replay it later.
      </p>
    </ConfirmDialog>
  );
}
