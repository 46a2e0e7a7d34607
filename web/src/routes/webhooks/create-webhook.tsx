// A new webhook: the form, then its secret, this once.

import { useState } from 'react';
import { useAction } from '../../api/use-command.ts';
import { Button } from '../../ui/button.tsx';
import { CodeBlock } from '../../ui/code.tsx';
import { Dialog } from '../../ui/dialog.tsx';
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

interface SecretDialogProps {
  title: string;
  secret: string;
  /** What else to know of it. */
  note?: string;
  onClose(): void;
}

const CHECK = `import { Webhook } from 'standardwebhooks';
const event = new Webhook(process.env.SEED_WEBHOOK_SECRET)
  .verify(rawBody, request.headers);`;

/** A secret that was just made. It is shown this once, so leaving takes a second word. */
export function SecretDialog({ title, secret, note, onClose }: SecretDialogProps) {
  const [leaving, setLeaving] = useState(false);
  return (
    <Dialog title={title} open onClose={() => (leaving ? onClose() : setLeaving(true))}>
      <div className="flex flex-col gap-4 px-6 py-4">
        <p>
          Deliveries are signed with this secret. <strong>It is shown now and never again</strong>: keep it
          where your receiver finds it.
        </p>
        <CodeBlock text={secret} label="Copy the secret" />
        {note && <p className="text-muted">{note}</p>}
        <div className="flex flex-col gap-1">
          <p className="text-sm font-medium">How your receiver checks the signature</p>
          <CodeBlock text={CHECK} label="Copy the code" />
        </div>
        {leaving && (
          <p role="alert" className="rounded-lg bg-warn-soft px-3 py-2 text-warn">
            Have you kept it? Close once more to leave; “Rotate the secret” makes another.
          </p>
        )}
        <Button kind="primary" className="self-end" onClick={onClose}>
          I have kept it
        </Button>
      </div>
    </Dialog>
  );
}
