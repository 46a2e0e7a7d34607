// Seed's own commands by feature. A new one is exported by its feature's file of commands and listed here.

import { type Command, isObject, type NeedsOf, withNeeds } from '../command/define-command.ts';
import { createRegistry, type Registry } from '../command/registry.ts';
import type { Store } from '../db/store.ts';
import type { LoadedPack } from '../pack/definition.ts';
import { BUILT_IN_EVENT_TYPES, createEventTypes } from '../protocol/event-types.ts';
import { RunTaskBody } from '../protocol/task.ts';
import { checkKey } from './access/check-key.ts';
import {
  createAccount,
  createKey,
  getKey,
  listAccounts,
  listAudit,
  listKeys,
  revokeKey,
  rotateKey,
  updateAccount,
  updateKey,
  whoami,
} from './access/commands.ts';
import { getKey as getKeyOf } from './access/keys.ts';
import { showCommand } from './access/show-command.ts';
import { createExport, deleteAccount, getDeletion, getExport, getExportPart } from './accounts/commands.ts';
import { approveApproval, denyApproval, getApproval, linkApproval, listApprovals } from './approvals/commands.ts';
import { getBackgroundCall } from './background/commands.ts';
import {
  batchResults,
  getBatch,
  listBatches,
  listBatchRows,
  pauseBatch,
  resumeBatch,
  retryBatch,
  runBatch,
  stopBatch,
  watchOneBatch,
} from './batches/commands.ts';
import { deleteHeld, listHeld, setCredential } from './credentials/commands.ts';
import { keepTaskCredentials, refuseUnwanted } from './credentials/given.ts';
import { heldCredential } from './credentials/held.ts';
import type { KeptBlobs } from './files/blobs.ts';
import { getArtifact, listArtifacts, uploadFile } from './files/commands.ts';
import { findUploads, refuseUnsent, takeUploads } from './files/uploads.ts';
import {
  createHold,
  deleteTask,
  forgetTasks,
  getRetention,
  listHolds,
  releaseHold,
  updateRetention,
} from './forgetting/commands.ts';
import { checkLimits } from './grants/check-limits.ts';
import { riskOfThree } from './grants/rule-of-two.ts';
import type { CallLog } from './ledger/call-log.ts';
import { chooseModels } from './models/allowed-models.ts';
import { listModels, type ModelNeeds, testOfModel } from './models/commands.ts';
import type { LlmGateway } from './models/gateway.ts';
import { listPacks, loadSamples } from './packs/commands.ts';
import { type CredentialFor, packCommands, type StartTask } from './packs/pack-commands.ts';
import { listSandboxes } from './runners/commands.ts';
import { openRunnerLook } from './runners/runners.ts';
import {
  createSchedule,
  deleteSchedule,
  enableSchedules,
  getSchedule,
  listScheduleRuns,
  listSchedules,
  pauseSchedule,
  resumeSchedule,
  runSchedule,
  updateSchedule,
} from './schedules/commands.ts';
import type { ServerSettings } from './settings.ts';
import { tasksOfApprovals } from './tasks/asking.ts';
import { getTask, listLedger, listTasks, runTask, startTask, stopTask, taskEvents } from './tasks/commands.ts';
import { openTaskCreation } from './tasks/create.ts';
import type { TaskCache } from './tasks/find.ts';
import { continueTask, messageTask } from './tasks/follow-up-commands.ts';
import { TaskLooks } from './tasks/looks.ts';
import type { OutputChecks } from './tasks/output/checks.ts';
import { refuseSchema } from './tasks/output/verdict.ts';
import { obsCosts, obsErrors, obsRequests, obsSummary, obsUsage } from './telemetry/commands.ts';
import { broughtTemplates } from './templates/brought.ts';
import {
  createTemplate,
  deleteTemplate,
  getTemplate,
  listTemplates,
  listVersions,
  updateTemplate,
} from './templates/commands.ts';
import { OWN_TEMPLATES } from './templates/own-templates.ts';
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
import { ensureDefaultSecret, mintWebhookSecret } from './webhooks/secrets.ts';
import { webhookUrl } from './webhooks/url.ts';

const FEATURES = {
  access: [
    whoami,
    showCommand,
    createAccount,
    listAccounts,
    updateAccount,
    createKey,
    listKeys,
    getKey,
    updateKey,
    checkKey,
    rotateKey,
    revokeKey,
    listAudit,
  ],
  accounts: [createExport, getExport, getExportPart, deleteAccount, getDeletion],
  telemetry: [obsSummary, obsRequests, obsUsage, obsCosts, obsErrors],
  approvals: [listApprovals, getApproval, approveApproval, denyApproval, linkApproval],
  tasks: [runTask, continueTask, messageTask, getTask, listLedger, listTasks, stopTask, taskEvents],
  batches: [
    runBatch,
    listBatches,
    getBatch,
    listBatchRows,
    batchResults,
    watchOneBatch,
    pauseBatch,
    resumeBatch,
    stopBatch,
    retryBatch,
  ],
  forgetting: [deleteTask, forgetTasks, getRetention, updateRetention, createHold, listHolds, releaseHold],
  templates: [createTemplate, listTemplates, getTemplate, listVersions, updateTemplate, deleteTemplate],
  schedules: [
    createSchedule,
    listSchedules,
    getSchedule,
    updateSchedule,
    pauseSchedule,
    resumeSchedule,
    runSchedule,
    listScheduleRuns,
    enableSchedules,
    deleteSchedule,
  ],
  background: [getBackgroundCall],
  models: [listModels, testOfModel],
  files: [listArtifacts, getArtifact, uploadFile],
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
  credentials: [setCredential, listHeld, deleteHeld],
  packs: [listPacks, loadSamples],
} satisfies Record<string, readonly Command<never>[]>;

/** Any of the commands, as it is defined: the dashboard's types of inputs and answers are made from it. */
export type BuiltIn = (typeof FEATURES)[keyof typeof FEATURES][number];

/** What the commands of each feature are given besides the call. */
type FeatureNeeds = { [Name in keyof typeof FEATURES]: NeedsOf<(typeof FEATURES)[Name]> };

/** The commands as they are described: what they are called with is not there yet. */
export const BUILT_IN = Object.values(FEATURES).flat() as readonly Command[];

interface RegistryNeeds {
  settings: ServerSettings;
  store: Store;
  packs: readonly LoadedPack[];
  llm: LlmGateway;
  models: Omit<ModelNeeds, 'llm'>;
  calls: CallLog;
  blobs: KeptBlobs;
  secretsKey: string;
  taskCache: TaskCache;
  outputs: OutputChecks;
  /** The address of the page of a link to an approval, for who reaches this Seed at the address given. */
  linkTo(token: string, reachedAt?: string): string;
}

/** All commands as they can be called: Seed's own with what each feature needs, and those of the packs. */
export function openRegistry(parts: RegistryNeeds): Registry {
  const { settings, store, packs, llm, models, calls, blobs, secretsKey, taskCache, outputs, linkTo } = parts;
  const { webhookNetworks, resources, retention } = settings;
  const eventTypes = createEventTypes([...BUILT_IN_EVENT_TYPES, ...packs.flatMap(({ events = [] }) => events)]);
  const scopes = (operator: boolean) => registry.scopes(operator);
  const modeOf = (name: string) => packs.find((pack) => pack.name === name)?.credential ?? null;
  const credentialFor: CredentialFor = (wanted) => heldCredential(store, wanted, secretsKey);
  const templates = [
    ...broughtTemplates(null, OWN_TEMPLATES),
    ...packs.flatMap((pack) => broughtTemplates(pack.name, pack.templates)),
  ];
  const brought = new Map(templates.map((template) => [template.name, template]));
  const needs: FeatureNeeds = {
    access: {
      scopes,
      models: llm,
      allowed: (...key) => registry.allowed(...key),
      checkLimits: (limits) => checkLimits(limits, registry.commands),
      commands: () => registry.commands,
    },
    accounts: { blobs },
    telemetry: { calls, callRetentionDays: retention.calls },
    approvals: { secretsKey, tasks: tasksOfApprovals(store), linkTo },
    tasks: {
      ...taskCache,
      looks: new TaskLooks(store.db),
      createFree: openTaskCreation(store),
      resources,
      scopesFor: scopes,
      checkLimits: (limits) => checkLimits(limits, registry.commands),
      riskOf: (granted, operator) => riskOfThree(registry.allowed(granted, operator)),
      ruleOfTwo: settings.ruleOfTwo,
      commandsAsk: (granted, operator) => registry.allowed(granted, operator).some(asksByItself),
      models: {
        choose: (asked, actor) => chooseModels(asked, actor, llm),
        hasPrice: (model) => llm.hasPrice(model),
      },
      files: {
        keep: (...kept) => blobs.keep(...kept),
        findUploads: (actor, given) => findUploads(store, actor, given),
        refuseUnsent: (files) => refuseUnsent(blobs, files),
        takeUploads,
      },
      outputs,
      credentials: {
        refuseUnwanted: (given) => refuseUnwanted(given, modeOf),
        keep: (tx, task) => keepTaskCredentials(tx, task, secretsKey),
      },
      webhooks: {
        checkUrl: (text) => webhookUrl(text, webhookNetworks),
        ensureSecret: (tx, accountId, now) =>
          ensureDefaultSecret(tx, accountId, () => mintWebhookSecret(secretsKey).sealed, now),
      },
      ...openRunnerLook(store, settings.door?.slots ?? null),
      brought,
    },
    batches: {
      commands: () => registry.commands,
      scopesFor: scopes,
      checkLimits: (limits) => checkLimits(limits, registry.commands),
      chooseModels: (asked, actor) => chooseModels(asked, actor, llm),
      hasPrice: (model) => llm.hasPrice(model),
      checkUrl: (text) => webhookUrl(text, webhookNetworks),
      checkOutput: (accountId, schema) => refuseSchema(outputs, accountId, schema),
      brought,
    },
    forgetting: { blobs, operatorRetention: { content: settings.contentRetentionDays, ledger: retention.calls } },
    templates: {
      brought,
      scopes,
      checkLimits: (limits) => checkLimits(limits, registry.commands),
      checkOutput: (accountId, schema) => refuseSchema(outputs, accountId, schema),
    },
    schedules: {
      commands: () => registry.commands,
      scopesFor: scopes,
      checkLimits: (limits) => checkLimits(limits, registry.commands),
      chooseModels: (asked, actor) => chooseModels(asked, actor, llm),
      checkUrl: (text) => webhookUrl(text, webhookNetworks),
    },
    background: { secretsKey },
    models: { ...models, llm },
    files: { blobs },
    runners: {},
    webhooks: { eventTypes, secretsKey, allowedNetworks: webhookNetworks },
    credentials: {
      secretsKey,
      modeOf,
      hasKey: async (tx, accountId, keyId) => (await getKeyOf(tx, accountId, keyId, store.clock.now())) !== null,
    },
    packs: { packs },
  };
  const start: StartTask = (wanted, call) => startTask(RunTaskBody.parse(wanted), call, needs.tasks);
  const names = Object.keys(FEATURES) as (keyof typeof FEATURES)[];
  const registry: Registry = createRegistry([
    ...names.flatMap((name) => withNeeds(FEATURES[name] as readonly Command[], needs[name]).map(shareReads)),
    ...packs.flatMap((pack) => packCommands(pack, store, credentialFor, start)),
  ]);
  return registry;
}

const asksByItself = ({ approval, limits = [] }: Command): boolean =>
  approval === 'ask' || limits.some((limit) => limit.else === 'ask');

/** What Seed itself reads for a key and an input is the same for all who ask at the same time. */
function shareReads(command: Command): Command {
  return isObject(command) && command.effect === 'read' ? { shared: true, ...command } : command;
}
