// What can be done with a webhook, as far as the key may; each asks in a dialog of its own.
import { useState } from 'react';
import type { Webhook } from '../../../../src/protocol/webhook.ts';
import { useSeed } from '../../api/seed-context.ts';
import { useAction } from '../../api/use-command.ts';
import { Button } from '../../ui/button.tsx';
import { toast } from '../../ui/toast.tsx';
import { DeleteWebhook } from './delete-webhook.tsx';
import { EditWebhook } from './edit-webhook.tsx';
import { RotateSecret } from './rotate-secret.tsx';
import { SwitchOff } from './switch-off.tsx';
import { TestWebhook } from './test-webhook.tsx';

const DIALOGS = {
  test: TestWebhook,
  edit: EditWebhook,
  rotate: RotateSecret,
  off: SwitchOff,
  delete: DeleteWebhook,
};

export function EndpointActions({ webhook }: { webhook: Webhook }) {
  const { may } = useSeed();
  const [open, setOpen] = useState<keyof typeof DIALOGS | null>(null);
  const switchOn = useAction('webhooks update');
  const Asked = open && DIALOGS[open];
  const turnOn = () =>
    switchOn.mutate(
      { id: webhook.id, enabled: true },
      {
        onSuccess: () => toast('The webhook is on'),
        onError: ({ message }) => toast(`It is still off: ${message}`),
      },
    );
  return (
    <>
      {may('webhooks test') && <Button onClick={() => setOpen('test')}>Send a test</Button>}
      {may('webhooks update') && (
        <>
          <Button onClick={() => setOpen('edit')}>Edit</Button>
          {webhook.enabled ? (
            <Button onClick={() => setOpen('off')}>Switch off</Button>
          ) : (
            <Button busy={switchOn.isPending} onClick={turnOn}>
              Switch on
            </Button>
          )}
        </>
      )}
      {may('webhooks rotate') && <Button onClick={() => setOpen('rotate')}>Rotate the secret</Button>}
      {may('webhooks delete') && (
        <Button kind="danger" onClick={() => setOpen('delete')}>
          Delete
        </Button>
      )}
      {Asked && <Asked webhook={webhook} onClose={() => setOpen(null)} />}
    </>
  );
}
