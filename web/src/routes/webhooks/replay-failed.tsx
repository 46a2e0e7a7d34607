// Sends again all that has failed since a time: to one webhook, or to all.
import { type FormEvent, useState } from 'react';
import { useAction } from '../../api/use-command.ts';
import { Button } from '../../ui/button.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { SelectField } from '../../ui/select-field.tsx';
import { ErrorNotice } from '../../ui/states.tsx';
import { toast } from '../../ui/toast.tsx';
import { EndpointChoice } from './endpoint-choice.tsx';

const SINCE = [
  { value: '1h', label: 'In the last hour' },
  { value: '24h', label: 'In the last 24 hours' },
  { value: '7d', label: 'In the last 7 days' },
  { value: '30d', label: 'In the last 30 days' },
  { value: '90d', label: 'In the last 90 days' },
];

/** @param webhookId what is chosen at first; empty: all */
export function ReplayFailed({ webhookId, onClose }: { webhookId: string; onClose(): void }) {
  const replay = useAction('webhooks deliveries replay-failed');
  const [since, setSince] = useState('24h');
  const [webhook, setWebhook] = useState(webhookId);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    replay.mutate(
      { since, ...(webhook && { webhookId: webhook }) },
      {
        onSuccess: ({ replayed }) => {
          toast(told(replayed));
          onClose();
        },
      },
    );
  };
  return (
    <Dialog title="Replay failed deliveries" open onClose={onClose}>
      <form onSubmit={submit} className="flex flex-col gap-4 px-6 py-4">
        <p>
          Each is sent again at once, with all its retries and the{' '}
          <code className="font-mono text-sm">webhook-id</code> it had. Those to webhooks that are off stay as
          they are.
        </p>
        <SelectField label="Made" value={since} options={SINCE} onChange={setSince} />
        <EndpointChoice value={webhook} onChange={setWebhook} />
        {replay.error && <ErrorNotice error={replay.error} />}
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="primary" type="submit" busy={replay.isPending}>
            Send them again
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

function told(replayed: number): string {
  if (replayed === 0) return 'Nothing has failed in this time';
  return replayed === 1 ? 'One delivery is sent again' : `${replayed} deliveries are sent again`;
}
