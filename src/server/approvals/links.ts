// Links by which somebody decides without signing in: made on request by a key that may decide, as which the
// decision is then recorded. Only the hash of what is in the link is kept.
import { hash, randomBytes } from 'node:crypto';
import type { Actor, Call } from '../../command/call.ts';
import type { Store } from '../../db/store.ts';
import type { Db, Tx } from '../../db/tables.ts';
import { inTransaction } from '../../db/transaction.ts';
import type { Approval } from '../../protocol/approval.ts';
import { SeedError } from '../../protocol/errors.ts';
import { LIMITS } from '../../protocol/limits.ts';
import { allows } from '../../protocol/scope.ts';
import { actorOf } from '../access/presented-key.ts';
import { type DecideNeeds, type Decision, decide } from './decide.ts';
import { askingOf, DECIDES, refuseDecider } from './four-eyes.ts';
import { type FoundApproval, findApproval, lockApproval } from './rows.ts';

const TOKEN_BYTES = 32;

/** @throws SeedError not_found, not_allowed, approval_decided, too_many_requests */
export async function makeLink(
  { store, actor }: Pick<Call, 'store' | 'actor'>,
  approvalId: string,
): Promise<{ token: string; expiresAt: Date }> {
  const token = randomBytes(TOKEN_BYTES).toString('base64url');
  return inTransaction(store.db, async (tx) => {
    const asked = await findApproval(tx, actor.accountId, approvalId);
    await refuseDecider(tx, actor, 'link', askingOf(asked));
    const { state, expires_at: expiresAt } = await lockApproval(tx, approvalId);
    if (state !== 'pending') throw new SeedError('approval_decided', `it is ${state} already: no link is made`);
    await refuseMore(tx, approvalId);
    const row = { token_hash: hashOf(token), approval_id: approvalId, key_id: actor.key.id };
    await tx
      .insertInto('approval_links')
      .values({ ...row, created_at: store.clock.now() })
      .execute();
    return { token, expiresAt };
  });
}

async function refuseMore(tx: Tx, approvalId: string): Promise<void> {
  const links = await tx
    .selectFrom('approval_links')
    .select('key_id')
    .where('approval_id', '=', approvalId)
    .execute();
  if (links.length < LIMITS.linksPerApproval) return;
  throw new SeedError('too_many_requests', `the approval has ${LIMITS.linksPerApproval} links already`);
}

const hashOf = (token: string) => hash('sha256', token, 'hex');

/** What a link that still counts leads to, and as whom it decides. */
export interface OpenLink {
  approval: FoundApproval;
  actor: Actor;
}

/**
 * Null: there is no such link, it was used, or it has ended with its approval or its key.
 * @param tx where it is to be decided: locks the link
 */
export async function openLink(
  { db, clock }: Pick<Store, 'db' | 'clock'>,
  token: string,
): Promise<OpenLink | null> {
  const link = await db
    .selectFrom('approval_links')
    .innerJoin('approvals', 'approvals.id', 'approval_links.approval_id')
    .select(['approval_id', 'approval_links.key_id as key_id', 'account_id'])
    .where('token_hash', '=', hashOf(token))
    .where('used_at', 'is', null)
    .executeTakeFirst();
  if (!link) return null;
  const { approval_id, key_id: keyId, account_id: accountId } = link;
  const now = clock.now();
  const approval = await findApproval(db, accountId, approval_id);
  const maker = await actorOf(db, { accountId, keyId }, now);
  const isOver = approval.state !== 'pending' || approval.expires_at <= now;
  if (isOver || maker?.status !== 'active' || !(await mayDecide(db, maker.actor, approval))) return null;
  return { approval, actor: maker.actor };
}

async function mayDecide(db: Db, actor: Actor, row: FoundApproval): Promise<boolean> {
  if (!allows(actor.key.scopes, DECIDES)) return false;
  return refuseDecider(db, actor, 'link', askingOf(row)).then(
    () => true,
    (error) => {
      if (error instanceof SeedError && error.status < 500) return false;
      throw error;
    },
  );
}

/** Decides as whoever made the link, and uses it up; a refusal does not. Null: the link does not count. */
export async function decideByLink(
  store: Store,
  token: string,
  decision: Omit<Decision, 'id'>,
  needs: DecideNeeds,
): Promise<{ approval: Approval; actor: Actor } | null> {
  return store.db.transaction().execute(async (tx) => {
    const link = await openLink({ db: tx, clock: store.clock }, token);
    if (!link) return null;
    const { actor } = link;
    const call = { store: { ...store, db: tx }, actor, via: 'link' } as const;
    // The approval is locked in it: of two that decide by the same link, one finds it decided.
    const approval = await decide(call, { ...decision, id: link.approval.id }, needs);
    const used = { used_at: store.clock.now() };
    await tx.updateTable('approval_links').set(used).where('token_hash', '=', hashOf(token)).execute();
    return { approval, actor };
  });
}
