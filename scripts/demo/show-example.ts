// One of the brief's examples with all that happens: the rows before, the task, its ledger, the rows after.
import type { Page } from '../../src/protocol/page.ts';
import type { Task } from '../../src/protocol/task.ts';
import { changesOf } from './changes.ts';
import type { Example } from './examples.ts';
import { type Connection, call, heading, say, seedCli } from './show.ts';

/** @returns what did not come out as it should, empty when all did */
export async function showExample(connection: Connection, example: Example): Promise<string[]> {
  await example.prepare(connection);
  heading('Before');
  for (const command of example.shows) await seedCli(connection, command);
  heading(`A task, for an agent with the scopes ${example.scopes.join(', ')} and no others`);
  const run = ['tasks', 'run', '--instruction', example.instruction, '--scopes', example.scopes.join(',')];
  await seedCli(connection, [...run, '--timeout', String(example.timeoutMs)]);
  const [task] = (await call<Page<Task>>(connection, 'GET', '/tasks?limit=1')).items;
  if (!task) return ['there is no task'];
  heading('Its ledger: every command that it called');
  await seedCli(connection, ['tasks', 'ledger', task.id, '--limit', '100']);
  heading('After');
  for (const command of example.shows) await seedCli(connection, command);
  say('');
  say(`What it changed: ${await changesOf(connection, task.id)}.`);
  return task.status === 'completed' ? [] : [`the task is ${task.status}`];
}
