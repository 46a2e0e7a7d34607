// A new webhook: the form, then its secret, this once.
import { useAction } from '../../api/use-command.ts';
import { Dialog } from '../../ui/dialog.tsx';
import { SecretDialog } from './secret-dialog.tsx';
import { WebhookForm } from './webhook-form.tsx';

export function CreateWebhook({ onClose }: { onClose(): void }) {
  const create = useAction('webhooks create');
  if (create.data)
    return <SecretDialog title="The webhook is made" secret={create.data.secret} onClose={onClose} />;
  return (
    <Dialog title="New webhook" open onClose={onClose}>
      <WebhookForm
        action="Create the webhook"
        initial={{ url: '', description: '', events: ['*'] }}
        busy={create.isPending}
        error={create.error}
        onCancel={onClose}
        onSubmit={(values) => create.mutate(values)}
      />
    </Dialog>
  );
}
