// Asks a person about one exact call: its row, with what they are shown of it, and the row of the call in the
// ledger. Called for a request that needs a yes first, and again for one whose call has become stale.
import { randomUUID } from 'node:crypto';
import type { Actor, Call } from '../../command/call.ts';
import type { Command, ObjectCommand } from '../../command/define-command.ts';
import { isObject } from '../../command/define-command.ts';
import { later } from '../../db/database-clock.ts';
import { storableText, storableValue } from '../../db/storable.ts';
import type { ApprovalRow, Tx } from '../../db/tables.ts';
import { exactJson } from '../../lib/exact-text.ts';
import { visibleText } from '../../lib/visible-text.ts';
import { SeedError } from '../../protocol/errors.ts';
import { approvalSettingOf } from '../../protocol/grant.ts';
import type { Lineage } from '../../protocol/key.ts';
import { LIMITS } from '../../protocol/limits.ts';
import { taskOf } from '../access/lineage.ts';
import { withoutSecrets } from '../ledger/kept-call.ts';
import { callHash } from '../ledger/repeat.ts';
import { announce, type TasksOfApprovals } from './announce.ts';
import { sealInput } from './rows.ts';

/** The call as it is kept: what it is for, and all that a person is shown. */
export interface KeptInput {
  /** JSON of the input as it was given. */
  given: string;
  inputHash: string;
  shown: unknown;
  /** JSON of the same in which nothing is lost: every digit, and what cannot be seen as JSON escapes it. */
  exact: string;
  summary: string;
  /** What `version` of the command says; null: it does not say. */
  version: string | null;
}

/** @throws SeedError limit_exceeded for a call that cannot be kept, or not be read by a person */
export async function keptInput(
  command: Command,
  { given, input }: { given: unknown; input: unknown },
  call: Call,
): Promise<KeptInput> {
  const json = JSON.stringify(given ?? {});
  if (!isObject(command) || command.takesFiles)
    throw cannotAsk(command.name, 'brings or answers with files or a stream');
  if (Buffer.byteLength(json) > LIMITS.approvalInputBytes)
    throw cannotAsk(command.name, `has an input of more than ${LIMITS.approvalInputBytes} bytes`);
  // It is kept nowhere, and would be missing when the call runs.
  if (call.platformCredential) throw cannotAsk(command.name, 'brings a credential of its own');
  const whole = withoutSecrets(input, (text) => text);
  return {
    given: json,
    inputHash: hashOf(command.name, input),
    shown: withoutSecrets(input, visibleText),
    exact: exactJson(whole),
    summary: summaryOf(command, input, whole),
    version: (await command.version?.(input as never, call, undefined)) ?? null,
  };
}

function cannotAsk(name: string, why: string): SeedError {
  return new SeedError(
    'limit_exceeded',
    `"${name}" needs a person's yes, and this call ${why}, so none is asked`,
    {
      hint: 'Call it with less, or with a key that needs no approval for it.',
    },
  );
}

/** SHA-256 of the command and of what its schema made of the input. */
export function hashOf(command: string, input: unknown): string {
  return callHash(command, input);
}

function summaryOf(command: ObjectCommand, input: unknown, whole: unknown): string {
  const text = command.describe?.(input as never) ?? `${command.name} ${JSON.stringify(whole)}`;
  const visible = storableText(visibleText(text));
  const most = LIMITS.approvalSummaryLength;
  return visible.length <= most ? visible : `${visible.slice(0, most - 1).toWellFormed()}…`;
}

/** What is asked, beside the call's input. */
export interface NewApproval {
  actor: Actor;
  requestId: string;
  idempotencyKey: string | null;
  command: Command;
  reason: string;
  kept: KeptInput;
}

export interface AskNeeds {
  secretsKey: string;
  tasks: TasksOfApprovals;
}

/** The task that asks, its row locked. @throws SeedError key_revoked: it has ended */
export async function lockAsking(tx: Tx, lineage: Lineage, tasks: TasksOfApprovals) {
  const taskId = taskOf(lineage);
  if (taskId === null) return null;
  const task = await tasks.lock(tx, taskId);
  if (task) return { id: taskId, ...task };
  throw new SeedError('key_revoked', `the task ${taskId}, which this key belongs to, has ended`);
}

/** The same call of the same task that waits already, or is about to run: asking twice would do it twice. */
export function findSameCall(tx: Tx, taskId: string, inputHash: string): Promise<ApprovalRow | undefined> {
  return tx
    .selectFrom('approvals')
    .selectAll()
    .where('task_id', '=', taskId)
    .where('input_hash', '=', inputHash)
    .where('state', 'in', ['pending', 'approved'])
    .where('ran_at', 'is', null)
    .executeTakeFirst();
}

/** @throws SeedError too_many_requests; approval_expired: the task has waited for as long as it may */
export async function insertApproval(
  tx: Tx,
  asked: NewApproval,
  {
    task,
    now,
    id = randomUUID(),
  }: { task: { id: string; webhookUrl: string | null } | null; now: Date; id?: string },
  { secretsKey, tasks }: AskNeeds,
): Promise<ApprovalRow> {
  const { actor, command, kept } = asked;
  const { accountId, key, lineage } = actor;
  await refuseTooMany(tx, { task_id: task?.id, key_id: key.id });
  const row = await tx
    .insertInto('approvals')
    .values({
      id,
      account_id: accountId,
      kind: 'command',
      state: 'pending',
      key_id: key.id,
      billed_key_id: lineage.at(-1)?.id ?? key.id,
      task_id: task?.id ?? null,
      asking_keys: lineage.map((one) => one.id),
      request_id: asked.requestId,
      idempotency_key: asked.idempotencyKey,
      command: command.name,
      effect: command.effect,
      scope: command.scope,
      sealed_input: sealInput(id, kept.given, secretsKey),
      shown_input: JSON.stringify(storableValue(kept.shown)),
      exact_input: kept.exact,
      input_hash: kept.inputHash,
      summary: kept.summary,
      reason: storableText(visibleText(asked.reason)),
      version: kept.version,
      requested_at: now,
      expires_at: await expiryOf(tx, { taskId: task?.id ?? null, actor, now }, tasks),
    })
    .returningAll()
    .executeTakeFirstOrThrow();
  await announce(tx, row, { webhookUrl: task?.webhookUrl ?? null, decider: null, now }, tasks.tell);
  return row;
}

/** @throws SeedError approval_expired: the task has waited for as long as it may */
async function expiryOf(
  tx: Tx,
  { taskId, actor, now }: { taskId: string | null; actor: Actor; now: Date },
  tasks: TasksOfApprovals,
): Promise<Date> {
  if (taskId === null) {
    const binding = [...actor.lineage, ...actor.grantors];
    return later(now, approvalSettingOf(binding)?.wait ?? LIMITS.approvalWaitMs);
  }
  const expiry = await tasks.expiry(tx, taskId, now);
  if (expiry > now) return expiry;
  throw new SeedError('approval_expired', 'this task has waited for people for as long as it may', {
    hint: 'Go on without the call, and say in the answer what is left to do.',
  });
}

async function refuseTooMany(tx: Tx, { task_id, key_id }: { task_id: string | undefined; key_id: string }) {
  const most = task_id === undefined ? LIMITS.pendingPerKey : LIMITS.pendingPerTask;
  const [column, id] = task_id === undefined ? (['key_id', key_id] as const) : (['task_id', task_id] as const);
  const pending = await tx
    .selectFrom('approvals')
    .select('id')
    .where(column, '=', id)
    .where('state', '=', 'pending')
    .limit(most)
    .execute();
  if (pending.length < most) return;
  throw new SeedError('too_many_requests', `${most} calls of this ${task_id ? 'task' : 'key'} wait for approval`, {
    hint: 'Go on when some of them are decided.',
    nothingDone: true,
  });
}
