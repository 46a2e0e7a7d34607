// What a server and a function have alike: every feature with what it needs, as one application, and what goes on
// beside it. How they differ they hand in: the store with its loops, what counts rates, who migrates, who listens.

import type { Registry } from '../command/registry.ts';
import { rowKeeper } from '../db/partitions.ts';
import type { Store } from '../db/store.ts';
import { type CountedSlots, countSlots } from '../lib/counted-slots.ts';
import type { Logger } from '../lib/log.ts';
import type { Loops } from '../lib/loops.ts';
import { priceOf } from '../lib/money.ts';
import type { LoadedPack } from '../pack/definition.ts';
import type { ServerEvent } from '../protocol/event.ts';
import type { Playbook } from '../scripted/playbook.ts';
import { startScriptedUpstream } from '../scripted/upstream.ts';
import { takeAdminKey } from './access/accounts.ts';
import { keepAuditFor } from './access/audit.ts';
import { AuditTrail } from './access/audit-trail.ts';
import { openGate } from './access/gate.ts';
import { openIdentities } from './access/identities/identities.ts';
import { mapNotices } from './access/identities/settings.ts';
import { watchExpiringKeys } from './access/key-expiring.ts';
import { KeyUse } from './access/key-use.ts';
import { openKeyCache } from './access/presented-key.ts';
import type { KeyRates, SignInRates } from './access/rate-limits.ts';
import { RateLimits, SignInLimits } from './access/rate-limits.ts';
import { keepDeleting } from './accounts/keep-deleting.ts';
import { keepExporting } from './accounts/keep-exporting.ts';
import { createApp } from './app.ts';
import { askForRaise } from './approvals/budget.ts';
import { keepApprovals } from './approvals/keep.ts';
import { openApprovals } from './approvals/open-approvals.ts';
import { openBackground } from './background/keep.ts';
import { keepBatches } from './batches/keep.ts';
import { openRegistry } from './built-in.ts';
import { openDoor } from './door/open-door.ts';
import type { DoorSandboxes } from './door/sandboxes.ts';
import { keepFilesFor, openBlobs } from './files/open-blobs.ts';
import { keepRetention } from './forgetting/retention.ts';
import { openAdmissions } from './grants/admissions.ts';
import { keepCounts } from './grants/prune.ts';
import type { CronNeeds } from './http/cron-routes.ts';
import { CallLog } from './ledger/call-log.ts';
import type { CalledCommand } from './ledger/kept-call.ts';
import type { McpServerFor } from './mcp/routes.ts';
import { countRequest } from './models/account-limits.ts';
import { createLlmGateway } from './models/gateway.ts';
import { KeptTests } from './models/known/kept-tests.ts';
import { knownModels } from './models/known/known-models.ts';
import { readKeptTable, readModelsFile } from './models/known/model-rules.ts';
import { UpstreamList } from './models/known/upstream-list.ts';
import { readPrices } from './models/prices.ts';
import { planCall } from './models/token-estimate.ts';
import { addressOf, chooseUpstream, modelNotices, scriptedUpstream } from './models/upstream.ts';
import { packNotices } from './packs/notices.ts';
import { keepSchedules } from './schedules/keep.ts';
import type { ServerSettings } from './settings.ts';
import type { ModelCall } from './spending/call-usage.ts';
import { admitKeyCall, type KeyCaller, recordKeyCall } from './spending/key-calls.ts';
import { Spending } from './spending/spending.ts';
import { tasksOfApprovals } from './tasks/asking.ts';
import { appendServerEvent } from './tasks/events.ts';
import { openTaskCache } from './tasks/find.ts';
import { OutputChecks } from './tasks/output/checks.ts';
import type { LostRecord } from './telemetry/observation.ts';
import { openTelemetry } from './telemetry/telemetry.ts';
import { Dispatcher } from './webhooks/dispatcher.ts';
import { keepEventsFor } from './webhooks/events.ts';
import { createPost, type Resolve } from './webhooks/post.ts';
import { openSecretsKey } from './webhooks/secrets.ts';

/** What the composition takes from whoever runs it. */
export interface Parts {
  settings: ServerSettings;
  log: Logger;
  version: string;
  packs: readonly LoadedPack[];
  playbooks: readonly Playbook[];
  /** The CLI as one file, without a manifest. */
  cliBundle: string;
  resolve: Resolve;
  mcpServerFor?: McpServerFor | undefined;
  openStore(): Promise<Store>;
  /** By which a cron asks for what is due; missing or null: nobody has to ask. */
  cron?: CronNeeds | null;
  /** Missing: of timers. */
  loops?: Loops;
  /** How often a key may call, and signing in may fail; missing: as this process counts. */
  ratesOf?(store: Store): { rateLimits: KeyRates; signInLimits: SignInRates };
  /** How many streams of a key and calls of models are under way; missing: as this process counts. */
  slotsOf?(store: Store): CountedSlots;
  /** The address that it listens on; empty: as each request says. */
  ownUrl(): string;
  /** Makes the sandboxes of tasks that have no runner, where the settings have a door; missing: runners do. */
  sandboxes?: DoorSandboxes | null;
}

/**
 * The features put together. All that they own ends with `undo`.
 * @throws SeedError when the database or a setting does not allow it
 */
export async function composeSeed(parts: Parts, undo: AsyncDisposableStack) {
  const { settings, log, packs, version, cliBundle, resolve } = parts;
  const mcpServerFor = parts.mcpServerFor ?? (await import('./mcp/seed-offer.ts')).seedMcpServer;
  const stopping = new AbortController();
  // Read beside all else that a start does.
  const upstream = chooseUpstream(settings.llm);
  const listed = undo.use(new UpstreamList({ upstream, log, ...(parts.loops && { loops: parts.loops }) }));
  const telemetry = undo.use(
    await openTelemetry({
      settings: settings.telemetry,
      version,
      log,
      models: () => [
        ...[...Object.keys(prices.models), ...listed.names],
        ...llm.models().data.map(({ id }) => id),
      ],
      ailingModels: () => llm.ailingModels(),
      providerOf: (model) => llm.providerOf(model),
      clock: { now: () => store.clock.now() },
    }),
  );
  const { observe } = telemetry;
  const lose = (record: LostRecord) => (count: number) => observe({ type: 'records_lost', record, count });
  const store = await parts.openStore();
  store.taskWatchers.add((change) => observe({ type: 'task', change }));
  undo.defer(() => store.close());
  const { blobs, inbox } = await openBlobs(settings.files, settings.dataDir, store, log);
  const calls = undo.use(new CallLog(store, log, lose('call')));
  const secretsKey = await openSecretsKey(settings.secretsKey, settings.dataDir, store);
  const taskCache = openTaskCache(store);
  const outputs = undo.use(new OutputChecks());
  if (settings.adminKey !== null) await takeAdminKey(store, settings.adminKey);
  const scripted = scriptedUpstream(undo.use(await startScriptedUpstream(parts.playbooks)));
  const upstreams = upstream === null ? ([scripted] as const) : ([upstream, scripted] as const);
  const tests = undo.use(new KeptTests(store, (model) => addressOf(upstreams, model), log));
  const rules = await readModelsFile(settings.modelsFile);
  const known = knownModels({
    settings: rules,
    tested: (model) => tests.factsOf(model),
    listed: (model) => listed.of(model),
    table: await readKeptTable(),
  });
  await Promise.all([tests.read(), listed.firstRead()]);
  const prices = { ...(await readPrices(settings.pricesFile)), otherwise: known.priceOf };
  const asking = { secretsKey, tasks: tasksOfApprovals(store) };
  const spending = undo.use(
    new Spending({ store, prices, log, askForRaise: (...asked) => askForRaise(...asked, asking) }),
  );
  const sharedSlots = parts.slotsOf?.(store);
  const llm = createLlmGateway({
    upstreams,
    profileOf: known.profileOf,
    allowedModels: settings.llm.allowedModels,
    prices,
    countRequest: (account, limits) => countRequest(store, account, limits),
    sharedSlots,
    reserve: (taskId, request, ...rest) =>
      spending.reserve(taskId, planCall(request, prices, llm.hasPrice(request.model)), ...rest),
    recordCall: async (taskId, call, reservation) => {
      observe({ type: 'model_call', taskId, call });
      await spending.settle(taskId, call, reservation).catch((error) => {
        lose('model_call')(1);
        throw error;
      });
    },
    onWait(taskId, text) {
      const told = appendServerEvent(store.db, taskId, { type: 'diagnostic', text }, store.clock.now());
      told.catch((err) => log.warn({ err, taskId }, 'that a call waits could not be told'));
    },
    log,
  });
  undo.defer(() => llm.allRecorded());
  const models = {
    known: {
      ...known,
      healthOf: llm.healthOf,
      testOf: (model: string) => tests.of(model),
      listPriceOf: (model: string) => priceOf({ models: prices.models }, model),
    },
    tests,
    admitKeyCall: (caller: KeyCaller, model: string) =>
      admitKeyCall(store, caller, { model, priced: llm.hasPrice(model) }),
    recordKeyCall: (caller: KeyCaller, call: ModelCall) => recordKeyCall(store, caller, call),
    readUpstream: () => listed.readAgain(),
  };
  const { basePath } = settings;
  const linkTo = (token: string, reachedAt = parts.ownUrl() + basePath) =>
    `${settings.publicUrl ?? reachedAt}/approve/${token}`;
  const features = { settings, store, llm, models, calls, blobs, secretsKey, taskCache, outputs, linkTo };
  const keyUse = undo.use(new KeyUse(store, log));
  const audit = undo.use(new AuditTrail(store, log, { onLost: lose('audit') }));
  const { trustedProxies, sessions, webFolder, mcpAllowedOrigins, runnerToken } = settings;
  const keys = openKeyCache(store);
  const admissions = openAdmissions(store);
  const { rateLimits, signInLimits } = parts.ratesOf?.(store) ?? {
    rateLimits: new RateLimits(),
    signInLimits: new SignInLimits(),
  };
  let registry: Registry;
  const identities =
    settings.oidc &&
    openIdentities({ settings: settings.oidc, store, keys, registry: () => registry, secretsKey, log });
  const access = { store, keys, identities, keyUse, rateLimits, trustedProxies, sessions };
  const running = {
    ...{ ...asking, store, log, observe, stopping: stopping.signal },
    registry: () => registry,
    admissionOf: (called: CalledCommand) => admissions.of(called, { approved: true }),
    onLost: () => lose('call')(1),
    tellTask: (taskId: string, event: ServerEvent) =>
      appendServerEvent(store.db, taskId, event, store.clock.now()),
  };
  const byItself = { ...running, admissionOf: (called: CalledCommand) => admissions.of(called) };
  const door =
    settings.door && parts.sandboxes
      ? openDoor({
          ...{ settings: settings.door, sandboxes: parts.sandboxes, publicUrl: settings.publicUrl },
          ...{ store, secretsKey, prices, log },
        })
      : null;
  const approvals = openApprovals(store, asking);
  const background = openBackground({ ...byItself, approvals });
  const needs = {
    ...access,
    basePath,
    gate: openGate(access, audit),
    findTask: taskCache.find,
    outputs,
    audit,
    calls,
    blobs,
    inbox,
    prices,
    telemetry,
    signInLimits,
    slots: sharedSlots ?? countSlots(),
    webFolder,
    mcpAllowedOrigins,
    mcpServerFor,
    llm,
    log,
    admissionOf: (called: CalledCommand) => admissions.of(called),
    approvals,
    background,
    deciding: asking,
    checksAnswers: settings.checksAnswers,
    runnerToken,
    version,
    cliBundle,
    stopping: stopping.signal,
    cron: parts.cron ?? null,
    door,
    secretsKey,
  };
  const appWith = (on: readonly LoadedPack[]) => {
    registry = openRegistry({ ...features, packs: on });
    return createApp({ ...needs, registry });
  };
  /** What goes on beside requests, but for what server.ts and function.ts see to in ways of their own. */
  const keep = () => {
    undo.use(keepApprovals(running, settings.retention.calls));
    undo.use(background.keep());
    undo.use(keepSchedules(byItself));
    undo.use(keepBatches({ ...byItself, inbox }));
    undo.use(keepDeleting({ store, blobs, log }));
    undo.use(keepExporting({ store, blobs, inbox, log }));
    undo.use(keepFilesFor(settings.files.retentionDays, blobs, store, log));
    if (settings.webhookRetentionDays !== null) undo.use(keepEventsFor(settings.webhookRetentionDays, store, log));
    undo.use(watchExpiringKeys(store, log));
    undo.use(keepCounts(store, log));
    if (door) undo.use(door.keep());
    const operator = { content: settings.contentRetentionDays, ledger: settings.retention.calls };
    undo.use(keepRetention({ store, blobs, log, operator, stopping: stopping.signal }));
    if (settings.auditRetentionDays !== null) undo.use(keepAuditFor(settings.auditRetentionDays, store, log));
  };
  const post = createPost({ resolve, allowedNetworks: settings.webhookNetworks });
  const dispatcher = new Dispatcher({ store, log, post, random: Math.random, secretsKey, version });
  const rows = rowKeeper(settings.retention, store, log);
  const notices = async () => [
    ...(settings.oidc ? mapNotices(settings.oidc, registry.scopes(true)) : []),
    ...modelNotices(settings.llm, llm.defaultModels),
    ...(await packNotices(settings.packs, packs, store)),
  ];
  return { store, llm, stopping, app: await appWith(packs), appWith, keep, dispatcher, rows, notices };
}
