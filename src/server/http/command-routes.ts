// Mounts every command of the registry under /api/v1: authentication, scope, input, run, answer, ledger.
import { type Context, Hono } from 'hono';
import { z } from 'zod';
import type { Actor } from '../../command/call.ts';
import {
  type Command,
  isFile,
  isObject,
  isStream,
  type ObjectCommand,
} from '../../command/define-command.ts';
import { parseHttp, pathParameters, toManifest } from '../../command/manifest.ts';
import type { Store } from '../../db/store.ts';
import { SeedError } from '../../protocol/errors.ts';
import { allows } from '../../protocol/scope.ts';
import { BoundContext, type CallInHand } from '../bound-context.ts';
import { doBetween } from '../ledger/do-between.ts';
import { doTogether } from '../ledger/do-together.ts';
import { callRow, keptCall, writeRow } from '../ledger/kept-call.ts';
import type { ServerParts } from '../parts.ts';
import { appendServerEvent } from '../tasks/events.ts';
import { fileAnswer, streamAnswer } from './answers.ts';
import { answerChecker, written } from './checked-answer.ts';
import { methodNotAllowed } from './errors.ts';
import type { AuditedRoute, RecordDone } from './gate.ts';
import { HeldAnswer } from './held-answer.ts';
import type { HttpEnv } from './http-types.ts';
import { type Delivery, NO_DELIVERY } from './inbox.ts';
import { inputReader } from './read-input.ts';
import { preferredWaitMs } from './request-headers.ts';

type Answer = (c: Context<HttpEnv>, recordDone: RecordDone, delivery: Delivery) => Promise<Response>;

const NO_COMMAND: AuditedRoute = { name: null, effect: 'read' };

export function commandRoutes(parts: ServerParts): Hono<HttpEnv> {
  const app = new Hono<HttpEnv>();
  const commands = parts.registry.commands.toSorted(literalFirst);
  const byPath = Map.groupBy(commands, ({ http }) => parseHttp(http).path);
  for (const [path, ofPath] of byPath) {
    for (const command of ofPath) mount(app, command, parts);
    refuseOtherMethods(app, path, commands, parts);
  }
  const readNothing = inputReader({ http: 'GET /commands', input: z.object({}) });
  app.get('/commands', (c) =>
    parts.gate.audited(c, NO_COMMAND, async () => {
      const { key, operator } = await parts.gate.authenticate(c, { counted: true, sessions: true });
      await readNothing(c, NO_DELIVERY);
      return c.json(toManifest(parts.registry.allowed(key.scopes, operator), parts.version));
    }),
  );
  app.use(async (c, next) => {
    await refuseStranger(c, parts);
    await next();
  });
  return app;
}

/** Whatever is asked for, a stranger learns nothing of what there is. */
async function refuseStranger(c: Context<HttpEnv>, parts: ServerParts): Promise<void> {
  await parts.gate.audited(c, NO_COMMAND, async () => {
    await parts.gate.authenticate(c, { counted: true, sessions: true });
    return new Response();
  });
}

/** `/webhooks/events` before `/webhooks/{id}`: the first that matches answers. */
function literalFirst(one: Command, other: Command): number {
  const [a, b] = [one, other].map(({ http }) => parseHttp(http).path.replace(/\{[^}]+\}/g, '\uffff'));
  return (a ?? '') < (b ?? '') ? -1 : 1;
}

function mount(app: Hono<HttpEnv>, command: Command, parts: ServerParts): void {
  const { method, path } = parseHttp(command.http);
  const readInput = inputReader(command);
  const respond = responder(command, parts);
  const success = isObject(command) ? (command.successStatus ?? 200) : 200;
  const answer: Answer = async (c, recordDone, delivery) => {
    const actor = await parts.gate.authenticate(c, { counted: true, sessions: true });
    refuseUnlessAllowed(command, actor);
    const input = await readInput(c, delivery);
    c.set('input', input);
    const held = new HeldAnswer(() => c.req.raw.signal, parts.stopping);
    const waitMs = preferredWaitMs(c.req.header('prefer'));
    const call: CallInHand = {
      actor,
      held,
      waitMs,
      recordDone: (target) => recordDone(target, success),
      traceParent: c.req.header('traceparent'),
    };
    return respond(c, input, call);
  };
  const answerWithFiles = async (c: Context<HttpEnv>, recordDone: RecordDone) => {
    await using delivery = parts.inbox.open();
    return await answer(c, recordDone, delivery);
  };
  const takesFiles = isObject(command) && command.takesFiles;
  const [named] = pathParameters(path);
  app.on(method, toHonoPath(path), (c) => {
    const target = named === undefined ? undefined : c.req.param(named);
    if (target) c.set('target', target);
    return parts.gate.audited(c, command, (recordDone) =>
      recorded(c, command, parts, () =>
        takesFiles ? answerWithFiles(c, recordDone) : answer(c, recordDone, NO_DELIVERY),
      ),
    );
  });
}

/** Runs the command on a sound input and makes the response of what comes of it. */
type Respond = (c: Context<HttpEnv>, input: unknown, call: CallInHand) => Promise<Response>;

function responder(command: Command, parts: ServerParts): Respond {
  if (isStream(command)) {
    return async (c, input, call) => {
      const context = new BoundContext(parts, call, parts.store, c.get('requestId'));
      return streamAnswer(c, await command.stream(resumed(c, input), context, undefined), parts);
    };
  }
  if (isFile(command)) {
    return async (c, input, call) =>
      fileAnswer(
        c,
        await command.file(
          input as never,
          new BoundContext(parts, call, parts.store, c.get('requestId')),
          undefined,
        ),
      );
  }
  const { effect, output: declared, successStatus = 200 } = command;
  const check = answerChecker(declared);
  return async (c, input, call) => {
    const { output, json } =
      effect === 'read'
        ? check(
            await command.run(
              input as never,
              new BoundContext(parts, call, parts.store, c.get('requestId')),
              undefined,
            ),
          )
        : written(await change(c, command, parts, call));
    const created = idOf(output);
    if (!c.get('target') && created) c.set('target', created);
    return c.body(json, successStatus, { 'Content-Type': 'application/json' });
  };
}

/** Runs a command that changes something, and has its call kept where it must not be missed. */
async function change(
  c: Context<HttpEnv>,
  command: ObjectCommand,
  parts: ServerParts,
  call: CallInHand,
): Promise<object> {
  const { store } = parts;
  const { held, actor } = call;
  const kept = keptCall(c, command, actor, store.clock.now());
  if (kept) c.set('kept', kept);
  const run = async (store: Store, creationId: string) => {
    const context = new BoundContext(parts, call, store, creationId);
    return command.output.parse(await command.run(c.get('input') as never, context, undefined));
  };
  const id = c.get('requestId');
  if (kept === null && !command.transactional) return run(store, id);
  const done =
    kept === null || command.transactional
      ? await doTogether(store, kept, held, (transaction) => run(transaction, id))
      : await doBetween(parts, kept, { held, takesOver: command.repeatable === true }, (creationId) =>
          run(store, creationId),
        );
  if (done.isReplay) c.header('Idempotent-Replay', 'true');
  return done.output;
}

/** The id of the first thing in an answer: what a command has made. */
function idOf(output: object): string | undefined {
  const things = Object.values(output) as ({ id?: unknown } | null)[];
  const id = things.find((thing) => typeof thing?.id === 'string')?.id;
  return typeof id === 'string' ? id : undefined;
}

/** The row of the call and, of a task's, the event in its transcript: before the answer, whatever came of the call. */
async function recorded(
  c: Context<HttpEnv>,
  command: Command,
  parts: ServerParts,
  answer: () => Promise<Response>,
): Promise<Response> {
  const startedAt = performance.now();
  const [answered] = await Promise.allSettled([answer()]);
  const { status, code } =
    answered.status === 'fulfilled'
      ? { status: answered.value.status, code: null }
      : failureOf(answered.reason);
  const actor = c.get('actor');
  const durationMs = Math.round(performance.now() - startedAt);
  const { name, effect } = command;
  const call = { name, effect, taskId: actor?.key.taskId ?? null, status, code, durationMs };
  parts.telemetry.observe({ type: 'command', call });
  if (actor) {
    try {
      await recordCall(c, command, parts, actor, { status, code, durationMs });
    } catch (error) {
      parts.telemetry.observe({ type: 'records_lost', record: 'call', count: 1 });
      if (answered.status === 'fulfilled') await answered.value.body?.cancel();
      throw error;
    }
  }
  if (answered.status === 'rejected') throw answered.reason;
  return answered.value;
}

function failureOf(error: unknown): { status: number; code: string } {
  return error instanceof SeedError ? error : { status: 500, code: 'internal' };
}

/** @throws SeedError unavailable: the row of a task's call cannot be written */
async function recordCall(
  c: Context<HttpEnv>,
  command: Command,
  { store, calls, log, telemetry }: ServerParts,
  actor: Actor,
  ended: { status: number; code: string | null; durationMs: number },
): Promise<void> {
  const { taskId } = actor.key;
  const kept = c.get('kept');
  const outcome = { ...ended, status: kept?.isUnknown ? null : ended.status };
  if (!kept?.hasRow) {
    const at = store.clock.now();
    // Of one that is unknown the row may be there: it has the same id and time.
    const row = kept
      ? { ...kept.row, at: kept.isUnknown ? kept.row.at : at }
      : callRow(c, command, actor, at);
    if (taskId === null) calls.count({ ...row, ...outcome, idempotencyKey: null });
    else await writeRow(store.db, { ...row, ...outcome });
  }
  if (taskId === null) return;
  const { name, effect, scope } = command;
  const { status, durationMs } = outcome;
  const event = { type: 'command', command: name, effect, scope, status, durationMs } as const;
  await appendServerEvent(store.db, taskId, event, store.clock.now()).catch((error) => {
    log.error({ err: error, taskId, command: name }, 'a called command could not be recorded');
    telemetry.observe({ type: 'records_lost', record: 'event', count: 1 });
  });
}

function refuseUnlessAllowed(command: Command, actor: Actor): void {
  if (command.operatorOnly && !actor.operator) {
    throw new SeedError('operator_only', `"${command.name}" is for the operator of this Seed`);
  }
  if (command.scope !== null && !allows(actor.key.scopes, command.scope)) {
    throw new SeedError(
      'missing_scope',
      `"${command.name}" needs the scope ${command.scope}, which this key lacks`,
      {
        hint: '`seed --help` (GET /api/v1/commands) lists what this key may use; another key can be created with the scope.',
      },
    );
  }
}

/** An EventSource that reconnects says in Last-Event-ID where it was. */
function resumed(c: Context, input: unknown): never {
  const last = c.req.header('last-event-id');
  if (last === undefined) return input as never;
  if (!/^\d{1,9}$/.test(last)) throw new SeedError('invalid_input', 'Last-Event-ID is not a sequence number');
  return { ...(input as object), after: Number(last) } as never;
}

/**
 * Right behind the commands of a path, before those of paths with parameters that would match as well: `/webhooks/events` is no
 * webhook that could be deleted. Where the word could be an id, the command that takes it so is let have it.
 */
function refuseOtherMethods(
  app: Hono<HttpEnv>,
  path: string,
  commands: readonly Command[],
  parts: ServerParts,
): void {
  const serving = commands.filter((command) => serves(command, path));
  app.all(toHonoPath(path), async (c, next) => {
    const methods = [...new Set(serving.map(({ http }) => parseHttp(http).method))];
    const asked = c.req.method === 'HEAD' ? 'GET' : c.req.method;
    if (methods.some((method) => method === asked)) return next();
    await refuseStranger(c, parts);
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
