// Whether the demo's task did what it says: the answer and the keys have to agree.
import type { Key } from '../../src/protocol/key.ts';
import type { Page } from '../../src/protocol/page.ts';
import type { Task } from '../../src/protocol/task.ts';
import { EXPIRED } from './inventory.ts';
import { type Connection, call } from './show.ts';

/** @returns what is wrong, empty when nothing is */
export async function checkOutcome(connection: Connection, show: (task: Task) => void): Promise<string[]> {
  const task = (await call<Page<Task>>(connection, 'GET', '/tasks?limit=1')).items[0];
  if (!task) return ['there is no task'];
  show(task);
  const keys = (await call<Page<Key>>(connection, 'GET', '/keys?limit=100')).items;
  const count = (status: Key['status']) => keys.filter((key) => key.status === status).length;
  const expectations: [boolean, string][] = [
    [
      task.status === 'completed' && task.exitCode === 0,
      `the task is ${task.status} with exit code ${task.exitCode}`,
    ],
    [task.inputTokens > 0 && task.outputTokens > 0, 'no tokens were counted'],
    [
      /Found 9 keys\. 5 already revoked\./.test(task.stdout ?? ''),
      'the answer does not say 9 keys, 5 revoked already',
    ],
    [EXPIRED.every((name) => task.stdout?.includes(name)), 'the answer does not name the keys it revoked'],
    [/2 active keys remain/.test(task.stdout ?? ''), 'the answer does not say that 2 active keys remain'],
    [
      keys.length === 9 && count('revoked') === 7 && count('active') === 2,
      `of ${keys.length} keys ${count('revoked')} are revoked`,
    ],
  ];
  return expectations.filter(([holds]) => !holds).map(([, problem]) => problem);
}
