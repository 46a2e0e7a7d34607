// All commands of the platform. Routes, CLI, OpenAPI, docs and the agent's tools are made from this list.
import { allows } from '../core/scopes.ts';
import { createAccount, listAccounts } from './accounts.ts';
import { getArtifact, listArtifacts } from './artifacts.ts';
import { listAudit } from './audit.ts';
import type { Command } from './define-command.ts';
import { createKey, getKey, listKeys, revokeKey, rotateKey, updateKey } from './keys.ts';
import { listModels } from './models.ts';
import { LOCAL_NOUNS } from './name-clashes.ts';
import { obsCosts, obsErrors, obsRequests, obsSummary, obsUsage } from './obs.ts';
import { listPacks, loadSamples } from './packs.ts';
import { listSandboxes } from './sandboxes.ts';
import { getTask, listLedger, listTasks, runTask, stopTask, taskEvents } from './tasks.ts';
import { listTemplates } from './templates.ts';
import {
  getWebhookDelivery,
  listWebhookDeliveries,
  replayFailedDeliveries,
  replayWebhookDelivery,
} from './webhook-deliveries.ts';
import {
  getWebhookEvent,
  listWebhookEvents,
  listWebhookTypes,
  streamWebhookEvents,
} from './webhook-events.ts';
import {
  createWebhook,
  deleteWebhook,
  getWebhook,
  listWebhooks,
  rotateDefaultSecret,
  rotateWebhook,
  testWebhook,
  updateWebhook,
} from './webhooks.ts';
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
