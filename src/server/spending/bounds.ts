// What bounds the calls of a task: its budget and those of its ancestors, and the spend limits of the keys that
// its key descends from. A task that could spend nothing, or whose spending could not be counted, is refused when
// it is accepted; a limit that is set later is looked at before each call (reservations.ts).
import type { Selectable } from 'kysely';
import type { Db, Tables, TaskRow, Tx } from '../../db/tables.ts';
import { inTransaction } from '../../db/transaction.ts';
import { secondsUntilNext } from '../../lib/utc-days.ts';
import type { Budget } from '../../protocol/budget.ts';
import { SeedError } from '../../protocol/errors.ts';
import type { Key, Lineage } from '../../protocol/key.ts';
import { type Bound, budgetBounds, firstExhausted, hasSpendLimit, limitBounds } from './budget.ts';
import { lockAncestors, spentWith } from './sums.ts';

/** @param ancestors the topmost task first; the last one is the task whose agent is told */
export function boundsOfTasks(ancestors: readonly TaskRow[]): Bound[] {
  return ancestors.flatMap(({ id, budget, used_tokens, used_nano_usd, used_calls }, index) => {
    const whose = index === ancestors.length - 1 ? 'this task' : `the task ${id}, which stands above this one,`;
    const used = { tokens: used_tokens, nanoUsd: used_nano_usd, calls: used_calls };
    return budgetBounds(id, budget, used, whose);
  });
}

/**
 * What the batch of a task has for a budget, which all of its tasks draw on, and the batch's id where it has one.
 * Its row is locked until the transaction ends: behind its tasks, and before what was spent with keys.
 */
export async function boundsOfBatch(tx: Tx, batchId: string | null): Promise<{ ids: string[]; bounds: Bound[] }> {
  if (batchId === null) return { ids: [], bounds: [] };
  const batch = await tx
    .selectFrom('batches')
    .select(['id', 'budget', 'used_tokens', 'used_nano_usd', 'used_calls'])
    .where('id', '=', batchId)
    .where('budget', 'is not', null)
    .forNoKeyUpdate()
    .executeTakeFirst();
  return batch ? { ids: [batch.id], bounds: batchBounds(batch) } : { ids: [], bounds: [] };
}

type BatchUse = Pick<
  Selectable<Tables['batches']>,
  'id' | 'budget' | 'used_tokens' | 'used_nano_usd' | 'used_calls'
>;

/** The bounds that a batch's budget is for its tasks. */
export function batchBounds({ id, budget, used_tokens, used_nano_usd, used_calls }: BatchUse): Bound[] {
  const used = { tokens: used_tokens, nanoUsd: used_nano_usd, calls: used_calls };
  return budgetBounds(id, budget, used, 'its batch');
}

/** The spend limits of the keys, with what was spent in the present UTC day and month. */
export async function boundsOfKeys(db: Db, keys: readonly Key[], now: Date): Promise<Bound[]> {
  const limited = keys.filter(hasSpendLimit);
  if (limited.length === 0) return [];
  const ids = limited.map(({ id }) => id);
  const spent = await spentWith(db, ids, now);
  return limited.flatMap((key) => limitBounds(key, spent(key.id), now));
}

/** @throws SeedError spend_limit_reached, with the seconds until the day or the month is over */
export async function refuseSpent(tx: Tx, lineage: Lineage, now: Date): Promise<void> {
  const spent = firstExhausted(await boundsOfKeys(tx, lineage, now));
  if (!spent) return;
  const span = spent.span ?? 'day';
  throw new SeedError('spend_limit_reached', spent.says, {
    hint: `It can start tasks again when the next ${span} begins in UTC, or when the limit is raised.`,
    retryAfterSeconds: secondsUntilNext(span, now),
  });
}

interface NewSpender {
  model: string;
  fallbackModels: readonly string[];
  budget: Budget | null;
  parentTaskId: string | null;
}

const NOTHING_USED = { tokens: 0, nanoUsd: 0, calls: 0 };

/** @throws SeedError unpriced_model: its own budget, one above it or a limit of its keys is in US dollars */
export async function refuseUnpriced(
  db: Db,
  { model, fallbackModels, budget, parentTaskId }: NewSpender,
  lineage: Lineage,
  { hasPrice, now }: { hasPrice: (model: string) => boolean; now: Date },
): Promise<void> {
  const unpriced = [model, ...fallbackModels].find((name) => !hasPrice(name));
  if (unpriced === undefined) return;
  const bounds = [
    ...budgetBounds('', budget, NOTHING_USED, 'this task'),
    ...(parentTaskId === null
      ? []
      : boundsOfTasks(await inTransaction(db, (tx) => lockAncestors(tx, parentTaskId)))),
    ...(await boundsOfKeys(db, lineage, now)),
  ];
  const money = bounds.find(({ unit }) => unit === 'nanoUsd');
  if (money) throw unpricedModel(unpriced, money);
}

/** A bound in US dollars could not be kept with a model of unknown price: nobody could say when it is reached. */
export function unpricedModel(model: string, bound: Bound): SeedError {
  const shown = JSON.stringify(model.slice(0, 200));
  return new SeedError(
    'unpriced_model',
    `what the model ${shown} costs is not known, so that a limit in US dollars could not be kept: ${bound.says}`,
    {
      hint: 'Limit tokens or calls instead, ask for a model that has a price, or have the operator add one to the price list (SEED_PRICES_FILE, see docs/models.md).',
    },
  );
}
