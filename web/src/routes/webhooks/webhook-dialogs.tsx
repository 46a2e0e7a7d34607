// The form of a webhook, new or changed: its URL, what it is for, the events it wants. Then its secret.
import { type ComponentProps, useState } from 'react';
import type { Webhook, WebhookEventType } from '../../../../src/protocol/webhook.ts';
import { useAction, useCommand } from '../../api/use-command.ts';
import { Button } from '../../ui/button.tsx';
import { CodeBlock } from '../../ui/code.tsx';
import { Dialog, FormDialog } from '../../ui/dialog.tsx';
import { Checkbox, Field } from '../../ui/fields.tsx';
import { toastThen } from '../../ui/toast.tsx';
import { groupTypes, isWithin, type TypeGroup, toggled } from './filters.ts';

type WebhookValues = Pick<Webhook, 'url' | 'description' | 'events'>;

export function CreateWebhook({ onClose }: { onClose(): void }) {
  const create = useAction('webhooks create');
  if (create.data)
    return <SecretDialog title="The webhook is made" secret={create.data.secret} onClose={onClose} />;
  return (
    <WebhookForm
      title="New webhook"
      submit="Create the webhook"
      initial={{ url: '', description: '', events: ['*'] }}
      action={create}
      onClose={onClose}
      onSubmit={(values) => create.mutate(values)}
    />
  );
}

export function EditWebhook({ webhook, onClose }: { webhook: Webhook; onClose(): void }) {
  const { id, url, description, events } = webhook;
  const update = useAction('webhooks update');
  const onSuccess = toastThen('The webhook is changed', onClose);
  return (
    <WebhookForm
      title="Edit the webhook"
      submit="Save"
      initial={{ url, description, events }}
      action={update}
      onClose={onClose}
      onSubmit={(values) => update.mutate({ id, ...values }, { onSuccess })}
    />
  );
}

interface WebhookFormProps {
  title: string;
  submit: string;
  initial: WebhookValues;
  action: { isPending: boolean; error: Error | null };
  onClose(): void;
  onSubmit(values: WebhookValues): void;
}

function WebhookForm({ initial, onSubmit, ...dialog }: WebhookFormProps) {
  const [values, setValues] = useState(initial);
  const types = useCommand('webhooks types list', {});
  const set = (change: Partial<WebhookValues>) => setValues({ ...values, ...change });
  return (
    <FormDialog
      {...dialog}
      disabled={values.events.length === 0}
      onSubmit={() => onSubmit({ ...values, url: values.url.trim() })}
    >
      <Field
        label="URL"
        type="url"
        required
        autoFocus
        placeholder="https://example.com/hooks"
        hint="http or https, a public address"
        autoComplete="off"
        value={values.url}
        onChange={(url) => set({ url })}
      />
      <Field
        label="Description"
        placeholder="What it is for"
        maxLength={500}
        autoComplete="off"
        value={values.description}
        onChange={(description) => set({ description })}
      />
      <EventTypeChoice
        types={types.data?.items ?? []}
        chosen={values.events}
        onChange={(events) => set({ events })}
      />
    </FormDialog>
  );
}

interface SecretDialogProps {
  title: string;
  secret: string;
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
          Deliveries are signed with this secret. <strong>It is shown now and never again</strong>: keep it where
          your receiver finds it.
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

interface EventTypeChoiceProps {
  types: readonly WebhookEventType[];
  /** Patterns such as `*`, `task.*` and `task.completed`. */
  chosen: readonly string[];
  onChange(chosen: string[]): void;
}

function EventTypeChoice({ types, chosen, onChange }: EventTypeChoiceProps) {
  const all = chosen.includes('*');
  return (
    <fieldset className="flex flex-col gap-2">
      <legend className="mb-1 font-medium">Events</legend>
      <div className="flex gap-5">
        <Radio checked={all} onChange={() => onChange(['*'])}>
          All
        </Radio>
        <Radio checked={!all} onChange={() => all && onChange(['task.*'])}>
          Only these
        </Radio>
      </div>
      {!all && (
        <div className="flex max-h-72 flex-col gap-3 overflow-y-auto rounded-lg border border-line bg-canvas p-3">
          {groupTypes(types, chosen).map((group) => (
            <Group key={group.pattern} group={group} chosen={chosen} onChange={onChange} />
          ))}
          {chosen.length === 0 && <p className="text-sm text-warn">Choose at least one.</p>}
        </div>
      )}
    </fieldset>
  );
}

function Group({
  group: { pattern, types },
  chosen,
  onChange,
}: Omit<EventTypeChoiceProps, 'types'> & { group: TypeGroup }) {
  const toggle = (one: string) => (on: boolean) => onChange(toggled(chosen, one, on));
  return (
    <div className="flex flex-col gap-1">
      <Checkbox checked={chosen.includes(pattern)} onChange={toggle(pattern)}>
        <span className="font-mono text-sm font-medium">{pattern}</span>
      </Checkbox>
      <div className="flex flex-col gap-1 pl-6">
        {types.map(({ name, summary }) => {
          const within = chosen.some((one) => isWithin(name, one));
          return (
            <Checkbox
              key={name}
              checked={within || chosen.includes(name)}
              disabled={within}
              onChange={toggle(name)}
            >
              <span className="font-mono text-sm">{name}</span>
              <span className="block text-sm text-muted">{summary}</span>
            </Checkbox>
          );
        })}
      </div>
    </div>
  );
}

function Radio({ children, ...input }: Pick<ComponentProps<'input'>, 'checked' | 'onChange' | 'children'>) {
  return (
    <label className="flex items-center gap-2">
      <input type="radio" name="which-events" {...input} className="size-4 accent-accent" />
      {children}
    </label>
  );
}
