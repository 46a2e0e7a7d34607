// All commands of the platform. Routes, CLI, OpenAPI, docs and the agent's tools are made from this list.
import { allows } from '../core/scopes.ts';
import { SeedError } from '../protocol/errors.ts';
import { createAccount, listAccounts } from './accounts.ts';
import { getArtifact, listArtifacts } from './artifacts.ts';
import { listAudit } from './audit.ts';
import type { Command } from './define-command.ts';
import { createKey, getKey, listKeys, revokeKey, rotateKey, updateKey } from './keys.ts';
import { obsCosts, obsErrors, obsRequests, obsSummary, obsUsage } from './obs.ts';
import { listSandboxes } from './sandboxes.ts';
import { getTask, listLedger, listTasks, runTask, stopTask, taskEvents } from './tasks.ts';
import { whoami } from './whoami.ts';

export interface Registry {
  readonly commands: readonly Command[];
  /** Every concrete scope that some command asks for and the account could be granted, sorted. */
  scopes(operator: boolean): string[];
  /** The commands that a key with these scopes may use. */
  allowed(scopes: readonly string[], operator: boolean): Command[];
}

export const BUILT_IN: readonly Command[] = [
  whoami,
  createAccount,
  listAccounts,
  createKey,
  listKeys,
  getKey,
  updateKey,
  rotateKey,
  revokeKey,
  listAudit,
  obsSummary,
  obsRequests,
  obsUsage,
  obsCosts,
  obsErrors,
  runTask,
  getTask,
  listLedger,
  listTasks,
  stopTask,
  taskEvents,
  listArtifacts,
  getArtifact,
  listSandboxes,
];

/** @throws SeedError invalid_settings when two commands share a name or a route */
export function createRegistry(commands: readonly Command[]): Registry {
  refuseClashes(commands.map((command) => command.name));
  refuseClashes(commands.map((command) => command.http.replace(/\{[^}]+\}/g, '{}')));
  const reachable = (operator: boolean) => commands.filter((command) => operator || !command.operatorOnly);
  return {
    commands,
    scopes: (operator) => [...new Set(reachable(operator).flatMap((command) => command.scope ?? []))].sort(),
    allowed: (scopes, operator) =>
      reachable(operator).filter((command) => command.scope === null || allows(scopes, command.scope)),
  };
}

function refuseClashes(names: string[]): void {
  const clash = names.find((name, index) => names.indexOf(name) !== index);
  if (clash) throw new SeedError('invalid_settings', `two commands are both called "${clash}"`);
}
