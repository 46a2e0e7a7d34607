// Gives a webhook a new secret: for how long the one before signs as well, then the new one, this once.
import { type FormEvent, useState } from 'react';
import { useAction } from '../../api/use-command.ts';
import { Button } from '../../ui/button.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { SelectField } from '../../ui/select-field.tsx';
import { ErrorNotice } from '../../ui/states.tsx';
import type { EndpointDialogProps } from './endpoint-dialog.ts';
import { SecretDialog } from './secret-dialog.tsx';

const GRACES = [
  { value: '24h', label: 'for 24 hours' },
  { value: '1h', label: 'for an hour' },
  { value: '7d', label: 'for 7 days' },
  { value: '0m', label: 'not at all: it is known to others' },
];

export function RotateSecret({ webhook, onClose }: EndpointDialogProps) {
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
