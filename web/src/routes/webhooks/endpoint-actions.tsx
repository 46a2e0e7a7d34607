// What can be done with a webhook, as far as the key may; each asks in a dialog of its own.
import { Link, useNavigate } from '@tanstack/react-router';
import { useEffect, useRef, useState } from 'react';
import type { Webhook } from '../../../../src/protocol/webhook.ts';
import { useAction, useSeed } from '../../api/use-command.ts';
import { Button, buttonLook } from '../../ui/button.tsx';
import { Dialog, FormDialog } from '../../ui/dialog.tsx';
import { SelectField } from '../../ui/fields.tsx';
import { ErrorNotice, SkeletonRows } from '../../ui/states.tsx';
import { toast, toastThen } from '../../ui/toast.tsx';
import { EditWebhook, SecretDialog } from './webhook-dialogs.tsx';
import { AttemptList, DeliveryState } from './webhooks-frame.tsx';

const DIALOGS = {
  test: TestWebhook,
  edit: EditWebhook,
  rotate: RotateSecret,
  off: SwitchOff,
  delete: DeleteWebhook,
};

interface WebhookDialogProps {
  webhook: Webhook;
  onClose(): void;
}

export function EndpointActions({ webhook }: { webhook: Webhook }) {
  const { may } = useSeed();
  const [open, setOpen] = useState<keyof typeof DIALOGS | null>(null);
  const switchOn = useAction('webhooks update');
  const OpenDialog = open && DIALOGS[open];
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
      {OpenDialog && <OpenDialog webhook={webhook} onClose={() => setOpen(null)} />}
    </>
  );
}

/** Sends a test event as soon as it is opened, and shows what the receiver answered. */
function TestWebhook({ webhook, onClose }: WebhookDialogProps) {
  const test = useAction('webhooks test');
  const { mutate } = test;
  const sent = useRef(false);
  useEffect(() => {
    // Once, also where effects are run twice to find mistakes.
    if (sent.current) return;
    sent.current = true;
    mutate({ id: webhook.id });
  }, [mutate, webhook.id]);
  const delivery = test.data?.delivery;
  return (
    <Dialog title="A test event" open onClose={onClose}>
      <div className="flex flex-col gap-4 px-6 py-4">
        {test.error && <ErrorNotice error={test.error} retry={() => mutate({ id: webhook.id })} />}
        {!delivery && !test.error && (
          <>
            <p className="text-muted wrap-anywhere">Sending it to {webhook.url} …</p>
            <SkeletonRows rows={1} />
          </>
        )}
        {delivery && (
          <>
            <p role="status">
              <DeliveryState delivery={delivery} />
            </p>
            <AttemptList attempts={delivery.attempts} />
          </>
        )}
        <div className="flex justify-end gap-2">
          {delivery && (
            <Link to="/webhooks/deliveries/$id" params={{ id: delivery.id }} className={buttonLook('quiet')}>
              Open the delivery
            </Link>
          )}
          <Button onClick={onClose}>Close</Button>
        </div>
      </div>
    </Dialog>
  );
}

const GRACES = [
  { value: '24h', label: 'for 24 hours' },
  { value: '1h', label: 'for an hour' },
  { value: '7d', label: 'for 7 days' },
  { value: '0m', label: 'not at all: it is known to others' },
];

/** Asks for how long the present secret signs as well, then shows the new one, this once. */
function RotateSecret({ webhook, onClose }: WebhookDialogProps) {
  const rotate = useAction('webhooks rotate');
  const [grace, setGrace] = useState('24h');
  if (rotate.data) {
    const { secret } = rotate.data;
    const note =
      grace === '0m'
        ? 'The one before signs nothing any more.'
        : 'Until the one before ends, deliveries are signed with both.';
    return <SecretDialog title="The new secret" secret={secret} note={note} onClose={onClose} />;
  }
  return (
    <FormDialog
      title="Rotate the secret"
      onClose={onClose}
      submit="Rotate"
      action={rotate}
      onSubmit={() => rotate.mutate({ id: webhook.id, grace })}
    >
      <p>Deliveries are signed with a new secret from now on, which is shown once.</p>
      <SelectField label="The secret before signs as well" value={grace} options={GRACES} onChange={setGrace} />
    </FormDialog>
  );
}

function SwitchOff({ webhook: { id, url }, onClose }: WebhookDialogProps) {
  const update = useAction('webhooks update');
  const onSuccess = toastThen('The webhook is off', onClose);
  return (
    <FormDialog
      title="Switch the webhook off?"
      onClose={onClose}
      submit="Switch off"
      kind="danger"
      action={update}
      onSubmit={() => update.mutate({ id, enabled: false }, { onSuccess })}
    >
      <p className="wrap-anywhere">
        Nothing is sent to <strong className="font-medium">{url}</strong> until it is switched on again. What waits
        for it now has failed; you can replay it later.
      </p>
    </FormDialog>
  );
}

function DeleteWebhook({ webhook: { id, url }, onClose }: WebhookDialogProps) {
  const remove = useAction('webhooks delete');
  const navigate = useNavigate();
  const onSuccess = toastThen('The webhook is deleted', () => void navigate({ to: '/webhooks' }));
  return (
    <FormDialog
      title="Delete the webhook?"
      onClose={onClose}
      submit="Delete the webhook"
      kind="danger"
      action={remove}
      onSubmit={() => remove.mutate({ id }, { onSuccess })}
    >
      <p className="wrap-anywhere">
        Nothing is sent to <strong className="font-medium">{url}</strong> any more, and what waits for it is not
        delivered. The history stays. This cannot be undone: another webhook has another secret.
      </p>
    </FormDialog>
  );
}
