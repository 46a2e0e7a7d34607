// Seed's own commands by feature. A new one is exported by its feature's file of commands and listed here.
import { type Command, type NeedsOf, withNeeds } from '../command/define-command.ts';
import {
  createAccount,
  createKey,
  getKey,
  listAccounts,
  listAudit,
  listKeys,
  revokeKey,
  rotateKey,
  updateKey,
  whoami,
} from './access/commands.ts';
import { getArtifact, listArtifacts } from './files/commands.ts';
import { listModels } from './models/commands.ts';
import { listPacks, loadSamples } from './packs/commands.ts';
import { listSandboxes } from './runners/commands.ts';
import { getTask, listLedger, listTasks, listTemplates, runTask, stopTask, taskEvents } from './tasks/commands.ts';
import { obsCosts, obsErrors, obsRequests, obsSummary, obsUsage } from './telemetry/commands.ts';
import {
  createWebhook,
  deleteWebhook,
  getWebhook,
  listWebhooks,
  rotateDefaultSecret,
  rotateWebhook,
  testWebhook,
  updateWebhook,
} from './webhooks/commands.ts';
import {
  getWebhookDelivery,
  getWebhookEvent,
  listWebhookDeliveries,
  listWebhookEvents,
  listWebhookTypes,
  replayFailedDeliveries,
  replayWebhookDelivery,
  streamWebhookEvents,
} from './webhooks/history-commands.ts';

const FEATURES = {
  access: [
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
  ],
  telemetry: [obsSummary, obsRequests, obsUsage, obsCosts, obsErrors],
  tasks: [runTask, getTask, listLedger, listTasks, stopTask, taskEvents, listTemplates],
  models: [listModels],
  files: [listArtifacts, getArtifact],
  runners: [listSandboxes],
  webhooks: [
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
  ],
  packs: [listPacks, loadSamples],
} satisfies Record<string, readonly Command<never>[]>;

/** Any of the commands, as it is defined: the dashboard's types of inputs and answers are made from it. */
export type BuiltIn = (typeof FEATURES)[keyof typeof FEATURES][number];

/** What the commands of each feature are given besides the call. */
export type FeatureNeeds = { [Name in keyof typeof FEATURES]: NeedsOf<(typeof FEATURES)[Name]> };

/** The commands as they are described: what they are called with is not there yet. */
export const BUILT_IN = Object.values(FEATURES).flat() as readonly Command[];

/** The commands as they can be called. */
export function builtInCommands(needs: FeatureNeeds): Command[] {
  const names = Object.keys(FEATURES) as (keyof typeof FEATURES)[];
  return names.flatMap((name) => withNeeds(FEATURES[name] as readonly Command[], needs[name]));
}
