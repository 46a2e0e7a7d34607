// The scopes that a key has, told from the commands that it may use, with what each allows.
import type { Effect, ManifestCommand } from '../../../src/protocol/manifest.ts';

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

export interface ChosenScopes {
  chosen: string[];
  /** Patterns that stand for none of them. */
  lacking: string[];
}

/** What patterns such as `keys:*` stand for among the scopes of the key. */
export function chooseScopes(commands: readonly ManifestCommand[], patterns: readonly string[]): ChosenScopes {
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
