// How long an approval may be pending: a task may wait for people for one time in all, which runs while any of its
// approvals is pending.
import type { Tx } from '../../db/tables.ts';
import { SeedError } from '../../protocol/errors.ts';
import type { Key } from '../../protocol/key.ts';
import { LIMITS } from '../../protocol/limits.ts';

/** Milliseconds that one may wait whom these keys bind: the least that one of them says. */
export function waitMs(lineage: readonly Pick<Key, 'approval'>[]): number {
  const said = lineage.flatMap(({ approval }) => (approval ? [approval.wait] : []));
  return said.length === 0 ? LIMITS.approvalWaitMs : Math.min(...said);
}

interface Span {
  from: Date;
  /** Null: it has not ended. */
  to: Date | null;
}

/** Milliseconds in which at least one of the spans was, up to now. */
export function waitedMs(spans: readonly Span[], now: Date): number {
  let [total, until] = [0, Number.NEGATIVE_INFINITY];
  for (const { from, to } of spans.toSorted((one, other) => one.from.getTime() - other.from.getTime())) {
    const end = (to ?? now).getTime();
    total += Math.max(0, end - Math.max(from.getTime(), until));
    until = Math.max(until, end);
  }
  return total;
}

/**
 * Milliseconds that a new approval may be pending.
 * @throws SeedError approval_expired: the task has waited for as long as it may
 */
export async function expiryOf(
  tx: Tx,
  { taskId, lineage, now }: { taskId: string | null; lineage: readonly Pick<Key, 'approval'>[]; now: Date },
): Promise<number> {
  const most = waitMs(lineage);
  if (taskId === null) return most;
  const rows = await tx
    .selectFrom('approvals')
    .select(['requested_at as from', 'decided_at as to'])
    .where('task_id', '=', taskId)
    .execute();
  const left = most - waitedMs(rows, now);
  if (left >= 1) return left;
  throw new SeedError('approval_expired', `this task has waited ${most} ms for people, which is all it may`, {
    hint: 'Go on without the call, and say in the answer what is left to do.',
  });
}
