// Runs a command as a key, at nobody's request: what is due by a schedule, and calls in the background. Everything
// is checked as for a request, and it is found under an Idempotency-Key of its own: whoever takes it up from a
// dead server does nothing twice, and what was cut off stays unknown.
import type { BatchPlace, Call } from '../../command/call.ts';
import { isObject, type ObjectCommand } from '../../command/define-command.ts';
import { refuseUnlessAllowed } from '../../command/refuse-unless-allowed.ts';
import type { Registry } from '../../command/registry.ts';
import { seal, unseal } from '../../lib/seal.ts';
import type { ShownCredential } from '../../protocol/credential.ts';
import { failureOf, SeedError } from '../../protocol/errors.ts';
import { refuseInactive } from '../access/authenticate.ts';
import { actorOf } from '../access/presented-key.ts';
import type { Approvals, AskedCall, CallObservation } from '../http/command-calls.ts';
import { invalidInput } from '../http/invalid-input.ts';
import { type Admission, AskedBefore, NeedsApproval } from '../ledger/admission.ts';
import { change } from '../ledger/change.ts';
import type { LedgerParts } from '../ledger/do-between.ts';
import { type CalledCommand, failedRow, kept, writeRow } from '../ledger/kept-call.ts';
import { callHash, type Repeat } from '../ledger/repeat.ts';

export interface RunAsNeeds extends LedgerParts {
  /** As it is now: packs may have been read again. */
  registry(): Registry;
  /** What the call must be admitted by; null: nothing limits it. */
  admissionOf(call: CalledCommand): Admission | null;
  observe(observation: CallObservation): void;
  secretsKey: string;
  /** Asks people about calls that need a yes first; without it those are refused. */
  approvals?: Approvals;
  /** Aborted when the server begins to stop. */
  stopping: AbortSignal;
}

/** One call, however often it is attempted. */
export interface OwnCall {
  /** That of its row in the ledger, and of what it makes. */
  id: string;
  /** What it is of, such as `schedule`: part of its Idempotency-Key. */
  kind: string;
  accountId: string;
  keyId: string;
  command: string;
  given: unknown;
  credential?: ShownCredential | undefined;
  batchRow?: BatchPlace | undefined;
  /** The caller's own, instead of one made of kind and id. */
  idempotencyKey?: string | undefined;
}

const NEVER = new AbortController().signal;

/** A call that its key may make. */
export interface ReadyCall {
  own: OwnCall;
  command: ObjectCommand;
  called: CalledCommand;
  input: unknown;
}

/** @throws SeedError why the key may not make the call, or not so; not_found without such a command */
export async function readyAsKey(own: OwnCall, needs: RunAsNeeds): Promise<ReadyCall> {
  const { store } = needs;
  const command = commandNamed(needs.registry(), own.command);
  const owner = await actorOf(store.db, own, store.clock.now());
  if (!owner) throw new SeedError('key_revoked', 'the key that it is for, or its account, is not there any more');
  refuseInactive(owner.status, `the key "${owner.actor.key.name}", which it is for,`);
  refuseUnlessAllowed(command, owner.actor);
  const parsed = command.input.strict().safeParse(own.given);
  if (!parsed.success) throw invalidInput(parsed.error);
  const { id: requestId, given } = own;
  const { actor } = owner;
  const called = { requestId, command, actor, input: parsed.data, given, at: store.clock.now() };
  return { own, command, called, input: parsed.data };
}

/** @throws SeedError not_found */
export function commandNamed(registry: Registry, name: string): ObjectCommand {
  const command = registry.commands.find((one) => one.name === name);
  if (command && isObject(command)) return command;
  throw new SeedError('not_found', `there is no command "${name}"`, {
    hint: 'It may be of a pack that is off: `seed packs list`.',
  });
}

/**
 * @returns what the command has answered, also when an earlier attempt was
 * @throws SeedError what a repeat is told, and whatever the command throws
 */
export async function runAsKey({ own, command, called, input }: ReadyCall, needs: RunAsNeeds): Promise<object> {
  const { store } = needs;
  const call = kept(called, repeatOf(own, input, needs.secretsKey));
  const startedAt = performance.now();
  const request = requestOf(own, called, needs);
  let failure: unknown;
  try {
    const admission = needs.admissionOf(called);
    const done = change(needs, { command, input, call: request, kept: call, admission });
    return (await done.catch((error) => asked(error, { called, kept: call, call: request }, needs))).output;
  } catch (error) {
    failure = error;
    if (!call.hasRow && !call.isUnknown)
      await writeRow(store.db, failedRow(call, error, true)).catch(() => needs.onLost());
    throw error;
  } finally {
    const durationMs = Math.round(performance.now() - startedAt);
    const { status, code } = failure === undefined ? { status: call.success, code: null } : failureOf(failure);
    const { name, effect } = command;
    needs.observe({ type: 'command', call: { name, effect, taskId: null, status, code, durationMs } });
  }
}

/** @returns the approval that it waits for, or what came of that. @throws whatever else the error is */
async function asked(
  error: unknown,
  call: Omit<AskedCall, 'reason'>,
  { approvals }: RunAsNeeds,
): Promise<{ output: object }> {
  if (!approvals || !(error instanceof NeedsApproval || error instanceof AskedBefore)) throw refusedUnasked(error);
  const answer =
    error instanceof AskedBefore
      ? await approvals.again(call.called.actor, error.approvalId)
      : await approvals.ask({ ...call, reason: error.reason });
  return 'output' in answer ? answer : { output: answer };
}

/** Nobody is there who could be told that a person is asked. */
function refusedUnasked(error: unknown): unknown {
  if (!(error instanceof NeedsApproval)) return error;
  return new SeedError('limit_exceeded', `a person would have to be asked first: ${error.reason}`, {
    hint: 'Nothing was done. Have the limit changed, or call it yourself.',
  });
}

function requestOf(own: OwnCall, { actor }: CalledCommand, { store, stopping }: RunAsNeeds): Call {
  return {
    actor,
    store,
    creationId: own.id,
    waitMs: 0,
    via: 'key',
    platformCredential: own.credential,
    batchRow: own.batchRow,
    traceParent: undefined,
    gone: () => NEVER,
    waiting: () => stopping,
    recordDone: async () => {},
  };
}

/** With a space, which no caller's Idempotency-Key has. */
function repeatOf(own: OwnCall, input: unknown, secretsKey: string): Repeat {
  const { id, kind, keyId, command } = own;
  const place = `${kind} ${id}`;
  return {
    request: { keyId, idempotencyKey: own.idempotencyKey ?? place, requestHash: callHash(command, input) },
    seal: (output) => seal(JSON.stringify(output), secretsKey, place),
    unseal: (answer) => {
      const text = unseal(answer, secretsKey, place);
      if (text !== null) return JSON.parse(text) as object;
      throw new SeedError('internal', 'an answer is sealed with another secrets key than this server has');
    },
  };
}

/** Whether another attempt may do what this one could not, or find out what became of it. */
export function isPassing(error: unknown): boolean {
  return error instanceof SeedError && PASSING.has(error.code);
}

const PASSING: ReadonlySet<string> = new Set([
  'unavailable',
  'storage_full',
  'idempotency_in_progress',
  'too_many_tasks',
  'too_many_requests',
  'rate_limited',
  'no_usable_driver',
]);
