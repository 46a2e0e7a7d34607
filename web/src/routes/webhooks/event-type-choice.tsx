// Which events a webhook wants: all, or those of a checklist.
import type { ComponentProps } from 'react';
import type { WebhookEventType } from '../../../../src/protocol/webhook.ts';
import { Checkbox } from '../../ui/fields.tsx';
import { groupTypes, isWithin, type TypeGroup, toggled } from './filters.ts';

interface EventTypeChoiceProps {
  types: readonly WebhookEventType[];
  /** Patterns such as `*`, `task.*` and `task.completed`. */
  chosen: readonly string[];
  onChange(chosen: string[]): void;
}

export function EventTypeChoice({ types, chosen, onChange }: EventTypeChoiceProps) {
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
