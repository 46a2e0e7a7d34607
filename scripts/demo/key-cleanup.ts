// The plain demo: the brief's first instruction, on an inventory of nine keys of which two have expired, and
// whether the answer and the keys agree afterwards.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Key } from '../../src/protocol/key.ts';
import type { Page } from '../../src/protocol/page.ts';
import type { Task } from '../../src/protocol/task.ts';
import { type Connection, call, heading, say, seedCli } from './show.ts';

const INSTRUCTION = 'Check our API key inventory and revoke any expired ones';

/** How long things take where it is shown. */
interface Pace {
  /** The task's. */
  timeoutMs: number;
  /** Keys are made that expire so soon: within it they have to be made. */
  expiresInMs: number;
}

const PACE: Pace = { timeoutMs: 60_000, expiresInMs: 1_500 };

/** @returns what did not come out as it should, empty when all did */
export async function showKeyCleanup(connection: Connection, pace: Pace = PACE): Promise<string[]> {
  await createInventory(connection, pace);
  heading('The keys before');
  await seedCli(connection, ['keys', 'list']);
  heading('A task, for an agent that may read and write keys and nothing else');
  const run = ['tasks', 'run', '--instruction', INSTRUCTION, '--scopes', 'keys:read,keys:write'];
  await seedCli(connection, [...run, '--timeout', String(pace.timeoutMs)]);
  heading('The task, as GET /api/v1/tasks/{id} answers it');
  const problems = await checkOutcome(connection, (task) => say(JSON.stringify({ task }, null, 2)));
  heading('The keys after');
  await seedCli(connection, ['keys', 'list']);
  return problems;
}

const REVOKED = ['old dashboard', 'ci 2024', 'ci 2025', 'load test', 'intern laptop'];
/** Named like the keys of tasks that a lost runner left behind. */
const EXPIRED = ['task:28f48ac5', 'task:aa3517b8'];

/** The account's admin key is the second active one. */
export async function createInventory(connection: Connection, { expiresInMs } = PACE): Promise<void> {
  say('Creating nine keys: five revoked, two expired, two active');
  const create = (body: object) => call<{ key: Key }>(connection, 'POST', '/keys', body);
  for (const name of REVOKED) {
    const { key } = await create({ name, scopes: ['keys:read'] });
    await call(connection, 'POST', `/keys/${key.id}/revoke`);
  }
  await create({ name: 'billing service', scopes: ['keys:read', 'tasks:write'] });
  const expiresAt = new Date(Date.now() + expiresInMs);
  for (const name of EXPIRED) await create({ name, scopes: ['keys:read'], expiresAt: expiresAt.toISOString() });
  await sleep(expiresAt.getTime() + 50 - Date.now());
}

/** @returns what is wrong, empty when nothing is */
async function checkOutcome(connection: Connection, show: (task: Task) => void): Promise<string[]> {
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
