// All commands of the platform. Routes, CLI, OpenAPI, docs and the agent's tools are made from this list.
import { allows } from '../protocol/scopes.ts';
import { createAccount, listAccounts } from '../server/access/account-commands.ts';
import { listAudit } from '../server/access/audit-commands.ts';
import {
  createKey,
  getKey,
  listKeys,
  revokeKey,
  rotateKey,
  updateKey,
} from '../server/access/key-commands.ts';
import { whoami } from '../server/access/whoami.ts';
import { getArtifact, listArtifacts } from '../server/files/commands.ts';
import { listModels } from '../server/models/commands.ts';
import { listPacks, loadSamples } from '../server/packs/commands.ts';
import { listSandboxes } from '../server/runners/commands.ts';
import { getTask, listLedger, listTasks, runTask, stopTask, taskEvents } from '../server/tasks/commands.ts';
import { listTemplates } from '../server/tasks/template-commands.ts';
import { obsCosts, obsErrors, obsRequests, obsSummary, obsUsage } from '../server/telemetry/commands.ts';
import {
  createWebhook,
  deleteWebhook,
  getWebhook,
  listWebhooks,
  rotateDefaultSecret,
  rotateWebhook,
  testWebhook,
  updateWebhook,
} from '../server/webhooks/commands.ts';
import {
  getWebhookDelivery,
  listWebhookDeliveries,
  replayFailedDeliveries,
  replayWebhookDelivery,
} from '../server/webhooks/delivery-commands.ts';
import {
  getWebhookEvent,
  listWebhookEvents,
  listWebhookTypes,
  streamWebhookEvents,
} from '../server/webhooks/event-commands.ts';
import type { Command } from './define-command.ts';
import { LOCAL_NOUNS } from './name-clashes.ts';

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
  listTemplates,
  listModels,
  listArtifacts,
  getArtifact,
  listSandboxes,
  createWebhook,
  listWebhooks,
  getWebhook,
  updateWebhook,
  rotateWebhook,
  rotateDefaultSecret,
  testWebhook,
  listWebhookTypes,
  listWebhookEvents,
  getWebhookEvent,
  streamWebhookEvents,
  listWebhookDeliveries,
  getWebhookDelivery,
  replayWebhookDelivery,
  replayFailedDeliveries,
  deleteWebhook,
  listPacks,
  loadSamples,
];

/** Whether no pack may have the noun, since Seed itself or its CLI has. */
export function isNounTaken(noun: string): boolean {
  return LOCAL_NOUNS.includes(noun) || BUILT_IN.some(({ name }) => name.split(' ')[0] === noun);
}

/** @param packs the commands of those that are on; where they were loaded, clashes were refused */
export function createRegistry(builtIn: readonly Command[], packs: readonly Command[] = []): Registry {
  const commands = [...builtIn, ...packs];
  const reachable = (operator: boolean) => commands.filter((command) => operator || !command.operatorOnly);
  return {
    commands,
    scopes: (operator) => [...new Set(reachable(operator).flatMap((command) => command.scope ?? []))].sort(),
    allowed: (scopes, operator) =>
      reachable(operator).filter((command) => command.scope === null || allows(scopes, command.scope)),
  };
}
