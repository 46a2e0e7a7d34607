// A server from start to stop: the features (compose.ts) with a database, timers and a socket.
import { startEmbeddedPostgres } from '../db/embedded/start-embedded.ts';
import { migrateAgain, openStore } from '../db/store.ts';
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/log.ts';
import { readVersion } from '../lib/version.ts';
<<<<<<< HEAD
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
=======
import { makeFirstKey } from './access/accounts.ts';
import { BUILT_IN } from './built-in.ts';
import { composeSeed } from './compose.ts';
>>>>>>> main
import { bundleCli } from './http/cli-bundle.ts';
import { listenHttp } from './http/listener.ts';
import type { McpServerFor } from './mcp/routes.ts';
import { loadPacks, playbooksOf, tablesOf } from './packs/load-packs.ts';
import { ALL_PACKS, servedLine, watchPack } from './packs/watch-pack.ts';
import type { ServerSettings } from './settings.ts';
import { sweepLapsedLeases } from './tasks/lapse.ts';
import { type Resolve, resolveByDns } from './webhooks/post.ts';

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
  mcpServerFor?: McpServerFor,
): Promise<RunningServer> {
  await using undo = new AsyncDisposableStack();
  const packs = await loadPacks(settings.packs, BUILT_IN);
  const { databaseUrl, lost } = await findDatabase(settings, log, undo);
  const addresses = { databaseUrl, directUrl: settings.databaseDirectUrl };
  let ownUrl = '';
<<<<<<< HEAD
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
=======
  const seed = await composeSeed(
    {
      ...{ settings, log, packs, resolve, mcpServerFor },
      version: readVersion(),
      playbooks: await playbooksOf(packs),
      cliBundle: await bundleCli(),
      ownUrl: () => ownUrl,
      openStore: () =>
        openStore({
          ...addresses,
          log,
          ...(clock && { clock }),
          packs: { tables: packs.flatMap(tablesOf), rowSecurity: settings.packRowSecurity },
          ...(settings.migrations === 'wait' && { waitForMigrationsMs: MIGRATED_WITHIN_MS }),
        }),
    },
    undo,
  );
  const { store, stopping, dispatcher, rows } = seed;
  seed.keep();
  undo.use(dispatcher.start());
  await rows.care();
  undo.use(rows.keep());
  let { app } = seed;
  const { basePath } = settings;
>>>>>>> main
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
      app = await seed.appWith(found);
      return servedLine(written, found);
    };
    const folder = written === ALL_PACKS ? settings.packs.folder : new URL(`${written}/`, settings.packs.folder);
    undo.use(watchPack({ folder, reload, say: (line) => process.stdout.write(`${line}\n`) }));
  }
  const newAdminKey = settings.adminKey === null ? await makeFirstKey(store) : null;
  const notices = await seed.notices();
  const started = undo.move();
  return {
    url,
    newAdminKey,
    defaultModel: seed.llm.defaultModels[0],
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
