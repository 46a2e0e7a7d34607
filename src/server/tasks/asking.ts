// What approvals need of tasks: that one lives for as long as a transaction, its transcript, and how long it may
// wait. Given to them when the server is put together.
import type { Store } from '../../db/store.ts';
import { isTerminal } from '../../protocol/statuses.ts';
import type { TasksOfApprovals } from '../approvals/announce.ts';
import { raise } from '../spending/raise.ts';
import { lockAncestors } from '../spending/sums.ts';
import { appendServerEvent } from './events.ts';
import { approvalExpiry, endUndecided } from './waiting.ts';

export function tasksOfApprovals(store: Store): TasksOfApprovals {
  return {
    async lock(tx, taskId) {
      // In the order in which tasks are locked, for a yes may raise the budget of one above.
      const task = (await lockAncestors(tx, taskId)).at(-1);
      return task && !isTerminal(task.status) ? { webhookUrl: task.webhook_url } : null;
    },
    raise,
    tell: appendServerEvent,
    expiry: approvalExpiry,
    endUndecided: (tx, taskId, now) => endUndecided(store, tx, taskId, now),
  };
}
