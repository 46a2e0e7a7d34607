// What a webhook is: its URL, what it is for, and the events it wants. For a new one and for changing one.
import { type ComponentProps, type FormEvent, useState } from 'react';
import type { WebhookEventType } from '../../../../src/protocol/webhook.ts';
import { useCommand } from '../../api/use-command.ts';
import { Button } from '../../ui/button.tsx';
import { Checkbox, Field } from '../../ui/fields.tsx';
import { ErrorNotice } from '../../ui/states.tsx';
import { groupTypes, isWithin, type TypeGroup, toggled } from './filters.ts';

interface WebhookValues {
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

interface EventTypeChoiceProps {
  types: readonly WebhookEventType[];
  /** Patterns: `*`, `task.*`, `task.completed`. */
  chosen: readonly string[];
  onChange(chosen: string[]): void;
}

/** Which events a webhook wants: all, or those of a checklist. */
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

interface GroupProps {
  group: TypeGroup;
  chosen: readonly string[];
  onChange(chosen: string[]): void;
}

function Group({ group: { pattern, types }, chosen, onChange }: GroupProps) {
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
