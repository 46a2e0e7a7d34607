// The brief's examples as the demo shows them: one with all that happens, or all with a table of what came of
// each.
import { printTable } from '../../bench/table.ts';
import type { LedgerEntry } from '../../src/protocol/ledger.ts';
import type { Page } from '../../src/protocol/page.ts';
import type { Task } from '../../src/protocol/task.ts';
import { EXAMPLES, type Example } from './examples.ts';
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

/** `emails draft, records flag × 10`, or `nothing`. What was cut off may have changed something, and says so. */
async function changesOf(connection: Connection, taskId: string): Promise<string> {
  const path = `/tasks/${taskId}/ledger?limit=100`;
  const { items } = await call<Page<LedgerEntry>>(connection, 'GET', path);
  const done = items.filter(
    ({ effect, outcome }) => effect !== 'read' && (outcome === 'ok' || outcome === 'unknown'),
  );
  const named = ({ command, outcome }: LedgerEntry) => (outcome === 'ok' ? command : `${command} (unknown)`);
  const groups = [...Map.groupBy(done, named)].map(([command, entries]) =>
    entries.length === 1 ? command : `${command} × ${entries.length}`,
  );
  return groups.join(', ') || 'nothing';
}
