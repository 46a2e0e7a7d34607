// Who may decide: never the key that asks, nor what descends from it or was made by it, unless a key above has
// said so. Asked for each decision, and for a new task that may ask, whose caller is told where nobody could
// decide.
import { sql } from 'kysely';
import type { Actor, Call } from '../../command/call.ts';
import type { Db, KeyRow } from '../../db/tables.ts';
import type { DecidedVia } from '../../protocol/approval.ts';
import { SeedError } from '../../protocol/errors.ts';
import type { Key } from '../../protocol/key.ts';
import { allows } from '../../protocol/scope.ts';
import { hasUnlimitedKey } from '../access/key-changes.ts';

export const DECIDES = 'approvals:write';
/** So many keys are looked at for one that could decide. */
const LOOKED_AT = 200;

export interface Asking {
  accountId: string;
  /** The asking key and all that it descends from. */
  askingKeys: readonly string[];
  /** Of the command; null: a budget, or a command that needs none. */
  scope: string | null;
}

/** @throws SeedError not_allowed */
export async function refuseDecider(db: Db, actor: Actor, via: DecidedVia, asking: Asking): Promise<void> {
  refuseScope(actor.lineage, asking.scope);
  const { id } = actor.key;
  const blocked = await blockedOf(db, [id], asking.askingKeys);
  if (!blocked.has(id) || (await mayDecideItself(db, asking.askingKeys))) return;
  if (via === 'session' && (await isOnlyAdmin(db, id, asking))) return;
  throw new SeedError('not_allowed', 'the key that asks, and what comes from it, cannot decide', {
    hint: 'Decide with another key that has approvals:write, which was not made with the asking one.',
  });
}

/** Of each, whether the reader could decide. It is one query, and a few for those that the reader's own key asks. */
export async function decidableBy(
  db: Db,
  { actor, via }: Pick<Call, 'actor' | 'via'>,
  asked: readonly Asking[],
): Promise<boolean[]> {
  const { key, lineage } = actor;
  if (asked.length === 0 || !allows(key.scopes, DECIDES)) return asked.map(() => false);
  const origins = await originsOf(db, key.id);
  const judged = new Map<string, Promise<boolean>>();
  const judge = async (asking: Asking) => {
    if (!lineage.every((one) => fitsScope(one, asking.scope))) return false;
    if (!asking.askingKeys.some((id) => origins.has(id))) return true;
    const place = JSON.stringify([asking.askingKeys, asking.scope]);
    const known = judged.get(place) ?? mayDecideOwn(db, { id: key.id, via }, asking);
    judged.set(place, known);
    return known;
  };
  return Promise.all(asked.map(judge));
}

async function mayDecideOwn(
  db: Db,
  { id, via }: { id: string; via: DecidedVia },
  asking: Asking,
): Promise<boolean> {
  if (await mayDecideItself(db, asking.askingKeys)) return true;
  return via === 'session' && isOnlyAdmin(db, id, asking);
}

type Decides = Pick<Key, 'approvesScopes'>;

function fitsScope({ approvesScopes }: Decides, scope: string | null): boolean {
  return approvesScopes === null || (scope !== null && allows(approvesScopes, scope));
}

function refuseScope(lineage: readonly Decides[], scope: string | null): void {
  for (const key of lineage) {
    if (fitsScope(key, scope)) continue;
    const { approvesScopes } = key;
    throw new SeedError('not_allowed', `this key decides only on calls of ${approvesScopes?.join(', ')}`, {
      hint: scope === null ? 'This call needs no scope.' : `This call needs ${scope}.`,
    });
  }
}

/** The key, and all that it comes from. */
async function originsOf(db: Db, keyId: string): Promise<Set<string>> {
  const { rows } = await sql<{ id: string }>`
    with recursive chain as (
      select id, caller_key_id, created_by_key_id from keys where id = ${keyId}
      union
      select keys.id, keys.caller_key_id, keys.created_by_key_id from chain
      join keys on keys.id = chain.caller_key_id or keys.id = chain.created_by_key_id
    )
    select id from chain`.execute(db);
  return new Set(rows.map(({ id }) => id));
}

/** Those of the keys that are an asking one, or come from one: made for its tasks, by them, or with it. */
async function blockedOf(db: Db, keyIds: readonly string[], askingKeys: readonly string[]): Promise<Set<string>> {
  const { rows } = await sql<{ id: string }>`
    with recursive chain as (
      select id as decider, id, caller_key_id, created_by_key_id from keys where id = any(${keyIds}::uuid[])
      union
      select chain.decider, keys.id, keys.caller_key_id, keys.created_by_key_id from chain
      join keys on keys.id = chain.caller_key_id or keys.id = chain.created_by_key_id
    )
    select distinct decider as id from chain where id = any(${askingKeys}::uuid[])`.execute(db);
  return new Set(rows.map(({ id }) => id));
}

/**
 * Whether the asking key was told that it may decide itself, by one that it cannot change: it has no keys:write.
 * Nor may whoever made it come round the same rule with it: of those, each that asks has to be told the same.
 */
async function mayDecideItself(db: Db, askingKeys: readonly string[]): Promise<boolean> {
  const root = askingKeys.at(-1);
  if (root === undefined) return false;
  const { rows } = await sql<Pick<KeyRow, 'id' | 'scopes' | 'approval' | 'limits'>>`
    with recursive chain as (
      select id, scopes, approval, limits, created_by_key_id from keys where id = ${root}
      union
      select keys.id, keys.scopes, keys.approval, keys.limits, keys.created_by_key_id from chain
      join keys on keys.id = chain.created_by_key_id
    )
    select id, scopes, approval, limits from chain`.execute(db);
  const own = rows.find(({ id }) => id === root);
  if (!own?.approval?.selfApprove || allows(own.scopes, 'keys:write')) return false;
  return rows.every((key) => key.id === root || key.approval?.selfApprove || !asks(key));
}

function asks({ approval, limits }: Pick<KeyRow, 'approval' | 'limits'>): boolean {
  return approval !== null || limits.some((limit) => limit.else === 'ask');
}

/** The one who has set Seed up and made no other key yet that could decide: in the dashboard, as a person. */
async function isOnlyAdmin(db: Db, keyId: string, asking: Asking): Promise<boolean> {
  if (!(await hasUnlimitedKey(db, asking.accountId, keyId))) return false;
  return !(await couldDecide(db, asking));
}

/** Whether there is a key that may decide. */
async function couldDecide(db: Db, { accountId, askingKeys, scope }: Asking): Promise<boolean> {
  const { rows } = await sql<Pick<KeyRow, 'id' | 'approves_scopes'>>`
    select id, approves_scopes from keys
    where account_id = ${accountId} and task_id is null and caller_key_id is null and revoked_at is null and enabled
      and (expires_at is null or expires_at > now()) and scopes && ${['*', 'approvals:*', DECIDES]}::text[]
    order by created_at limit ${LOOKED_AT}`.execute(db);
  const fitting = rows.filter(
    ({ approves_scopes }) => approves_scopes === null || (scope !== null && allows(approves_scopes, scope)),
  );
  const ids = fitting.map(({ id }) => id);
  if (ids.length === 0) return false;
  const blocked = await blockedOf(db, ids, askingKeys);
  return ids.some((id) => !blocked.has(id)) || (await mayDecideItself(db, askingKeys));
}
