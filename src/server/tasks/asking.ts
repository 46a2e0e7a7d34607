// What approvals need of tasks: that one lives for as long as a transaction, its transcript, and how long it may
// wait. Given to them when the server is put together.
import type { Store } from '../../db/store.ts';
import { isTerminal } from '../../protocol/statuses.ts';
import type { TasksOfApprovals } from '../approvals/announce.ts';
import { appendServerEvent } from './events.ts';
import { lockTask } from './rows.ts';
import { approvalExpiry, endUndecided } from './waiting.ts';

export function tasksOfApprovals(store: Store): TasksOfApprovals {
  return {
    async lock(tx, taskId) {
      const task = await lockTask(tx, taskId);
      return task && !isTerminal(task.status) ? { webhookUrl: task.webhook_url } : null;
    },
    tell: appendServerEvent,
    expiry: approvalExpiry,
    endUndecided: (tx, taskId, now) => endUndecided(store, tx, taskId, now),
  };
}
