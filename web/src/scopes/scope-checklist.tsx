// The scopes that a key has as a checklist, by noun, each with the commands that it allows.
import { useId } from 'react';
import { EffectBadge } from '../ui/badge.tsx';
import { Checkbox } from '../ui/fields.tsx';
import { type ScopeGroup, type ScopeWithCommands, worstEffect } from './scope-groups.ts';

interface ScopeChecklistProps {
  groups: readonly ScopeGroup[];
  chosen: readonly string[];
  onChange(chosen: string[]): void;
}

export function ScopeChecklist({ groups, chosen, onChange }: ScopeChecklistProps) {
  const set = (scopes: readonly string[], on: boolean) => {
    const others = chosen.filter((scope) => !scopes.includes(scope));
    onChange(on ? [...others, ...scopes].sort() : others);
  };
  return (
    <div className="divide-y divide-line rounded-lg border border-line bg-surface">
      {groups.map((group) => (
        <Group key={group.noun} group={group} chosen={chosen} set={set} />
      ))}
    </div>
  );
}

interface GroupProps {
  group: ScopeGroup;
  chosen: readonly string[];
  set(scopes: readonly string[], on: boolean): void;
}

function Group({ group: { noun, scopes }, chosen, set }: GroupProps) {
  const id = useId();
  const names = scopes.map(({ scope }) => scope);
  const count = names.filter((scope) => chosen.includes(scope)).length;
  return (
    <fieldset
      aria-labelledby={id}
      className="grid gap-x-4 gap-y-1.5 px-4 py-2 sm:grid-cols-[8.5rem_minmax(0,1fr)]"
    >
      <div>
        <Checkbox
          checked={count === names.length}
          indeterminate={count > 0 && count < names.length}
          onChange={(on) => set(names, on)}
          aria-label={`All scopes of ${noun}`}
        >
          <span id={id} className="font-medium">
            {noun}
          </span>
        </Checkbox>
      </div>
      <div className="flex flex-col gap-1">
        {scopes.map((one) => (
          <Scope key={one.scope} one={one} on={chosen.includes(one.scope)} set={set} />
        ))}
      </div>
    </fieldset>
  );
}

interface ScopeProps {
  one: ScopeWithCommands;
  on: boolean;
  set: GroupProps['set'];
}

function Scope({ one: { scope, commands }, on, set }: ScopeProps) {
  return (
    <Checkbox checked={on} onChange={(checked) => set([scope], checked)}>
      <span className="flex flex-wrap items-center gap-x-2">
        <span className="font-mono text-sm">{scope}</span>
        <EffectBadge effect={worstEffect(commands)} />
        <span className="text-sm text-muted">{commands.map(({ name }) => name).join(', ')}</span>
      </span>
    </Checkbox>
  );
}
