// All commands of the platform. Routes, CLI, OpenAPI, docs and the agent's tools are made from this list.
import { allows } from '../protocol/scope.ts';
import type { Command } from './define-command.ts';

export interface Registry {
  readonly commands: readonly Command[];
  /** Every concrete scope that some command asks for and the account could be granted, sorted. */
  scopes(operator: boolean): string[];
  /** The commands that a key with these scopes may use. */
  allowed(scopes: readonly string[], operator: boolean): Command[];
}

/** @param commands Seed's own and those of the packs that are on; where these were loaded, clashes were refused */
export function createRegistry(commands: readonly Command[]): Registry {
  const reachable = (operator: boolean) => commands.filter((command) => operator || !command.operatorOnly);
  return {
    commands,
    scopes: (operator) => [...new Set(reachable(operator).flatMap((command) => command.scope ?? []))].sort(),
    allowed: (scopes, operator) =>
      reachable(operator).filter((command) => command.scope === null || allows(scopes, command.scope)),
  };
}
