// The scopes that a key has, told from the commands that it may use: by noun, and as a checklist.
import { useId } from 'react';
import type { Effect, ManifestCommand } from '../../../src/protocol/manifest.ts';
import { EffectBadge } from '../ui/badge.tsx';
import { Checkbox } from '../ui/fields.tsx';

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
        {scopes.map(({ scope, commands }) => (
          <Checkbox key={scope} checked={chosen.includes(scope)} onChange={(on) => set([scope], on)}>
            <span className="flex flex-wrap items-center gap-x-2">
              <span className="font-mono text-sm">{scope}</span>
              <EffectBadge effect={worstEffect(commands)} />
              <span className="text-sm text-muted">{commands.map(({ name }) => name).join(', ')}</span>
            </span>
          </Checkbox>
        ))}
      </div>
    </fieldset>
  );
}

export interface ScopeWithCommands {
  scope: string;
  commands: ManifestCommand[];
}

export interface ScopeGroup {
  /** What the scopes are about, such as `keys` of `keys:read`. */
  noun: string;
  scopes: ScopeWithCommands[];
}

export function scopeGroups(commands: readonly ManifestCommand[]): ScopeGroup[] {
  const byScope = Map.groupBy(
    commands.filter((command) => command.scope !== null),
    ({ scope }) => scope ?? '',
  );
  const scopes = [...byScope].map(([scope, members]) => ({ scope, commands: members }));
  scopes.sort((a, b) => a.scope.localeCompare(b.scope));
  return [...Map.groupBy(scopes, ({ scope }) => scope.split(':')[0] ?? scope)].map(([noun, members]) => ({
    noun,
    scopes: members,
  }));
}

/** The commands that an agent with these scopes may use, those for any key included. */
export function commandsWith(commands: readonly ManifestCommand[], scopes: readonly string[]): ManifestCommand[] {
  return commands.filter(({ scope }) => scope === null || scopes.includes(scope));
}

/** What patterns such as `keys:*` stand for among the scopes of the key; `lacking` stand for none. */
export function chooseScopes(commands: readonly ManifestCommand[], patterns: readonly string[]) {
  const known = scopeGroups(commands).flatMap(({ scopes }) => scopes.map(({ scope }) => scope));
  return {
    chosen: known.filter((scope) => patterns.some((pattern) => covers(pattern, scope))),
    lacking: patterns.filter((pattern) => !known.some((scope) => covers(pattern, scope))),
  };
}

/** The worst that the commands can do. */
export function worstEffect(commands: readonly ManifestCommand[]): Effect {
  const effects = commands.map(({ effect }) => effect);
  if (effects.includes('destructive')) return 'destructive';
  return effects.includes('write') ? 'write' : 'read';
}

function covers(pattern: string, scope: string): boolean {
  return (
    pattern === '*' || pattern === scope || (pattern.endsWith(':*') && scope.startsWith(pattern.slice(0, -1)))
  );
}
