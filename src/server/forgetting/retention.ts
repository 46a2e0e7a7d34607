// How long an account keeps what was said in its tasks, and its ledger: set by the account, bounded by the
// operator, and carried out every hour by doing what `tasks forget` does. The loop is started by server.ts.
import { sql } from 'kysely';
import type { Store } from '../../db/store.ts';
import type { Db } from '../../db/tables.ts';
import type { Loop } from '../../lib/every.ts';
import type { Logger } from '../../lib/log.ts';
import { SeedError } from '../../protocol/errors.ts';
import { type Retention, spanDays } from '../../protocol/forgetting.ts';
import { LIMITS } from '../../protocol/limits.ts';
import { insertAudit, NOBODY } from '../access/audit.ts';
import { forgetOld } from './by-age.ts';
import { eraseLate, type ForgetParts } from './forget.ts';

/** Of the operator, for all accounts, in days; null: for ever. */
export interface OperatorRetention {
  content: number | null;
  ledger: number | null;
}

const EVERY_MS = 3_600_000;
const DAY_MS = 86_400_000;
const LEDGER_BATCH = 2_000;

export async function readRetention(db: Db, accountId: string, operator: OperatorRetention): Promise<Retention> {
  const row = await db
    .selectFrom('accounts')
    .select(['content_days', 'ledger_days'])
    .where('id', '=', accountId)
    .executeTakeFirstOrThrow();
  return toRetention(row, operator);
}

/**
 * What is undefined stays as it is: a body without either, which the API's description allows, changes nothing.
 * @throws SeedError invalid_input: longer than the operator keeps it
 */
export async function setRetention(
  db: Db,
  accountId: string,
  { content, ledger }: { content?: string | null | undefined; ledger?: string | null | undefined },
  operator: OperatorRetention,
): Promise<Retention> {
  if (content === undefined && ledger === undefined) return readRetention(db, accountId, operator);
  const days = {
    content_days: daysOf('content', content, operator),
    ledger_days: daysOf('ledger', ledger, operator),
  };
  const row = await db
    .updateTable('accounts')
    .set(days)
    .where('id', '=', accountId)
    .returning(['content_days', 'ledger_days'])
    .executeTakeFirstOrThrow();
  return toRetention(row, operator);
}

function daysOf(
  what: keyof OperatorRetention,
  span: string | null | undefined,
  operator: OperatorRetention,
): number | null | undefined {
  if (typeof span !== 'string') return span;
  const [days, most] = [spanDays(span), operator[what]];
  if (days !== null && (most === null || days <= most)) return days;
  throw new SeedError('invalid_input', `${what}: the operator of this Seed keeps it for ${most} days at most`, {
    hint: `Say ${most}d or less, or null for as long as the operator keeps it.`,
  });
}

type Days = { content_days: number | null; ledger_days: number | null };

function toRetention({ content_days, ledger_days }: Days, operator: OperatorRetention): Retention {
  return {
    content: content_days === null ? null : `${content_days}d`,
    ledger: ledger_days === null ? null : `${ledger_days}d`,
    contentDays: shorter(content_days, operator.content),
    ledgerDays: shorter(ledger_days, operator.ledger),
  };
}

function shorter(one: number | null, other: number | null): number | null {
  return one === null || other === null ? (one ?? other) : Math.min(one, other);
}

interface Kept extends ForgetParts {
  store: Store;
  log: Logger;
  operator: OperatorRetention;
  /** The server stops: what is left waits for the next one. */
  stopping: AbortSignal;
}

export function keepRetention(kept: Kept): Loop {
  const { store, log } = kept;
  return store.loops.every({ everyMs: EVERY_MS, atOnce: true, name: 'forget what is not to be kept', log }, () =>
    carryOutRetention(kept),
  );
}

/** Goes by turns through the accounts, some tasks of each, until nothing is left that is too old. */
export async function carryOutRetention(kept: Kept): Promise<void> {
  const { store, stopping } = kept;
  await eraseLate(store);
  let accounts = await accountsWithRetention(store.db, kept.operator);
  const forgotten = new Map<string, number>();
  while (accounts.length > 0 && !stopping.aborted) {
    const unfinished: typeof accounts = [];
    for (const account of accounts) {
      if (stopping.aborted) break;
      const count = await keepAccount(kept, account);
      forgotten.set(account.id, (forgotten.get(account.id) ?? 0) + count);
      if (count === LIMITS.forgottenPerRequest) unfinished.push(account);
    }
    accounts = unfinished;
  }
  await tell(kept, forgotten);
}

interface WithRetention {
  id: string;
  contentDays: number | null;
  ledgerDays: number | null;
}

async function accountsWithRetention(db: Db, operator: OperatorRetention): Promise<WithRetention[]> {
  const rows = await db.selectFrom('accounts').select(['id', 'content_days', 'ledger_days']).execute();
  return rows
    .map(({ id, content_days, ledger_days }) => ({
      id,
      contentDays: shorter(content_days, operator.content),
      // What the operator keeps goes by the day (db/partitions.ts).
      ledgerDays: ledger_days,
    }))
    .filter(({ contentDays, ledgerDays }) => contentDays !== null || ledgerDays !== null);
}

/** Returns how many tasks it has forgotten. */
async function keepAccount(kept: Kept, { id, contentDays, ledgerDays }: WithRetention): Promise<number> {
  const now = kept.store.clock.now().getTime();
  if (ledgerDays !== null) await pruneLedger(kept, id, new Date(now - ledgerDays * DAY_MS));
  if (contentDays === null) return 0;
  const before = new Date(now - contentDays * DAY_MS);
  return forgetOld(kept, { accountId: id, before, why: 'retention' }, LIMITS.forgottenPerRequest);
}

const LEDGER = { calls: 'id', model_calls: 'id', compute: 'task_id' } as const;

async function pruneLedger({ store, stopping }: Kept, accountId: string, before: Date): Promise<void> {
  for (const [table, id] of Object.entries(LEDGER)) {
    for (let deleted = LEDGER_BATCH; deleted === LEDGER_BATCH && !stopping.aborted; ) {
      const { numAffectedRows = 0n } = await sql`
        delete from ${sql.table(table)} where (created_at, ${sql.ref(id)}) in (
          select created_at, ${sql.ref(id)} from ${sql.table(table)}
          where account_id = ${accountId} and created_at < ${before} and not is_task_held(task_id, account_id)
          order by created_at limit ${LEDGER_BATCH}
        )`.execute(store.longRunning);
      deleted = Number(numAffectedRows);
    }
  }
}

/** In the log of the account, and in the server's. */
async function tell({ store, log }: Kept, forgotten: ReadonlyMap<string, number>): Promise<void> {
  const now = store.clock.now();
  for (const [accountId, count] of forgotten) {
    if (count === 0) continue;
    log.info({ accountId, tasks: count }, 'forgot tasks that were older than their account keeps them');
    const done = { command: 'retention', target: null, status: 200, code: null, calls: count, requestId: null };
    await insertAudit(store.db, [{ ...NOBODY, ...done, accountId, at: now }]);
  }
}
