// What a webhook is: its URL, what it is for, and the events it wants. For a new one and for changing one.
import { type FormEvent, useState } from 'react';
import { useCommand } from '../../api/use-command.ts';
import { Button } from '../../ui/button.tsx';
import { Field } from '../../ui/field.tsx';
import { ErrorNotice } from '../../ui/states.tsx';
import { EventTypeChoice } from './event-type-choice.tsx';

export interface WebhookValues {
  url: string;
  description: string;
  events: string[];
}

interface WebhookFormProps {
  initial: WebhookValues;
  /** The button. */
  action: string;
  busy: boolean;
  error: Error | null;
  onCancel(): void;
  onSubmit(values: WebhookValues): void;
}

export function WebhookForm({ initial, action, busy, error, onCancel, onSubmit }: WebhookFormProps) {
  const [values, setValues] = useState(initial);
  const types = useCommand('webhooks types list', {});
  const set = (change: Partial<WebhookValues>) => setValues({ ...values, ...change });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    onSubmit({ ...values, url: values.url.trim() });
  };
  return (
    <form onSubmit={submit} className="flex flex-col gap-5 px-6 py-4">
      <Field
        label="URL"
        type="url"
        required
        autoFocus
        placeholder="https://example.com/hooks"
        hint="http or https, a public address"
        autoComplete="off"
        value={values.url}
        onChange={(event) => set({ url: event.currentTarget.value })}
      />
      <Field
        label="Description"
        placeholder="What it is for"
        maxLength={500}
        autoComplete="off"
        value={values.description}
        onChange={(event) => set({ description: event.currentTarget.value })}
      />
      <EventTypeChoice
        types={types.data?.items ?? []}
        chosen={values.events}
        onChange={(events) => set({ events })}
      />
      {error && <ErrorNotice error={error} />}
      <div className="flex justify-end gap-2">
        <Button onClick={onCancel}>Cancel</Button>
        <Button kind="primary" type="submit" busy={busy} disabled={values.events.length === 0}>
          {action}
        </Button>
      </div>
    </form>
  );
}
