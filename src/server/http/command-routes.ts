// Mounts every command under /api/v1: authentication, scope, input; then command-calls.ts runs it and answers.
import { type Context, Hono } from 'hono';
import { z } from 'zod';
import type { Actor } from '../../command/call.ts';
import { type Command, isObject } from '../../command/define-command.ts';
import { parseHttp, pathParameters, toManifest } from '../../command/manifest.ts';
import type { Registry } from '../../command/registry.ts';
import { SeedError } from '../../protocol/errors.ts';
import { allows } from '../../protocol/scope.ts';
import { type CallNeeds, recorded, responder } from './command-calls.ts';
import { methodNotAllowed } from './errors.ts';
import type { AuditedRoute, Gate, RecordDone } from './gate.ts';
import type { HttpEnv } from './http-types.ts';
import { type Inbox, NO_DELIVERY } from './inbox.ts';
import { inputReader } from './read-input.ts';
import { preferredWaitMs } from './request-headers.ts';
import { StreamSlots } from './stream-slots.ts';

export interface CommandRoutesNeeds extends CallNeeds {
  registry: Registry;
  gate: Gate;
  /** Where files that come with a request lie while they are received. */
  inbox: Inbox;
  version: string;
}

const NO_COMMAND: AuditedRoute = { name: null, effect: 'read' };

export function commandRoutes(needs: CommandRoutesNeeds): Hono<HttpEnv> {
  const app = new Hono<HttpEnv>();
  const streams = new StreamSlots();
  const commands = needs.registry.commands.toSorted(literalFirst);
  const byPath = Map.groupBy(commands, ({ http }) => parseHttp(http).path);
  for (const [path, ofPath] of byPath) {
    for (const command of ofPath) mount(app, command, needs, streams);
    refuseOtherMethods(app, path, commands, needs.gate);
  }
  const readNothing = inputReader({ http: 'GET /commands', input: z.object({}) });
  app.get('/commands', (c) =>
    needs.gate.audited(c, NO_COMMAND, async () => {
      const { key, operator } = await needs.gate.authenticate(c, { counted: true, sessions: true });
      await readNothing(c, NO_DELIVERY);
      return c.json(toManifest(needs.registry.allowed(key.scopes, operator), needs.version));
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

function mount(app: Hono<HttpEnv>, command: Command, needs: CommandRoutesNeeds, streams: StreamSlots): void {
  const { method, path } = parseHttp(command.http);
  const readInput = inputReader(command);
  const respond = responder(command, needs, streams);
  const success = isObject(command) ? (command.successStatus ?? 200) : 200;
  const takesFiles = isObject(command) && (command.takesFiles || command.takesLargeInput);
  const answer = async (c: Context<HttpEnv>, recordDone: RecordDone) => {
    await using delivery = takesFiles ? needs.inbox.open() : NO_DELIVERY;
    const actor = await needs.gate.authenticate(c, { counted: true, sessions: true });
    refuseUnlessAllowed(command, actor);
    c.set('input', await readInput(c, delivery));
    const gone = () => c.req.raw.signal;
    return await respond(c, {
      actor,
      store: needs.store,
      creationId: c.get('requestId'),
      waitMs: preferredWaitMs(c.req.header('prefer')),
      traceParent: c.req.header('traceparent'),
      gone,
      waiting: () => AbortSignal.any([gone(), needs.stopping]),
      recordDone: (target) => recordDone(target, success),
    });
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

function refuseUnlessAllowed(command: Command, actor: Actor): void {
  if (command.operatorOnly && !actor.operator) {
    throw new SeedError('operator_only', `"${command.name}" is for the operator of this Seed`);
  }
  if (command.scope !== null && !allows(actor.key.scopes, command.scope)) {
    const message = `"${command.name}" needs the scope ${command.scope}, which this key lacks`;
    throw new SeedError('missing_scope', message, {
      hint: '`seed --help` (GET /api/v1/commands) lists what this key may use; another key can be created with the scope.',
    });
  }
}

/**
 * Right behind the commands of a path, before those of paths with parameters: `/webhooks/events` is no webhook
 * that could be deleted. Where the word could be an id, the command that takes it so is let have it.
 */
function refuseOtherMethods(app: Hono<HttpEnv>, path: string, commands: readonly Command[], gate: Gate): void {
  const serving = commands.filter((command) => serves(command, path));
  app.all(toHonoPath(path), async (c, next) => {
    const methods = [...new Set(serving.map(({ http }) => parseHttp(http).method))];
    const asked = c.req.method === 'HEAD' ? 'GET' : c.req.method;
    if (methods.some((method) => method === asked)) return next();
    await refuseStranger(c, gate);
    throw methodNotAllowed(c, methods);
  });
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
