// The server's HTTP application: what is mounted where, and what holds for every request.
import { Hono } from 'hono';
import { toManifest } from '../command/manifest.ts';
import { SeedError } from '../protocol/errors.ts';
import { sessionRoutes } from './access/session-routes.ts';
import { signInRoutes, waysRoute } from './access/sign-in/routes.ts';
import { linkRoutes } from './approvals/link-routes.ts';
import { referenceRoutes } from './dashboard/reference-routes.ts';
import { dashboardRoutes } from './dashboard/routes.ts';
import { readWebFiles } from './dashboard/web-files.ts';
import { DOOR_PATH } from './door/open-door.ts';
import { type DoorRoutesNeeds, doorRoutes, refuseBesideDoor } from './door/routes.ts';
import { type BasePathSettings, routedPath } from './http/base-path.ts';
import { renderCli } from './http/cli-bundle.ts';
import { type CommandRoutesNeeds, commandRoutes } from './http/command-routes.ts';
import { type CronNeeds, cronRoutes } from './http/cron-routes.ts';
import { descriptionRoutes } from './http/description-routes.ts';
import { answerErrors, methodNotAllowed, methodsAt } from './http/errors.ts';
import { headEveryAnswer, logRequests, refuseWhileStopping } from './http/every-request.ts';
import type { HttpEnv } from './http/http-types.ts';
import { limitBodies } from './http/limit-body.ts';
import { prefixIn } from './http/request-headers.ts';
import { refuseUnsound } from './http/sound-request.ts';
import type { mcpRoutes } from './mcp/routes.ts';
import { llmRoutes } from './models/routes.ts';
import { runnerRoutes } from './runners/routes.ts';
import { liveRunners } from './runners/runners.ts';
import { appendServerEvent } from './tasks/events.ts';
import { countUnfinished } from './tasks/list.ts';
import { metricsRoute, watchRequests } from './telemetry/metrics-http.ts';
import type { Telemetry } from './telemetry/telemetry.ts';

/** What the routes of the features are given, and what the application itself takes. */
type AppNeeds = Omit<CommandRoutesNeeds, 'tellTask' | 'observe'> &
  Parameters<typeof sessionRoutes>[0] &
  Parameters<typeof signInRoutes>[0] &
  Parameters<typeof linkRoutes>[0] &
  Parameters<typeof llmRoutes>[0] &
  Parameters<typeof runnerRoutes>[0] &
  Parameters<typeof mcpRoutes>[0] &
  Omit<DoorRoutesNeeds, 'door'> & {
    /** Null: tasks have runners. */
    door: DoorRoutesNeeds['door'] | null;
  } & BasePathSettings & {
    telemetry: Telemetry;
    cron: CronNeeds | null;
    /** The built dashboard; it may be missing. */
    webFolder: URL;
    /** The CLI as one file, without a manifest. */
    cliBundle: string;
  };

export async function createApp(parts: AppNeeds): Promise<Hono<HttpEnv>> {
  const { store, registry, version, log } = parts;
  const { metrics, observe } = parts.telemetry;
  const app = new Hono<HttpEnv>({ getPath: routedPath(parts) });
  const answerError = answerErrors(log);
  app.onError(answerError);
  app.notFound((c) => {
    // Not thrown: what is thrown here goes past the innermost middleware, which then does not see an answer.
    const methods = methodsAt(app, c.req.path);
    const hint = `GET ${prefixIn(c)}/docs shows what there is.`;
    const notFound = () => new SeedError('not_found', `there is nothing at ${c.req.path}`, { hint });
    c.error = methods.length > 0 ? methodNotAllowed(c, methods) : notFound();
    return answerError(c.error, c);
  });
  app.use(await headEveryAnswer(parts));
  if (metrics) app.use(watchRequests(metrics));
  if (log.isLevelEnabled('info')) app.use(logRequests(log));
  app.use(refuseUnsound);
  app.use(refuseWhileStopping(parts.stopping));
  const { door } = parts;
  if (door !== null) app.use(refuseBesideDoor);
  app.use(limitBodies(registry.commands, (path) => methodsAt(app, path)));

  const tellTask: CommandRoutesNeeds['tellTask'] = (taskId, event) =>
    appendServerEvent(store.db, taskId, event, store.clock.now());
  app.route('/api/v1', commandRoutes({ ...parts, tellTask, observe }));
  app.route('/session/ways', waysRoute(parts));
  app.route('/session/oidc', signInRoutes(parts));
  app.route('/session', sessionRoutes(parts));
  app.route('/approve', linkRoutes(parts));
  app.route('/llm/v1', llmRoutes(parts));
  app.route('/runner/v1', runnerRoutes(parts));
  // A large library: a function loads it while its connections are made.
  const mcp = await import('./mcp/routes.ts');
  app.route('/', mcp.mcpRoutes(parts, app));
  if (door !== null) app.route(DOOR_PATH, doorRoutes({ ...parts, door }, app));
  if (parts.cron) app.route('/api/cron', cronRoutes(parts.cron));
  if (metrics) {
    const read = async () => ({ tasks: await countUnfinished(store.db), runners: await liveRunners(store) });
    app.route('/metrics', metricsRoute(metrics, read));
  }

  app.route('/', descriptionRoutes(registry.commands, version));
  app.route('/', referenceRoutes(registry.commands, parts.webFolder));
  app.get('/cli/seed.mjs', (c) => {
    return parts.gate.audited(c, { name: null, effect: 'read' }, async () => {
      const { key, operator } = await parts.gate.authenticate(c, { counted: false, sessions: false });
      const manifest = toManifest(registry.allowed(key.scopes, operator), version);
      c.header('Content-Type', 'text/javascript; charset=utf-8');
      c.header('Cache-Control', 'private, no-store');
      return c.body(renderCli(parts.cliBundle, manifest));
    });
  });
  app.get('/healthz', (c) => c.json({ status: 'ok', version }));
  app.get('/readyz', async (c) => {
    await parts.inbox.requireRoom();
    await store.check();
    return c.json({ status: 'ready' });
  });
  app.route('/', dashboardRoutes(await readWebFiles(parts.webFolder)));
  // The first match builds the matcher, which takes a while with thousands of routes: at nobody's request.
  app.router.match('GET', '/healthz');
  return app;
}
