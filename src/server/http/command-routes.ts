// Mounts every command under /api/v1: authentication, scope, input; then command-calls.ts runs it and answers.
import { type Context, Hono } from 'hono';
import type { Call } from '../../command/call.ts';
import { type Command, isObject } from '../../command/define-command.ts';
import { parseHttp, pathParameters, toManifest } from '../../command/manifest.ts';
import { Narrowing, narrowed } from '../../command/narrow.ts';
import { refuseUnlessAllowed } from '../../command/refuse-unless-allowed.ts';
import type { Registry } from '../../command/registry.ts';
import { SeedError } from '../../protocol/errors.ts';
import type { HttpMethod } from '../../protocol/manifest.ts';
import { type CallNeeds, calledCommand, recorded, responder } from './command-calls.ts';
import { methodNotAllowed } from './errors.ts';
import type { AuditedRoute, Gate, RecordDone } from './gate.ts';
import type { HttpEnv } from './http-types.ts';
import { type Inbox, NO_DELIVERY } from './inbox.ts';
import { inputReader } from './read-input.ts';
import { preferredWaitMs, publicBase, shownCredential } from './request-headers.ts';
import { type Background, isForLater, respondLater } from './respond-async.ts';

export interface CommandRoutesNeeds extends CallNeeds {
  registry: Registry;
  gate: Gate;
  /** Where files that come with a request lie while they are received. */
  inbox: Inbox;
  /** Does what is answered before. */
  background: Background;
  /** Addresses of proxies that are believed, as CIDRs. */
  trustedProxies: readonly string[];
  version: string;
}

const NO_COMMAND: AuditedRoute = { name: null, effect: 'read' };

export function commandRoutes(needs: CommandRoutesNeeds): Hono<HttpEnv> {
  const app = new Hono<HttpEnv>();
  const commands = needs.registry.commands.toSorted(literalFirst);
  const byPath = Map.groupBy(commands, ({ http }) => parseHttp(http).path);
  const byShape = Map.groupBy(commands, ({ http }) => shapeOf(parseHttp(http).path));
  for (const [path, ofPath] of byPath) {
    for (const command of ofPath) mount(app, command, needs);
    refuseOtherMethods(app, path, byShape.get(shapeOf(path)) ?? [], needs.gate);
  }
  const readNarrowing = inputReader({ http: 'GET /commands', input: Narrowing });
  app.get('/commands', (c) =>
    needs.gate.audited(c, NO_COMMAND, async () => {
      const { key, operator } = await needs.gate.authenticate(c, { counted: true, sessions: true });
      const narrowing = Narrowing.parse(await readNarrowing(c, NO_DELIVERY));
      const { commands, nextCursor } = narrowed(needs.registry.allowed(key.scopes, operator), narrowing);
      const manifest = toManifest(commands, needs.version);
      return c.json(narrowing.limit === undefined ? manifest : { ...manifest, nextCursor });
    }),
  );
  app.use(async (c, next) => {
    await refuseStranger(c, needs.gate);
    await next();
  });
  return app;
}

/** Whatever is asked for, a stranger learns nothing of what there is. */
async function refuseStranger(c: Context<HttpEnv>, gate: Gate): Promise<void> {
  await gate.audited(c, NO_COMMAND, async () => {
    await gate.authenticate(c, { counted: true, sessions: true });
    return new Response();
  });
}

/** `/webhooks/events` before `/webhooks/{id}`: the first that matches answers. */
function literalFirst(one: Command, other: Command): number {
  const [a, b] = [one, other].map(({ http }) => parseHttp(http).path.replace(/\{[^}]+\}/g, '\uffff'));
  return (a ?? '') < (b ?? '') ? -1 : 1;
}

function mount(app: Hono<HttpEnv>, command: Command, needs: CommandRoutesNeeds): void {
  const { method, path } = parseHttp(command.http);
  const readInput = inputReader(command);
  const respond = responder(command, needs);
  const success = isObject(command) ? (command.successStatus ?? 200) : 200;
  const takesFiles = isObject(command) && (command.takesFiles || command.takesLargeInput);
  const answer = async (c: Context<HttpEnv>, recordDone: RecordDone) => {
    await using delivery = takesFiles ? needs.inbox.open() : NO_DELIVERY;
    const actor = await needs.gate.authenticate(c, { counted: true, sessions: true });
    refuseUnlessAllowed(command, actor);
    if (command.effect !== 'read') refuseConditions(c);
    const platformCredential = shownCredential(c, command, actor.key);
    c.set('input', await readInput(c, delivery));
    const gone = () => c.req.raw.signal;
    const call: Call = {
      actor,
      store: needs.store,
      creationId: c.get('requestId'),
      waitMs: Math.min(preferredWaitMs(c.req.header('prefer')), c.env.deadline?.leftMs() ?? Infinity),
      via: viaOf(c),
      platformCredential,
      reachedAt: () => publicBase(c, needs.trustedProxies),
      traceParent: c.req.header('traceparent'),
      gone,
      waiting: () => AbortSignal.any([gone(), needs.stopping, ...(c.env.deadline ? [c.env.deadline.signal] : [])]),
      recordDone: (target) => recordDone(target, success),
    };
    if (isForLater(c, command, call))
      return await respondLater(c, { called: calledCommand(c, command, needs.store), call }, needs.background);
    return await respond(c, call);
  };
  const [named] = pathParameters(path);
  app.on(method, toHonoPath(path), (c) => {
    const target = named === undefined ? undefined : c.req.param(named);
    if (target) c.set('target', target);
    return needs.gate.audited(c, command, (recordDone) =>
      recorded(c, command, needs, () => answer(c, recordDone)),
    );
  });
}

/**
 * What is to be done only on a condition is not done without looking at it (RFC 9110, sections 13.1.1 and 13.1.2),
 * and answers have no ETag.
 * @throws SeedError invalid_input
 */
function refuseConditions(c: Context<HttpEnv>): void {
  const given = ['If-Match', 'If-None-Match'].find((name) => c.req.header(name) !== undefined);
  if (given === undefined) return;
  throw new SeedError('invalid_input', `${given}: answers have no ETag that it could be compared with`, {
    hint: 'Leave it out. That a repeated request does nothing twice is what Idempotency-Key is for.',
  });
}

/** A call that MCP makes within the server has no answer of its own to Node. */
function viaOf(c: Context<HttpEnv>): Call['via'] {
  if (c.get('session') !== undefined) return 'session';
  return c.env.outgoing === undefined ? 'mcp' : 'key';
}

/**
 * Right behind the commands of a path, before those of paths with parameters: `/webhooks/events` is no webhook
 * that could be deleted. Where the word could be an id, the command that takes it so is let have it.
 */
function refuseOtherMethods(app: Hono<HttpEnv>, path: string, commands: readonly Command[], gate: Gate): void {
  // At the first request: of thousands of paths few are asked for.
  let known: HttpMethod[] | null = null;
  const methodsHere = () => {
    known ??= [
      ...new Set(commands.filter((command) => serves(command, path)).map(({ http }) => parseHttp(http).method)),
    ];
    return known;
  };
  app.all(toHonoPath(path), async (c, next) => {
    const methods = methodsHere();
    const asked = c.req.method === 'HEAD' ? 'GET' : c.req.method;
    if (methods.some((method) => method === asked)) return next();
    await refuseStranger(c, gate);
    throw methodNotAllowed(c, methods);
  });
}

/** Paths that one call can mean have the same: every path begins with a word of its own. */
function shapeOf(path: string): string {
  const parts = path.split('/');
  return `${parts.length} ${parts[1]}`;
}

/** Whether a call of the path, as it is written, can be one of the command. */
function serves({ http, input }: Command, path: string): boolean {
  const own = parseHttp(http).path.split('/');
  const parts = path.split('/');
  if (own.length !== parts.length) return false;
  return own.every((part, index) => {
    const other = parts[index] ?? '';
    if (part === other) return true;
    const [, parameter] = /^\{(.+)\}$/.exec(part) ?? [];
    if (parameter === undefined) return false;
    return other.startsWith('{') || input.shape[parameter]?.safeParse(other).success === true;
  });
}

const toHonoPath = (path: string) => path.replace(/\{([^}]+)\}/g, ':$1');
