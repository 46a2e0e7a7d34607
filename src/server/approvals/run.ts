// Runs the exact call that a person has approved, as the key that asked for it, with everything checked again.
// It is found under an Idempotency-Key of its own: what is one transaction is done once, what was cut off
// stays unknown, and whoever takes a call up from a dead server does nothing twice.
import type { Actor, Call } from '../../command/call.ts';
import { isObject, type ObjectCommand } from '../../command/define-command.ts';
import { refuseUnlessAllowed } from '../../command/refuse-unless-allowed.ts';
import type { Registry } from '../../command/registry.ts';
import type { ApprovalRow, Tx } from '../../db/tables.ts';
import { notify } from '../../db/telling.ts';
import { parseExactly } from '../../lib/exact-json.ts';
import { seal, unseal } from '../../lib/seal.ts';
import { failureOf, SeedError } from '../../protocol/errors.ts';
import { refuseInactive } from '../access/authenticate.ts';
import { actorOf } from '../access/presented-key.ts';
import type { CallObservation } from '../http/command-calls.ts';
import type { Admission } from '../ledger/admission.ts';
import { change } from '../ledger/change.ts';
import type { LedgerParts } from '../ledger/do-between.ts';
import { type CalledCommand, failedRow, type KeptCall, kept, writeRow } from '../ledger/kept-call.ts';
import type { Repeat } from '../ledger/repeat.ts';
import { type AskNeeds, hashOf, insertApproval, keptInput, lockAsking } from './ask.ts';
import { settleRun } from './decide.ts';
import { inputOf, lockApproval, sealResult } from './rows.ts';

export interface RunNeeds extends LedgerParts, AskNeeds {
  /** As it is now: packs may have been read again. */
  registry(): Registry;
  /** What the approved call must be admitted by; null: nothing limits it. */
  admissionOf(call: CalledCommand): Admission | null;
  /** Writes into the transcript of the task what was called. */
  tellTask(taskId: string, event: CalledEvent): Promise<void>;
  observe(observation: CallObservation): void;
  /** Aborted when the server begins to stop. */
  stopping: AbortSignal;
}

interface CalledEvent {
  type: 'command';
  command: string;
  effect: 'read' | 'write' | 'destructive';
  scope: string | null;
  status: number | null;
  durationMs: number;
}

/** What is not run by then is not run at all: Idempotency-Keys are kept for longer. */
const RUN_WITHIN_MS = 3_600_000;
const NEVER = new AbortController().signal;

/** Never rejects but for the database: what cannot be done now is tried again by whoever claims it next. */
export async function runApproved(row: ApprovalRow, needs: RunNeeds): Promise<void> {
  const found = await prepare(row, needs);
  if (found.state === 'refused') return settleRefused(row, found.refusal, needs);
  const startedAt = performance.now();
  const status = await runPrepared(row, found, needs);
  const durationMs = Math.round(performance.now() - startedAt);
  await tellCalled(found.called, { status, durationMs }, needs);
}

/** @returns the HTTP status that the call would have had; null: nobody knows what became of it */
async function runPrepared(row: ApprovalRow, found: Prepared, needs: RunNeeds): Promise<number | null> {
  const { command, call, input, row: keptRow } = found;
  let output: object;
  try {
    const admission = admissionFor(row, found, needs);
    const work = versionChecked(command, row);
    ({ output } = await change(needs, { command: work, input, call, kept: keptRow, admission }));
  } catch (error) {
    if (isPassing(error)) throw error;
    // Of one that was cut off before nobody knows more than its row says.
    if (isUnknown(error)) keptRow.isUnknown = true;
    await settleFailed(row, error, found, needs);
    return keptRow.isUnknown ? null : failureOf(error).status;
  }
  // Should it fail, whoever comes next is answered what was done.
  const sealed_result = sealResult(row.id, output, needs.secretsKey);
  const ran_at = needs.store.clock.now();
  await needs.store.db.transaction().execute(async (tx) => {
    await settleRun(tx, row, { state: 'approved', ran_at, sealed_result, error: null });
    await tell(tx, row);
  });
  return keptRow.success;
}

interface Prepared {
  state: 'ready';
  command: ObjectCommand;
  called: CalledCommand;
  input: unknown;
  call: Call;
  row: KeptCall;
  /** Why it may not run after all, unless it has already; null: it may. */
  refusal: SeedError | null;
}

/** The call as it was asked about, with what speaks against it now. */
async function prepare(
  row: ApprovalRow,
  needs: RunNeeds,
): Promise<Prepared | { state: 'refused'; refusal: SeedError }> {
  const { store, secretsKey } = needs;
  const now = store.clock.now();
  const command = needs.registry().commands.find(({ name }) => name === row.command);
  const owner = await actorOf(store.db, { accountId: row.account_id, keyId: row.key_id }, now);
  if (!command || !isObject(command))
    return { state: 'refused', refusal: new SeedError('approval_stale', `there is no "${row.command}" any more`) };
  if (!owner)
    return { state: 'refused', refusal: new SeedError('key_revoked', 'the key that asked is not there any more') };
  const given = parseExactly(inputOf(row, secretsKey));
  const parsed = command.input.strict().safeParse(given);
  const isSame = parsed.success && hashOf(command.name, parsed.data) === row.input_hash;
  const { actor, status } = owner;
  const called = { requestId: row.request_id, command, actor, input: parsed.data, given, at: row.requested_at };
  const repeat = repeatOf(row, secretsKey);
  const asked = kept(called, repeat);
  const keptRow = { ...asked.row, idempotencyKey: row.idempotency_key, approvalId: row.id };
  return {
    state: 'ready',
    command,
    called,
    input: parsed.data,
    call: callFor(row, actor, needs),
    row: { ...asked, row: keptRow, isAsked: true },
    refusal: isSame ? refusalOf(row, command, { actor, status }, now) : changedCommand(command.name),
  };
}

function changedCommand(name: string): SeedError {
  return new SeedError('approval_stale', `"${name}" takes another input since it was asked about`, {
    hint: 'Nothing was done. Call it again to ask anew.',
  });
}

function refusalOf(
  row: ApprovalRow,
  command: ObjectCommand,
  { actor, status }: NonNullable<Awaited<ReturnType<typeof actorOf>>>,
  now: Date,
): SeedError | null {
  try {
    refuseInactive(status, 'the key that asked, or one that it descends from,');
    refuseUnlessAllowed(command, actor);
  } catch (error) {
    if (error instanceof SeedError) return error;
    throw error;
  }
  if (now.getTime() - (row.decided_at ?? now).getTime() <= RUN_WITHIN_MS) return null;
  return new SeedError('approval_expired', 'it was approved, and no server could run it within an hour', {
    hint: 'Nothing was done. Call it again to ask anew.',
  });
}

function callFor(row: ApprovalRow, actor: Actor, { store, stopping }: RunNeeds): Call {
  return {
    actor,
    store,
    creationId: row.request_id,
    waitMs: 0,
    via: 'key',
    traceParent: undefined,
    gone: () => NEVER,
    waiting: () => stopping,
    recordDone: async () => {},
  };
}

/** With a space, which no caller's Idempotency-Key has. */
function repeatOf({ id, key_id, input_hash }: ApprovalRow, secretsKey: string): Repeat {
  const place = `approved call ${id}`;
  return {
    request: { keyId: key_id, idempotencyKey: `approval ${id}`, requestHash: input_hash ?? '', subjectId: id },
    seal: (output) => seal(JSON.stringify(output), secretsKey, place),
    unseal: (answer) => {
      const text = unseal(answer, secretsKey, place);
      if (text !== null) return JSON.parse(text) as object;
      throw new SeedError('internal', 'an answer is sealed with another secrets key than this server has');
    },
  };
}

/** Looked at in the transaction of the work, behind its Idempotency-Key: what has been done is not refused. */
function admissionFor(row: ApprovalRow, { called, refusal }: Prepared, needs: RunNeeds): Admission {
  const limited = needs.admissionOf(called);
  return {
    async admit(tx) {
      if (row.task_id !== null) await lockLivingTask(tx, row.task_id);
      const { state, ran_at } = await lockApproval(tx, row.id);
      if (state !== 'approved' || ran_at !== null)
        throw new SeedError('approval_decided', 'the approval is over: nothing is done any more');
      if (refusal) throw refusal;
      await limited?.admit(tx);
    },
    giveBack: async (tx) => limited?.giveBack(tx),
  };
}

class TaskEnded extends SeedError {
  constructor(taskId: string) {
    super('approval_decided', `the task ${taskId} ended before the call could run: nothing was done`);
  }
}

/** It does not end before the transaction does. @throws TaskEnded */
async function lockLivingTask(tx: Tx, taskId: string): Promise<void> {
  const task = await tx
    .selectFrom('tasks')
    .select('completed_at')
    .where('id', '=', taskId)
    .forShare()
    .executeTakeFirst();
  if (!task || task.completed_at !== null) throw new TaskEnded(taskId);
}

class Stale extends SeedError {}

/** The command, which looks first whether what it is about is still what the person was asked about. */
function versionChecked(command: ObjectCommand, { version }: ApprovalRow): ObjectCommand {
  if (version === null) return command;
  return {
    ...command,
    async run(input, call, needs) {
      if ((await command.version?.(input, call, needs)) !== version)
        throw new Stale('approval_stale', 'what the call is about has changed since a person was asked', {
          hint: 'Nothing was done. A person is asked again about the same call as things are now.',
        });
      return command.run(input, call, needs);
    },
  };
}

const isUnknown = (error: unknown) => error instanceof SeedError && error.code === 'outcome_unknown';

/** Whether another attempt may find out what this one could not. */
function isPassing(error: unknown): boolean {
  if (!(error instanceof SeedError)) return false;
  return ['unavailable', 'storage_full', 'idempotency_in_progress'].includes(error.code);
}

async function settleRefused(row: ApprovalRow, refusal: SeedError, { store }: RunNeeds): Promise<void> {
  await store.db.transaction().execute(async (tx) => {
    const { code, message } = refusal;
    const error = { code, message };
    await settleRun(tx, row, { state: 'approved', ran_at: store.clock.now(), sealed_result: null, error });
    await tell(tx, row);
  });
}

async function settleFailed(row: ApprovalRow, error: unknown, found: Prepared, needs: RunNeeds): Promise<void> {
  const { store, log } = needs;
  if (!(error instanceof SeedError)) log.error({ err: error, approvalId: row.id }, 'an approved call failed');
  const { code } = failureOf(error);
  const message = error instanceof SeedError ? error.message : 'something went wrong inside Seed';
  const failed = { ran_at: store.clock.now(), sealed_result: null, error: { code, message } };
  const again = error instanceof Stale ? await askedAgain(row, found) : null;
  await store.db.transaction().execute(async (tx) => {
    const anew = again && (await askAgain(tx, row, again, found, needs));
    const state = error instanceof Stale ? 'stale' : error instanceof TaskEnded ? 'cancelled' : 'approved';
    const over = state === 'approved' ? failed : { ...failed, ran_at: null };
    const settled = await settleRun(tx, row, { ...over, state, ...(anew && { asked_again: anew }) });
    if (settled && !found.row.hasRow && !found.row.isUnknown)
      await writeRow(tx, failedRow(found.row, error, true));
    await tell(tx, row);
  });
}

/** The same call as things are now. Null: nobody can be asked about it. */
async function askedAgain(row: ApprovalRow, { command, called, call, refusal }: Prepared) {
  if (refusal || row.kind !== 'command') return null;
  return keptInput(command, { given: called.given, input: called.input }, call);
}

/** @returns the id of the new approval; null where its task may not ask any more */
async function askAgain(
  tx: Tx,
  row: ApprovalRow,
  input: NonNullable<Awaited<ReturnType<typeof askedAgain>>>,
  { called, row: { row: callRow } }: Prepared,
  needs: RunNeeds,
): Promise<string | null> {
  const { actor } = called;
  try {
    const task = await lockAsking(tx, actor.lineage, needs.tasks);
    const now = needs.store.clock.now();
    const requestId = crypto.randomUUID();
    const idempotencyKey = row.idempotency_key;
    const asked = { actor, requestId, idempotencyKey, command: called.command, reason: row.reason };
    const { id } = await insertApproval(tx, { ...asked, kept: input }, { task, now }, needs);
    await writeRow(tx, { ...callRow, id: requestId, at: now, approvalId: id });
    await tx.updateTable('idempotency').set({ approval_id: id }).where('approval_id', '=', row.id).execute();
    return id;
  } catch (error) {
    if (error instanceof SeedError && error.status < 500) return null;
    throw error;
  }
}

async function tell(tx: Tx, { id }: ApprovalRow): Promise<void> {
  await notify(tx, `approval:${id}`);
}

/** The transcript of the task and the measurements have the call as they have every other. */
async function tellCalled(
  { command, actor }: CalledCommand,
  { status, durationMs }: { status: number | null; durationMs: number },
  { tellTask, observe, log }: RunNeeds,
): Promise<void> {
  const { name, effect, scope } = command;
  const { taskId } = actor.key;
  const call = { name, effect, taskId, status: status ?? 500, code: null, durationMs };
  observe({ type: 'command', call });
  if (taskId === null) return;
  await tellTask(taskId, { type: 'command', command: name, effect, scope, status, durationMs }).catch((err) =>
    log.error({ err, taskId, command: name }, 'a called command could not be recorded'),
  );
}
