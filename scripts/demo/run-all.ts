// All of the brief's examples, one after the other, and a table of what came of each.
import { printTable } from '../../bench/table.ts';
import type { Task } from '../../src/protocol/task.ts';
import { changesOf } from './changes.ts';
import { EXAMPLES, type Example } from './examples.ts';
import { type Connection, call, heading, say } from './show.ts';

const HEAD = ['EXAMPLE', 'INSTRUCTION', 'STATUS', 'SECONDS', 'CHANGED', 'TOKENS', 'COST'];

const INSTRUCTION_CHARACTERS = 44;
/** For the task to be taken and to be killed, if it comes to that. */
const SPARE_SECONDS = 30;

/** @returns what did not come out as it should, empty when all did */
export async function runAll(connection: Connection): Promise<string[]> {
  const rows: string[][] = [];
  const problems: string[] = [];
  for (const example of EXAMPLES) {
    await example.prepare(connection);
    const task = await runTask(connection, example);
    heading(example.title);
    say(example.instruction);
    say(`→ ${task.stdout ?? task.error?.message ?? 'no answer'}`);
    rows.push(await rowOf(connection, example, task));
    if (task.status !== 'completed') problems.push(`${example.name}: the task is ${task.status}`);
  }
  heading(`All ${EXAMPLES.length} examples, each in a sandbox of its own`);
  printTable([HEAD, ...rows]);
  return problems;
}

async function runTask(connection: Connection, { instruction, scopes, timeoutMs }: Example): Promise<Task> {
  const body = { instruction, scopes, timeout: timeoutMs };
  const { task } = await call<{ task: Task }>(connection, 'POST', '/tasks/run', body, {
    prefer: `wait=${timeoutMs / 1000 + SPARE_SECONDS}`,
  });
  return task;
}

async function rowOf(connection: Connection, example: Example, task: Task): Promise<string[]> {
  return [
    example.title,
    `${example.instruction.slice(0, INSTRUCTION_CHARACTERS - 1)}…`,
    task.status,
    (((task.startMs ?? 0) + (task.runMs ?? 0)) / 1000).toFixed(1),
    await changesOf(connection, task.id),
    String(task.inputTokens + task.outputTokens),
    `$${task.cost.total.toFixed(6)}`,
  ];
}
