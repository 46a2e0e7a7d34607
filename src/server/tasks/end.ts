// How tasks end: stopped by a caller, or settled by their runner. Those that nobody settles end in lapse.ts.
import type { Store } from '../../db/store.ts';
import type { TaskRow, Tx } from '../../db/tables.ts';
import { changeTasks } from '../../db/task-changes.ts';
import type { Prices } from '../../lib/money.ts';
import { isTerminal } from '../../protocol/statuses.ts';
import type { Task, TaskError } from '../../protocol/task.ts';
import { lockAncestors, saveUsage, type UsageOfLease } from '../spending/sums.ts';
import { type JudgedSettlement, withOutput } from './output/settle.ts';
import { leaseLost, toTask } from './rows.ts';
import { type Change, outOfBudget, transition } from './transition.ts';
import { endWait } from './waiting.ts';

const NO_REASON: TaskError = { code: 'agent_failed', message: 'The agent failed and gave no reason.' };

/** Stops a queued or running task at once; an ended one stays as it is. Null when the account has no such task. */
export async function stopTask(store: Store, accountId: string, id: string): Promise<Task | null> {
  return changeTasks(store, async (tx) => {
    const owned = await tx
      .selectFrom('tasks')
      .select('status')
      .where('account_id', '=', accountId)
      .where('id', '=', id)
      .executeTakeFirst();
    if (!owned) return null;
    // Before the task's row is locked: leasing locks the job first, then the row, and so does this.
    if (owned.status === 'queued') await store.queue.remove(tx, id);
    const decide = ({ status }: TaskRow): Change | null => (isTerminal(status) ? null : { status: 'stopped' });
    const stopped = await transition(store, tx, { taskId: id, decide });
    return stopped ? toTask(stopped.task) : null;
  });
}

/**
 * Ends a task as its runner saw it end. `already_ended`: it had a terminal status, which stays. Throws SeedError
 * `lease_lost` when the task was never, or is no longer, under this lease.
 */
export async function settleTask(
  store: Store,
  taskId: string,
  settlement: JudgedSettlement,
  prices: Prices,
): Promise<'settled' | 'already_ended'> {
  const outcome = await changeTasks(store, async (tx) => {
    const { leaseId, usage } = settlement;
    // Usage comes before the end, whose event tells the cost; it counts for all above, and those are locked first.
    const ancestors = await lockAncestors(tx, taskId);
    const now = store.clock.now();
    const addToKeys = usage && (await saveUsage(tx, ancestors, { leaseId, usage }, { prices, now }));
    const shown = await forReaders(tx, taskId, settlement);
    const decide = (task: TaskRow) => {
      if (task.lease_id !== leaseId) throw leaseLost(taskId);
      return isTerminal(task.status) ? null : changeOf(shown, task);
    };
    const own = ancestors.at(-1);
    const locked = own?.lease_id === leaseId ? await endWait(store, tx, own) : own;
    const settled = await transition(store, tx, { taskId, decide, locked, byRunner: true });
    if (!settled) throw leaseLost(taskId);
    await addToKeys?.();
    return settled.changed ? 'settled' : 'already_ended';
  });
  if (outcome === 'already_ended') store.caches.forget('ended tasks');
  return outcome;
}

/** Records what the sandbox of a task used that has ended otherwise than by its runner's word, such as stopped. */
export async function recordUsage(
  store: Store,
  { taskId, ...usage }: UsageOfLease & { taskId: string },
  prices: Prices,
): Promise<void> {
  await store.db.transaction().execute(async (tx) => {
    const ancestors = await lockAncestors(tx, taskId);
    const addToKeys = await saveUsage(tx, ancestors, usage, { prices, now: store.clock.now() });
    await addToKeys();
  });
  store.caches.forget('ended tasks');
}

/** With the diagnostics of the runner's host as the task's own for the operator's account alone. */
async function forReaders(tx: Tx, taskId: string, settlement: JudgedSettlement): Promise<JudgedSettlement> {
  const { diagnostics } = settlement;
  if (diagnostics === undefined || settlement.stderr !== null) return settlement;
  const account = await tx
    .selectFrom('tasks')
    .innerJoin('accounts', 'accounts.id', 'tasks.account_id')
    .select('accounts.operator')
    .where('tasks.id', '=', taskId)
    .executeTakeFirst();
  return account?.operator ? { ...settlement, stderr: diagnostics } : settlement;
}

/** A task whose calls of the model were refused has ended by that, whatever its agent made of it. */
function changeOf(settlement: JudgedSettlement, task: TaskRow): Change {
  const { outcome, stdout, stderr, exitCode, error } = withOutput(settlement, task);
  const { overspent } = task;
  const change = {
    status: outcome,
    stdout,
    stderr,
    exitCode,
    ...(settlement.judged && { output: settlement.judged }),
  };
  if (overspent !== null) return { ...change, ...outOfBudget(overspent) };
  if (outcome === 'completed') return change;
  return { ...change, error: outcome === 'failed' ? (error ?? NO_REASON) : error };
}
