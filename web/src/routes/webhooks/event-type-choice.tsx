// Which events a webhook wants: all, or those of a checklist.
import type { ReactNode } from 'react';
import type { WebhookEventType } from '../../../../src/protocol/webhook.ts';
import { groupTypes, isWithin, type TypeGroup, toggled } from './type-patterns.ts';

interface EventTypeChoiceProps {
  types: readonly WebhookEventType[];
  /** Patterns: `*`, `task.*`, `task.completed`. */
  chosen: readonly string[];
  onChange(chosen: string[]): void;
}

export function EventTypeChoice({ types, chosen, onChange }: EventTypeChoiceProps) {
  const all = chosen.includes('*');
  return (
    <fieldset className="flex flex-col gap-2">
      <legend className="mb-1 font-medium">Events</legend>
      <div className="flex gap-5">
        <Choice kind="radio" checked={all} onChange={() => onChange(['*'])}>
          All
        </Choice>
        <Choice kind="radio" checked={!all} onChange={() => all && onChange(['task.*'])}>
          Only these
        </Choice>
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
      <Choice kind="checkbox" checked={chosen.includes(pattern)} onChange={toggle(pattern)}>
        <span className="font-mono text-sm font-medium">{pattern}</span>
      </Choice>
      <div className="flex flex-col gap-1 pl-6">
        {types.map(({ name, summary }) => {
          const within = chosen.some((one) => isWithin(name, one));
          return (
            <Choice
              key={name}
              kind="checkbox"
              checked={within || chosen.includes(name)}
              disabled={within}
              onChange={toggle(name)}
            >
              <span className="font-mono text-sm">{name}</span>
              <span className="block text-sm text-muted">{summary}</span>
            </Choice>
          );
        })}
      </div>
    </div>
  );
}

interface ChoiceProps {
  kind: 'radio' | 'checkbox';
  checked: boolean;
  disabled?: boolean;
  onChange(on: boolean): void;
  children: ReactNode;
}

function Choice({ kind, checked, disabled = false, onChange, children }: ChoiceProps) {
  return (
    <label className="flex items-baseline gap-2">
      <input
        type={kind}
        {...(kind === 'radio' && { name: 'which-events' })}
        checked={checked}
        disabled={disabled}
        onChange={(event) => onChange(event.currentTarget.checked)}
        className="size-3.5 shrink-0 translate-y-0.5 accent-accent"
      />
      <span className="min-w-0">{children}</span>
    </label>
  );
}
