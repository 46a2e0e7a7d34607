// One call of a command, from its sound input to its answer, with its row in the ledger. For command-routes.ts.
import type { Context } from 'hono';
import type { Call } from '../../command/call.ts';
import { type Command, isFile, isStream, type ObjectCommand } from '../../command/define-command.ts';
import type { Store } from '../../db/store.ts';
import type { CountedSlots } from '../../lib/counted-slots.ts';
import type { Logger } from '../../lib/log.ts';
import { failureOf, SeedError } from '../../protocol/errors.ts';
import type { ServerEvent } from '../../protocol/event.ts';
import type { Effect } from '../../protocol/manifest.ts';
import { type Admission, type AskedAnswer, AskedBefore, admitted, NeedsApproval } from '../ledger/admission.ts';
import type { NewCall } from '../ledger/call-log.ts';
import { change } from '../ledger/change.ts';
import { type CalledCommand, callRow, type KeptCall, kept, keptCall, writeRow } from '../ledger/kept-call.ts';
import { fileAnswer, streamAnswer } from './answers.ts';
import type { HttpEnv } from './http-types.ts';
import { answerReader, type ReadNeeds } from './read-answers.ts';
import { prefixIn } from './request-headers.ts';
import { holdStream } from './stream-slots.ts';

export interface CallNeeds extends ReadNeeds {
  store: Store;
  log: Logger;
  /** Counts the streams of each key. */
  slots: CountedSlots;
  /** What the call must be admitted by; null: nothing limits it. */
  admissionOf(call: CalledCommand): Admission | null;
  approvals: Approvals;
  /** Counts the calls that are in no task's ledger. */
  calls: { count(call: NewCall): void };
  /** Writes into the transcript of the task what its agent has called. */
  tellTask(taskId: string, event: Extract<ServerEvent, { type: 'command' }>): Promise<void>;
  observe(observation: CallObservation): void;
}

/** A call that a person is to be asked about. */
export interface AskedCall {
  called: CalledCommand;
  /** Its row in the ledger stands once it is asked about. */
  kept: KeptCall;
  call: Call;
  /** Which limit or setting asks. */
  reason: string;
}

/** Given to the routes by approvals/ when the server is put together. */
export interface Approvals {
  /** Keeps the call, and its row in the ledger, until a person has decided on it. */
  ask(asked: AskedCall): Promise<AskedAnswer>;
  /** What became of the call that an earlier request asked for. @throws SeedError why it was not done */
  again(actor: Call['actor'], approvalId: string): Promise<AskedAnswer>;
}

export type CallObservation =
  | { type: 'command'; call: Outcome & { name: string; effect: Effect; taskId: string | null } }
  | { type: 'records_lost'; record: 'call' | 'event'; count: number };

interface Outcome {
  status: number;
  code: string | null;
  durationMs: number;
}

/** Runs the command on its input, which is sound, and makes the response of what comes of it. */
export type Respond = (c: Context<HttpEnv>, call: Call) => Promise<Response>;

export function responder(command: Command, needs: CallNeeds): Respond {
  if (isStream(command)) {
    return async (c, call) => {
      const items = await read(c, command, needs, () => command.stream(resumed(c), call, undefined)).catch(
        refused,
      );
      const held = await holdStream(needs.slots, call.actor.key.id, items, call.waiting());
      return streamAnswer(c, held, needs);
    };
  }
  if (isFile(command)) {
    return async (c, call) =>
      fileAnswer(c, await read(c, command, needs, () => command.file(inputOf(c), call, undefined)).catch(refused));
  }
  const { effect, successStatus = 200 } = command;
  const headers = { 'Content-Type': 'application/json' };
  if (effect === 'read') {
    const answer = answerReader(command, needs);
    return async (c, call) => {
      const json = await read(c, command, needs, () => answer(c.get('input'), call)).catch((error) =>
        asked(c, { command, call, error }, needs),
      );
      if (json instanceof Response) return json;
      return c.body(typeof json === 'string' ? json : JSON.stringify(json), successStatus, headers);
    };
  }
  return async (c, call) => {
    const output = await changed(c, command, needs, call).catch((error) =>
      asked(c, { command, call, error }, needs),
    );
    if (output instanceof Response) return output;
    const created = idOf(output);
    if (!c.get('target') && created) c.set('target', created);
    return c.body(JSON.stringify(output), successStatus, headers);
  };
}

const inputOf = (c: Context<HttpEnv>) => c.get('input') as never;

/** An EventSource that reconnects says in Last-Event-ID where it was. */
function resumed(c: Context<HttpEnv>): never {
  const last = c.req.header('last-event-id');
  if (last === undefined) return inputOf(c);
  if (!/^\d{1,9}$/.test(last)) throw new SeedError('invalid_input', 'Last-Event-ID is not a sequence number');
  return { ...(inputOf(c) as object), after: Number(last) } as never;
}

/** Does what reads, when it may be. */
function read<Result>(
  c: Context<HttpEnv>,
  command: Command,
  { store, admissionOf }: CallNeeds,
  work: () => Promise<Result>,
): Promise<Result> {
  const admission = admissionOf(calledCommand(c, command, store));
  return admitted(store.db, admission, work).then((result) => {
    warn(c, admission);
    return result;
  });
}

function warn(c: Context<HttpEnv>, admission: Admission | null): void {
  const warning = admission?.warning?.() ?? null;
  if (warning !== null) c.header('Seed-Warning', warning);
}

/** What is sent piece by piece cannot be kept until somebody has said yes. */
function refused(error: unknown): never {
  if (!(error instanceof NeedsApproval)) throw error;
  throw new SeedError('limit_exceeded', `a person would have to be asked first: ${error.reason}`, {
    hint: 'Streams and files are not asked for: have the limit changed, or read it another way.',
  });
}

/** Runs a command that changes something, and has its call kept where it must not be missed. */
async function changed(
  c: Context<HttpEnv>,
  command: ObjectCommand,
  needs: CallNeeds,
  call: Call,
): Promise<object> {
  const { store, log, admissionOf } = needs;
  const called = calledCommand(c, command, store);
  const admission = admissionOf(called);
  // An answer is for who was shown to the platform: with another credential it is none to repeat.
  const secret = [c.get('secret'), call.platformCredential?.reveal() ?? ''].join(' ').trimEnd();
  const given = { idempotencyKey: c.req.header('idempotency-key'), secret };
  const kept = keptCall(called, { ...given, isLimited: admission !== null });
  if (kept) c.set('kept', kept);
  const onLost = () => needs.observe({ type: 'records_lost', record: 'call', count: 1 });
  const done = await change({ store, log, onLost }, { command, input: called.input, call, kept, admission });
  if (done.isReplay) c.header('Idempotent-Replay', 'true');
  warn(c, admission);
  return done.output;
}

/**
 * Where the call needs a person's yes first, the answer is 202 with the approval that waits for it; where that has
 * been given, what the call was answered when it ran.
 */
async function asked(
  c: Context<HttpEnv>,
  { command, call, error }: { command: ObjectCommand; call: Call; error: unknown },
  { store, approvals }: CallNeeds,
): Promise<Response | object> {
  let answer: AskedAnswer;
  if (error instanceof AskedBefore) answer = await approvals.again(call.actor, error.approvalId);
  else if (error instanceof NeedsApproval) {
    const called = calledCommand(c, command, store);
    const row = c.get('kept') ?? kept(called, null);
    c.set('kept', row);
    answer = await approvals.ask({ called, kept: row, call, reason: error.reason });
  } else throw error;
  if ('output' in answer) {
    c.header('Idempotent-Replay', 'true');
    return answer.output;
  }
  const { approval } = answer;
  c.header('Location', `${prefixIn(c)}/api/v1/approvals/${approval.id}`);
  c.header('Seed-Approval', approval.id);
  return c.json({ approval }, 202);
}

/** The call of this request; its input is there once it was read. */
export function calledCommand(c: Context<HttpEnv>, command: Command, { clock }: Store): CalledCommand {
  const [requestId, actor] = [c.get('requestId'), c.get('actor')];
  return { requestId, command, actor, input: c.get('input'), given: c.get('given'), at: clock.now() };
}

/** The id of the first thing in an answer: what a command has made. */
function idOf(output: object): string | undefined {
  const things = Object.values(output) as ({ id?: unknown } | null)[];
  const id = things.find((thing) => typeof thing?.id === 'string')?.id;
  return typeof id === 'string' ? id : undefined;
}

/** Writes the row, and the event in the transcript of a task, before the answer and whatever came of the call. */
export async function recorded(
  c: Context<HttpEnv>,
  command: Command,
  needs: CallNeeds,
  answer: () => Promise<Response>,
): Promise<Response> {
  const startedAt = performance.now();
  const [answered] = await Promise.allSettled([answer()]);
  const { status, code } =
    answered.status === 'fulfilled' ? { status: answered.value.status, code: null } : failureOf(answered.reason);
  const outcome = { status, code, durationMs: Math.round(performance.now() - startedAt) };
  const { name, effect } = command;
  // There is no actor where the call was refused before it was known whose it is.
  const actor = c.get('actor') as CalledCommand['actor'] | undefined;
  needs.observe({ type: 'command', call: { name, effect, taskId: actor?.key.taskId ?? null, ...outcome } });
  if (actor) {
    try {
      await recordCall(c, command, needs, outcome);
    } catch (error) {
      needs.observe({ type: 'records_lost', record: 'call', count: 1 });
      if (answered.status === 'fulfilled') await answered.value.body?.cancel();
      throw error;
    }
  }
  if (answered.status === 'rejected') throw answered.reason;
  return answered.value;
}

/** @throws SeedError unavailable: the row of a task's call cannot be written */
async function recordCall(
  c: Context<HttpEnv>,
  command: Command,
  { store, calls, log, tellTask, observe }: CallNeeds,
  ended: Outcome,
): Promise<void> {
  // What only waits is no work of the task's agent.
  const taskId = command.isPoll ? null : c.get('actor').key.taskId;
  const kept = c.get('kept');
  const outcome = { ...ended, status: kept?.isUnknown ? null : ended.status };
  const row = kept?.hasRow ? null : rowOfCall(c, command, store);
  if (taskId === null) {
    if (row) calls.count({ ...row, ...outcome, taskId, idempotencyKey: null });
    return;
  }
  const { name, effect, scope } = command;
  const { status, durationMs } = outcome;
  const event = { type: 'command', command: name, effect, scope, status, durationMs } as const;
  const telling = tellTask(taskId, event).catch((error) => {
    log.error({ err: error, taskId, command: name }, 'a called command could not be recorded');
    observe({ type: 'records_lost', record: 'event', count: 1 });
  });
  // Side by side: the agent waits for both.
  await Promise.all([row && writeRow(store.db, { ...row, ...outcome }), telling]);
}

function rowOfCall(c: Context<HttpEnv>, command: Command, store: Store) {
  const kept = c.get('kept');
  const called = calledCommand(c, command, store);
  // Of one that is unknown the row may be there: it has the same id and time.
  return kept ? { ...kept.row, at: kept.isUnknown ? kept.row.at : called.at } : callRow(called);
}
