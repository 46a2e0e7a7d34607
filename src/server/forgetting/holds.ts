// Legal holds: placed, listed and released. What they keep is kept by the conditions of whatever deletes, which
// ask is_task_held and is_account_held (migration 0071).
import { type Selectable, sql } from 'kysely';
import type { Call } from '../../command/call.ts';
import { newestFirst } from '../../db/cursor.ts';
import { timeIn } from '../../db/database-clock.ts';
import { storableText } from '../../db/storable.ts';
import type { Tables, Tx } from '../../db/tables.ts';
import { inTransaction } from '../../db/transaction.ts';
import { SeedError } from '../../protocol/errors.ts';
import type { Hold, HoldBody, HoldFilter } from '../../protocol/forgetting.ts';
import { LIMITS } from '../../protocol/limits.ts';
import type { Page } from '../../protocol/page.ts';
import { noSuchTask } from '../tasks/rows.ts';

type Held = Pick<Call, 'actor' | 'store' | 'creationId'>;

/** @throws SeedError not_found, operator_only, invalid_input; conflict: the account has too many */
export async function placeHold({ actor, store, creationId }: Held, body: HoldBody): Promise<Hold> {
  const accountId = accountOf(actor, body.accountId);
  return inTransaction(store.db, async (tx) => {
    // Waits for whatever is being forgotten, and nothing is forgotten until it is there.
    const { rows } = await sql<{ deleting_since: Date | null }>`
      select deleting_since from accounts where id = ${accountId} for no key update`.execute(tx);
    const [account] = rows;
    if (!account) throw new SeedError('not_found', `there is no account ${accountId}`);
    if (account.deleting_since !== null)
      throw new SeedError('conflict', `the account ${accountId} is being deleted: it is too late for a hold`);
    await refuseTooMany(tx, accountId);
    const row = await tx
      .insertInto('holds')
      .values({
        id: creationId,
        account_id: accountId,
        kind: body.kind,
        subject_id: await subjectOf(tx, accountId, body),
        reason: storableText(body.reason),
        by_operator: actor.operator,
        created_by: actor.key.id,
        created_at: await timeIn(store, tx),
      })
      .returningAll()
      .executeTakeFirstOrThrow();
    return toHold(row);
  });
}

async function subjectOf(tx: Tx, accountId: string, { kind, taskId }: HoldBody): Promise<string> {
  if (kind === 'account') {
    if (taskId === undefined) return accountId;
    throw new SeedError('invalid_input', 'taskId: a hold on the account is on all of it', {
      hint: 'Leave taskId out, or say kind task or conversation.',
    });
  }
  if (taskId === undefined) throw new SeedError('invalid_input', `taskId: which ${kind} is to be held?`);
  const task = await tx
    .selectFrom('tasks')
    .select(['id', 'conversation_id'])
    .where('account_id', '=', accountId)
    .where('id', '=', taskId)
    .executeTakeFirst();
  if (!task) throw noSuchTask(taskId);
  return kind === 'task' ? task.id : (task.conversation_id ?? task.id);
}

async function refuseTooMany(tx: Tx, accountId: string): Promise<void> {
  const { count } = await tx
    .selectFrom('holds')
    .select((hold) => hold.fn.countAll<number>().as('count'))
    .where('account_id', '=', accountId)
    .where('released_at', 'is', null)
    .executeTakeFirstOrThrow();
  if (count >= LIMITS.holdsPerAccount)
    throw new SeedError('conflict', `the account has ${count} holds in force, and may not have more`, {
      hint: 'Release some, or hold the account.',
    });
}

/** For whatever deletes a whole account, in its transaction behind the account's lock. @throws SeedError held */
export async function refuseHeldAccount(tx: Tx, accountId: string): Promise<void> {
  const hold = await tx
    .selectFrom('holds')
    .select('id')
    .where('account_id', '=', accountId)
    .where('released_at', 'is', null)
    .limit(1)
    .executeTakeFirst();
  if (!hold) return;
  throw new SeedError('held', `the account ${accountId} has a legal hold in force`, {
    hint: 'seed holds list --account-id shows them; once they are released the account can be deleted.',
  });
}

/** It stays in the list of those that were. @throws SeedError not_found, operator_only, conflict */
export async function releaseHold({ actor, store }: Held, id: string): Promise<Hold> {
  return inTransaction(store.db, async (tx) => {
    let query = tx.selectFrom('holds').selectAll().where('id', '=', id).forUpdate();
    if (!actor.operator) query = query.where('account_id', '=', actor.accountId);
    const hold = await query.executeTakeFirst();
    if (!hold)
      throw new SeedError('not_found', `there is no hold ${id}`, { hint: 'seed holds list shows the ids.' });
    if (hold.by_operator && !actor.operator)
      throw new SeedError(
        'operator_only',
        'the operator of this Seed has placed this hold, and alone releases it',
      );
    if (hold.released_at !== null) throw new SeedError('conflict', `the hold ${id} was released already`);
    const row = await tx
      .updateTable('holds')
      .set({ released_at: await timeIn(store, tx), released_by: actor.key.id })
      .where('id', '=', id)
      .returningAll()
      .executeTakeFirstOrThrow();
    return toHold(row);
  });
}

/** Newest first. @throws SeedError operator_only */
export function listHolds(
  { actor, store }: Pick<Call, 'actor' | 'store'>,
  filter: HoldFilter,
): Promise<Page<Hold>> {
  let query = store.db
    .selectFrom('holds')
    .selectAll()
    .where('account_id', '=', accountOf(actor, filter.accountId));
  if (!filter.released) query = query.where('released_at', 'is', null);
  return newestFirst(query, filter, toHold);
}

function accountOf(actor: Call['actor'], asked: string | undefined): string {
  if (asked === undefined || asked === actor.accountId) return actor.accountId;
  if (actor.operator) return asked;
  throw new SeedError('operator_only', 'accountId: only keys of the operator name other accounts');
}

function toHold(row: Selectable<Tables['holds']>): Hold {
  return {
    id: row.id,
    accountId: row.account_id,
    kind: row.kind,
    subjectId: row.subject_id,
    reason: row.reason,
    byOperator: row.by_operator,
    createdBy: row.created_by,
    createdAt: row.created_at.toISOString(),
    releasedBy: row.released_by,
    releasedAt: row.released_at?.toISOString() ?? null,
  };
}
