// What approvals need of tasks: that one lives for as long as a transaction, and its transcript. Given to them
// when the server is put together.
import { isTerminal } from '../../protocol/statuses.ts';
import type { TasksOfApprovals } from '../approvals/announce.ts';
import { appendServerEvent } from './events.ts';
import { lockTask } from './rows.ts';

export const tasksOfApprovals: TasksOfApprovals = {
  async lock(tx, taskId) {
    const task = await lockTask(tx, taskId);
    return task && !isTerminal(task.status) ? { webhookUrl: task.webhook_url } : null;
  },
  tell: appendServerEvent,
};
