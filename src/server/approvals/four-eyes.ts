// Who may decide: never the key that asks, nor what descends from it or was made by it, unless a key above has
// said so. Asked for each decision, and for a new task that may ask, whose caller is told where nobody could
// decide.
import { type RawBuilder, sql } from 'kysely';
import type { Actor, Call } from '../../command/call.ts';
import type { ApprovalRow, Db, KeyRow } from '../../db/tables.ts';
import { toNano } from '../../lib/money.ts';
import type { DecidedVia } from '../../protocol/approval.ts';
import type { Raise } from '../../protocol/budget.ts';
import { SeedError } from '../../protocol/errors.ts';
import type { Key } from '../../protocol/key.ts';
import { KEY_LIMITS, type SpendLimit } from '../../protocol/key-limits.ts';
import { allows } from '../../protocol/scope.ts';
import { hasUnlimitedKey } from '../access/key-changes.ts';
import { limitColumn } from '../access/keys.ts';

export const DECIDES = 'approvals:write';
/** So many keys are looked at for one that could decide. */
const LOOKED_AT = 200;

export interface Asking {
  accountId: string;
  /** The asking key and all that it descends from. */
  askingKeys: readonly string[];
  /** Of the command; null: a budget, or a command that needs none. */
  scope: string | null;
  /** Of a budget or a spend limit: what is asked for. */
  budget: Raise | null;
}

export function askingOf(row: Pick<ApprovalRow, 'account_id' | 'asking_keys' | 'scope' | 'budget'>): Asking {
  const { account_id: accountId, asking_keys: askingKeys, scope, budget } = row;
  return { accountId, askingKeys, scope, budget };
}

/** @throws SeedError not_allowed */
export async function refuseDecider(db: Db, actor: Actor, via: DecidedVia, asking: Asking): Promise<void> {
  refuseScope(actor.lineage, asking.scope);
  refuseRaise(actor.lineage, asking.budget);
  const { id } = actor.key;
  const blocked = await blockedOf(db, [id], asking.askingKeys);
  if (!blocked.has(id) || (await mayDecideItself(db, asking.askingKeys))) return;
  if (via === 'session' && (await isOnlyAdmin(db, id, asking))) return;
  throw new SeedError('not_allowed', 'the key that asks, and what comes from it, cannot decide', {
    hint: 'Decide with another key that has approvals:write, which was not made with the asking one.',
  });
}

/** Of each, whether the reader could decide: one query, and a few for those that the reader's own key asks. */
export async function decidableBy(
  db: Db,
  { actor, via }: Pick<Call, 'actor' | 'via'>,
  asked: readonly Asking[],
): Promise<boolean[]> {
  const { key, lineage } = actor;
  if (asked.length === 0 || !allows(key.scopes, DECIDES)) return asked.map(() => false);
  const origins = new Set((await originsOf(db, [key.id])).map(({ id }) => id));
  const judged = new Map<string, Promise<boolean>>();
  const judge = async (asking: Asking) => {
    if (!lineage.every((one) => fitsScope(one, asking.scope) && fitsRaise(one, asking.budget))) return false;
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

/** Nobody raises another key's limit beyond their own, as nobody sets it so. */
function fitsRaise(key: Pick<Key, SpendLimit>, asked: Raise | null): boolean {
  if (asked === null || 'taskId' in asked) return true;
  const own = key[asked.limit];
  return own === null || asked.requested <= own;
}

function refuseRaise(lineage: readonly Pick<Key, SpendLimit>[], asked: Raise | null): void {
  if (lineage.every((key) => fitsRaise(key, asked)) || asked === null || 'taskId' in asked) return;
  throw new SeedError('not_allowed', `${asked.limit}: a key cannot raise a limit beyond its own`, {
    hint: 'Decide with a key that has a higher limit, or none.',
  });
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

interface Origin {
  decider: string;
  /** The key itself, or one that it comes from. */
  id: string;
}

/** All that the keys come from: made for their tasks, or made or rotated with them; each comes from itself. */
async function originsOf(db: Db, keyIds: readonly string[]): Promise<Origin[]> {
  const { rows } = await sql<Origin>`
    with recursive chain as (
      select id as decider, id, caller_key_id, created_by_key_id, rotated_by from keys
      where id = any(${keyIds}::uuid[])
      union
      select chain.decider, keys.id, keys.caller_key_id, keys.created_by_key_id, keys.rotated_by from chain
      join keys on keys.id = any(array[chain.caller_key_id, chain.created_by_key_id] || chain.rotated_by)
    )
    select distinct decider, id from chain`.execute(db);
  return rows;
}

/** Those of the keys that are an asking one, or come from one. */
async function blockedOf(db: Db, keyIds: readonly string[], askingKeys: readonly string[]): Promise<Set<string>> {
  const origins = await originsOf(db, keyIds);
  return new Set(origins.filter(({ id }) => askingKeys.includes(id)).map(({ decider }) => decider));
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

/** fitsRaise as SQL, of the key alone. */
function mayRaise(asked: Raise | null): RawBuilder<boolean> {
  if (asked === null || 'taskId' in asked) return sql<boolean>`true`;
  const { limit, requested } = asked;
  const least = KEY_LIMITS[limit].kind === 'usd' ? toNano(requested) : requested;
  return sql<boolean>`coalesce(${sql.ref(limitColumn(limit))} >= ${least}, true)`;
}

/** Whether there is a key that may decide. */
async function couldDecide(db: Db, asking: Asking): Promise<boolean> {
  const { scope } = asking;
  const deciders = await decidersOf(db, asking);
  return deciders.some((scopes) => scopes === null || (scope !== null && allows(scopes, scope)));
}

/** Of each key that may decide, the scopes whose calls it may decide on; null: all. */
async function decidersOf(
  db: Db,
  { accountId, askingKeys, budget = null }: Pick<Asking, 'accountId' | 'askingKeys'> & Partial<Asking>,
): Promise<(readonly string[] | null)[]> {
  const { rows } = await sql<Pick<KeyRow, 'id' | 'approves_scopes'>>`
    select id, approves_scopes from keys
    where account_id = ${accountId} and task_id is null and caller_key_id is null and revoked_at is null and enabled
      and (expires_at is null or expires_at > now()) and scopes && ${['*', 'approvals:*', DECIDES]}::text[]
      and ${mayRaise(budget)}
    order by created_at limit ${LOOKED_AT}`.execute(db);
  if (rows.length === 0) return [];
  const ids = rows.map(({ id }) => id);
  const blocked = await blockedOf(db, ids, askingKeys);
  const isEasy = blocked.size > 0 && (await mayDecideItself(db, askingKeys));
  return rows.filter(({ id }) => isEasy || !blocked.has(id)).map(({ approves_scopes }) => approves_scopes);
}

/** What whoever posts a task that may ask is told, where nobody could decide on its calls, or on some of them. */
export async function risksOfAsking(
  db: Db,
  { scopes, ...asking }: Pick<Asking, 'accountId' | 'askingKeys'> & { scopes: readonly string[] },
): Promise<string[]> {
  const deciders = await decidersOf(db, asking);
  if (deciders.length === 0)
    return [
      'Nobody could approve what this task asks: no other key has approvals:write, or only such as the posting key has made. An administrator alone in the account may, in the dashboard.',
    ];
  if (deciders.includes(null)) return [];
  const writes = scopes.filter((scope) => !scope.endsWith(':read'));
  const left = writes.filter((scope) => !deciders.some((decided) => decided !== null && allows(decided, scope)));
  return left.length === 0 ? [] : [`Nobody could approve calls of this task that need ${left.join(', ')}.`];
}
