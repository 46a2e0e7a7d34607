// A server from start to stop: the features (compose.ts) with a database, timers and a socket.
import { startEmbeddedPostgres } from '../db/embedded/start-embedded.ts';
import { migrateAgain, openStore } from '../db/store.ts';
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/log.ts';
import { readVersion } from '../lib/version.ts';
import { makeFirstKey } from './access/accounts.ts';
import { BUILT_IN } from './built-in.ts';
import { composeSeed } from './compose.ts';
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
