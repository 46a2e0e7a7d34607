// What can be done with a webhook, as far as the key may; each asks in a dialog of its own.

import { Link, useNavigate } from '@tanstack/react-router';
import { type FormEvent, useEffect, useRef, useState } from 'react';
import type { Webhook } from '../../../../src/protocol/webhook.ts';
import { useAction, useSeed } from '../../api/use-command.ts';
import { Button, buttonLook } from '../../ui/button.tsx';
import { ConfirmDialog, Dialog } from '../../ui/dialog.tsx';
import { SelectField } from '../../ui/fields.tsx';
import { ErrorNotice, SkeletonRows } from '../../ui/states.tsx';
import { toast } from '../../ui/toast.tsx';
import { SecretDialog } from './create-webhook.tsx';
import { AttemptList, DeliveryState } from './delivery-table.tsx';
import { WebhookForm } from './webhook-form.tsx';

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

interface EndpointDialogProps {
  webhook: Webhook;
  onClose(): void;
}

/** Sends a test event as soon as it is opened, and shows what the receiver answered. */
function TestWebhook({ webhook, onClose }: EndpointDialogProps) {
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

/** Changes a webhook: its URL, what it is for, the events it wants. */
function EditWebhook({ webhook, onClose }: EndpointDialogProps) {
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

const GRACES = [
  { value: '24h', label: 'for 24 hours' },
  { value: '1h', label: 'for an hour' },
  { value: '7d', label: 'for 7 days' },
  { value: '0m', label: 'not at all: it is known to others' },
];

/** Gives a webhook a new secret: for how long the one before signs as well, then the new one, this once. */
function RotateSecret({ webhook, onClose }: EndpointDialogProps) {
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
  const submit = (event: FormEvent) => {
    event.preventDefault();
    rotate.mutate({ id: webhook.id, grace });
  };
  return (
    <Dialog title="Rotate the secret" open onClose={onClose}>
      <form onSubmit={submit} className="flex flex-col gap-4 px-6 py-4">
        <p>Deliveries are signed with a new secret from now on, which is shown once.</p>
        <SelectField
          label="The secret before signs as well"
          value={grace}
          options={GRACES}
          onChange={setGrace}
        />
        {rotate.error && <ErrorNotice error={rotate.error} />}
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="primary" type="submit" busy={rotate.isPending}>
            Rotate
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

/** Switches a webhook off, after asking: what waits for it has failed then. */
function SwitchOff({ webhook, onClose }: EndpointDialogProps) {
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

/** Deletes a webhook, after asking, and leads back to the list. */
function DeleteWebhook({ webhook, onClose }: EndpointDialogProps) {
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
