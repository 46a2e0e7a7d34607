// The rows of approvals: found, listed, and turned into what callers see. Every file about approvals goes through
// here.
import { newestFirst } from '../../db/cursor.ts';
import type { ApprovalRow, Db, Tx } from '../../db/tables.ts';
import { exactJson } from '../../lib/exact-text.ts';
import { seal, unseal } from '../../lib/seal.ts';
import { visibleText } from '../../lib/visible-text.ts';
import type { Approval, ApprovalFilter } from '../../protocol/approval.ts';
import { SeedError } from '../../protocol/errors.ts';
import type { Page } from '../../protocol/page.ts';
import { withoutSecrets } from '../ledger/kept-call.ts';

export interface FoundApproval extends ApprovalRow {
  /** The name of the key that has decided. */
  decider_name: string | null;
}

/** Whose eyes: the asking key alone is shown all of a result. */
export interface Viewer {
  keyId: string;
  secretsKey: string;
  /** Whether the reader could decide, were it pending. Default: nobody reads it who could. */
  mayDecide?: boolean;
}

function approvalsOf(db: Db, accountId: string) {
  return db
    .selectFrom('approvals')
    .selectAll('approvals')
    .select((row) =>
      row
        .selectFrom('keys')
        .select('keys.name')
        .whereRef('keys.id', '=', 'approvals.decided_by')
        .as('decider_name'),
    )
    .where('approvals.account_id', '=', accountId);
}

/** @throws SeedError not_found */
export async function findApproval(db: Db, accountId: string, id: string): Promise<FoundApproval> {
  const row = await approvalsOf(db, accountId).where('approvals.id', '=', id).executeTakeFirst();
  if (row) return row;
  throw noSuchApproval(id);
}

export function noSuchApproval(id: string): SeedError {
  return new SeedError('not_found', `there is no approval ${id}`, { hint: 'seed approvals list shows the ids.' });
}

/** Locks the row until the transaction ends; that of its task, if any, is locked before. */
export function lockApproval(tx: Tx, id: string): Promise<ApprovalRow> {
  return tx.selectFrom('approvals').selectAll().where('id', '=', id).forUpdate().executeTakeFirstOrThrow();
}

/** Newest first. */
export function listApprovals(
  db: Db,
  accountId: string,
  { state, task, ...page }: ApprovalFilter,
): Promise<Page<FoundApproval>> {
  let query = approvalsOf(db, accountId).select('approvals.requested_at as created_at');
  if (state !== undefined) query = query.where('approvals.state', '=', state);
  if (task !== undefined) query = query.where('approvals.task_id', '=', task);
  // As a query of its own, so that the place of a cursor is one of its columns.
  const listed = db.selectFrom(query.as('listed')).selectAll();
  return newestFirst(listed, page, (row) => row);
}

export function toApproval(row: FoundApproval, viewer: Viewer): Approval {
  return {
    id: row.id,
    kind: row.kind,
    state: row.state,
    task: row.task_id,
    keyId: row.key_id,
    command: row.command,
    effect: row.effect,
    scope: row.scope,
    input: row.shown_input,
    inputJson: inputJsonOf(row),
    inputHash: row.input_hash,
    budget: row.budget && { current: row.budget.current, requested: row.budget.requested, unit: row.budget.unit },
    summary: row.summary,
    reason: row.reason,
    stateChecked: row.version !== null,
    requestedAt: row.requested_at.toISOString(),
    expiresAt: row.expires_at.toISOString(),
    decidedAt: row.decided_at?.toISOString() ?? null,
    decidedBy: deciderOf(row),
    message: row.message,
    ranAt: row.ran_at?.toISOString() ?? null,
    result: resultFor(row, viewer),
    error: row.error,
    mayDecide: row.state === 'pending' && viewer.mayDecide === true,
    askedAgain: row.asked_again,
  };
}

/** Of a call that was asked about before it was kept: what is shown of its input. */
export function inputJsonOf({ kind, exact_input, shown_input }: ApprovalRow): string | null {
  return kind === 'budget' ? null : (exact_input ?? exactJson(shown_input));
}

function deciderOf({ decided_by, decider_name, decided_via, asking_keys }: FoundApproval): Approval['decidedBy'] {
  if (decided_by === null || decided_via === null) return null;
  const isSelf = asking_keys.includes(decided_by);
  return { keyId: decided_by, keyName: decider_name ?? '', via: decided_via, isSelf };
}

function resultFor(row: ApprovalRow, { keyId, secretsKey }: Viewer): unknown {
  const result = resultOf(row, secretsKey);
  return result === null || keyId === row.key_id ? result : withoutSecrets(result, visibleText);
}

/** What the command has answered; null: it has not run, or failed. */
export function resultOf({ id, sealed_result }: ApprovalRow, secretsKey: string): object | null {
  return sealed_result && (JSON.parse(unsealed(sealed_result, secretsKey, resultPlace(id))) as object);
}

export function sealResult(id: string, result: object, secretsKey: string): Buffer {
  return seal(JSON.stringify(result), secretsKey, resultPlace(id));
}

export function sealInput(id: string, given: string, secretsKey: string): Buffer {
  return seal(given, secretsKey, inputPlace(id));
}

/** The JSON of the input as it was given. */
export function inputOf({ id, sealed_input }: ApprovalRow, secretsKey: string): string {
  return sealed_input === null ? '{}' : unsealed(sealed_input, secretsKey, inputPlace(id));
}

const resultPlace = (id: string) => `approval result ${id}`;
const inputPlace = (id: string) => `approval input ${id}`;

function unsealed(sealed: Buffer, secretsKey: string, place: string): string {
  const text = unseal(sealed, secretsKey, place);
  if (text !== null) return text;
  throw new SeedError('internal', 'an approval is sealed with another secrets key than this server has', {
    hint: 'Give every server of the database the same SEED_SECRETS_KEY.',
  });
}
