// A server from start to stop: database, queue, HTTP, and the sweep of lapsed leases.

import type { Registry } from '../command/registry.ts';
import { startEmbeddedPostgres } from '../db/embedded/start-embedded.ts';
import { keepRowsFor } from '../db/partitions.ts';
import { migrateAgain, openStore } from '../db/store.ts';
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/log.ts';
import { priceOf } from '../lib/money.ts';
import { readVersion } from '../lib/version.ts';
import type { LoadedPack } from '../pack/definition.ts';
import type { ServerEvent } from '../protocol/event.ts';
import { startScriptedUpstream } from '../scripted/upstream.ts';
import { makeFirstKey, takeAdminKey } from './access/accounts.ts';
import { keepAuditFor } from './access/audit.ts';
import { AuditTrail } from './access/audit-trail.ts';
import { openGate } from './access/gate.ts';
import { openIdentities } from './access/identities/identities.ts';
import { mapNotices } from './access/identities/settings.ts';
import { watchExpiringKeys } from './access/key-expiring.ts';
import { KeyUse } from './access/key-use.ts';
import { openKeyCache } from './access/presented-key.ts';
import { RateLimits, SignInLimits } from './access/rate-limits.ts';
import { createApp } from './app.ts';
import { askForRaise } from './approvals/budget.ts';
import { keepApprovals } from './approvals/keep.ts';
import { openApprovals } from './approvals/open-approvals.ts';
import { openBackground } from './background/keep.ts';
import { BUILT_IN, openRegistry } from './built-in.ts';
import { keepFilesFor, openBlobs } from './files/open-blobs.ts';
import { keepRetention } from './forgetting/retention.ts';
import { openAdmissions } from './grants/admissions.ts';
import { keepCounts } from './grants/prune.ts';
import { bundleCli } from './http/cli-bundle.ts';
import { listenHttp } from './http/listener.ts';
import { CallLog } from './ledger/call-log.ts';
import type { CalledCommand } from './ledger/kept-call.ts';
import type { McpServerFor } from './mcp/routes.ts';
import { seedMcpServer } from './mcp/seed-offer.ts';
import { countRequest } from './models/account-limits.ts';
import { createLlmGateway } from './models/gateway.ts';
import { KeptTests } from './models/known/kept-tests.ts';
import { knownModels } from './models/known/known-models.ts';
import { readKeptTable, readModelsFile } from './models/known/model-rules.ts';
import { UpstreamList } from './models/known/upstream-list.ts';
import { readPrices } from './models/prices.ts';
import { planCall } from './models/token-estimate.ts';
import { addressOf, chooseUpstream, modelNotices, scriptedUpstream } from './models/upstream.ts';
import { loadPacks, playbooksOf, tablesOf } from './packs/load-packs.ts';
import { packNotices } from './packs/notices.ts';
import { ALL_PACKS, servedLine, watchPack } from './packs/watch-pack.ts';
import { keepSchedules } from './schedules/keep.ts';
import type { ServerSettings } from './settings.ts';
import type { ModelCall } from './spending/call-usage.ts';
import { admitKeyCall, type KeyCaller, recordKeyCall } from './spending/key-calls.ts';
import { Spending } from './spending/spending.ts';
import { tasksOfApprovals } from './tasks/asking.ts';
import { appendServerEvent } from './tasks/events.ts';
import { openTaskCache } from './tasks/find.ts';
import { sweepLapsedLeases } from './tasks/lapse.ts';
import { OutputChecks } from './tasks/output/checks.ts';
import type { LostRecord } from './telemetry/observation.ts';
import { openTelemetry } from './telemetry/telemetry.ts';
import { Dispatcher } from './webhooks/dispatcher.ts';
import { keepEventsFor } from './webhooks/events.ts';
import { createPost, type Resolve, resolveByDns } from './webhooks/post.ts';
import { openSecretsKey } from './webhooks/secrets.ts';

/** Whoever starts a server anew tries again after that. */
const MIGRATED_WITHIN_MS = 10 * 60_000;

/** What the server takes from the world around it. */
export interface Outside {
  /** Names of webhooks' URLs to addresses. */
  resolve: Resolve;
  /** Instead of the database's: a test's. */
  clock?: Clock | undefined;
}

export interface RunningServer {
  url: string;
  /** The secret of the admin key, when this start made it: to be shown once. */
  newAdminKey: string | null;
  defaultModel: string;
  /** The names of the packs that are on. */
  packs: readonly string[];
  /** What is to be said on the terminal about this start, a paragraph each. */
  notices: readonly string[];
  /** Resolves when the embedded database ends although nobody stopped it: nothing works without it. */
  databaseLost: Promise<void>;
  stop(): Promise<void>;
}

/** @throws SeedError when the database, the port or a setting does not allow a start */
export async function startServer(
  settings: ServerSettings,
  log: Logger,
  { resolve, clock }: Outside = { resolve: resolveByDns },
  mcpServerFor: McpServerFor = seedMcpServer,
): Promise<RunningServer> {
  await using undo = new AsyncDisposableStack();
  const stopping = new AbortController();
  // Read beside all else that a start does.
  const upstream = chooseUpstream(settings.llm);
  const listed = undo.use(new UpstreamList({ upstream, log }));
  const packs = await loadPacks(settings.packs, BUILT_IN);
  const { databaseUrl, lost } = await findDatabase(settings, log, undo);
  const addresses = { databaseUrl, directUrl: settings.databaseDirectUrl };
  const version = readVersion();
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
  const store = await openStore({
    ...addresses,
    log,
    ...(clock && { clock }),
    packs: { tables: packs.flatMap(tablesOf), rowSecurity: settings.packRowSecurity },
    ...(settings.migrations === 'wait' && { waitForMigrationsMs: MIGRATED_WITHIN_MS }),
  });
  store.taskWatchers.add((change) => observe({ type: 'task', change }));
  undo.defer(() => store.close());
  const { blobs, inbox } = await openBlobs(settings.files, settings.dataDir, store, log);
  const calls = undo.use(new CallLog(store, log, lose('call')));
  const secretsKey = await openSecretsKey(settings.secretsKey, settings.dataDir, store);
  const taskCache = openTaskCache(store);
  const outputs = undo.use(new OutputChecks());
  if (settings.adminKey !== null) await takeAdminKey(store, settings.adminKey);
  const scripted = scriptedUpstream(undo.use(await startScriptedUpstream(await playbooksOf(packs))));
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
  const llm = createLlmGateway({
    upstreams,
    profileOf: known.profileOf,
    allowedModels: settings.llm.allowedModels,
    prices,
    countRequest: (account, limits) => countRequest(store, account, limits),
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
  let ownUrl = '';
  const linkTo = (token: string, reachedAt = ownUrl + basePath) =>
    `${settings.publicUrl ?? reachedAt}/approve/${token}`;
  const features = { settings, store, llm, models, calls, blobs, secretsKey, taskCache, outputs, linkTo };
  const keyUse = undo.use(new KeyUse(store, log));
  const audit = undo.use(new AuditTrail(store, log, { onLost: lose('audit') }));
  const { trustedProxies, sessions, webFolder, mcpAllowedOrigins, runnerToken } = settings;
  const keys = openKeyCache(store);
  const admissions = openAdmissions(store);
  let registry: Registry;
  const identities =
    settings.oidc &&
    openIdentities({ settings: settings.oidc, store, keys, registry: () => registry, secretsKey, log });
  const access = { store, keys, identities, keyUse, rateLimits: new RateLimits(), trustedProxies, sessions };
  const running = {
    ...{ ...asking, store, log, observe, stopping: stopping.signal },
    registry: () => registry,
    admissionOf: (called: CalledCommand) => admissions.of(called, { approved: true }),
    onLost: () => lose('call')(1),
    tellTask: (taskId: string, event: ServerEvent) =>
      appendServerEvent(store.db, taskId, event, store.clock.now()),
  };
  const byItself = { ...running, admissionOf: (called: CalledCommand) => admissions.of(called) };
  const approvals = openApprovals(store, asking);
  const background = openBackground({ ...byItself, approvals });
  const parts = {
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
    signInLimits: new SignInLimits(),
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
    cliBundle: await bundleCli(),
    stopping: stopping.signal,
  };
  const appWith = (on: readonly LoadedPack[]) => {
    registry = openRegistry({ ...features, packs: on });
    return createApp({ ...parts, registry });
  };
  let app = await appWith(packs);
  undo.use(keepApprovals(running, settings.retention.calls));
  undo.use(background.keep());
  undo.use(keepSchedules(byItself));
  undo.use(keepFilesFor(settings.files.retentionDays, blobs, store, log));
  const post = createPost({ resolve, allowedNetworks: settings.webhookNetworks });
  undo.use(new Dispatcher({ store, log, post, random: Math.random, secretsKey, version }).start());
  if (settings.webhookRetentionDays !== null) undo.use(keepEventsFor(settings.webhookRetentionDays, store, log));
  undo.use(watchExpiringKeys(store, log));
  undo.use(keepCounts(store, log));
  const operator = { content: settings.contentRetentionDays, ledger: settings.retention.calls };
  undo.use(keepRetention({ store, blobs, log, operator, stopping: stopping.signal }));
  undo.use(await keepRowsFor(settings.retention, store, log));
  if (settings.auditRetentionDays !== null) undo.use(keepAuditFor(settings.auditRetentionDays, store, log));
  const { url } = undo.use(
    await listenHttp((...request) => app.fetch(...request), settings.host, settings.port, { log, basePath }),
  );
  ownUrl = url;
  // Ended first: a server that no runner reaches any more cannot tell which of them live.
  undo.use(sweepLapsedLeases(store, log));
  undo.defer(() => stopping.abort());
  if (settings.packsDev !== null) {
    const written = settings.packsDev;
    const reload = async () => {
      const found = await loadPacks(settings.packs, BUILT_IN);
      await migrateAgain(
        addresses,
        { tables: found.flatMap(tablesOf), rowSecurity: settings.packRowSecurity },
        log,
      );
      app = await appWith(found);
      return servedLine(written, found);
    };
    const folder = written === ALL_PACKS ? settings.packs.folder : new URL(`${written}/`, settings.packs.folder);
    undo.use(watchPack({ folder, reload, say: (line) => process.stdout.write(`${line}\n`) }));
  }
  const newAdminKey = settings.adminKey === null ? await makeFirstKey(store) : null;
  const notices = [
    ...(settings.oidc ? mapNotices(settings.oidc, running.registry().scopes(true)) : []),
    ...modelNotices(settings.llm, llm.defaultModels),
    ...(await packNotices(settings.packs, packs, store)),
  ];
  const started = undo.move();
  return {
    url,
    newAdminKey,
    defaultModel: llm.defaultModels[0],
    packs: packs.map(({ name }) => name),
    notices,
    databaseLost: lost,
    stop: () => started.disposeAsync(),
  };
}

async function findDatabase({ databaseUrl, dataDir }: ServerSettings, log: Logger, undo: AsyncDisposableStack) {
  if (databaseUrl !== null) return { databaseUrl, lost: new Promise<void>(() => {}) };
  const postgres = await startEmbeddedPostgres({ dataDir, log });
  undo.defer(() => postgres.stop());
  return postgres;
}
