// One run of a task of the eval: a new account with the same rows, the task to its end, and what its check says.
import { setTimeout as sleep } from 'node:timers/promises';
import type { TaskEvent } from '../../src/protocol/event.ts';
import type { LedgerEntry } from '../../src/protocol/ledger.ts';
import type { Page } from '../../src/protocol/page.ts';
import type { Task } from '../../src/protocol/task.ts';
import type { Run } from './results.ts';
import { readTables } from './tables.ts';
import type { EvalTask, Evidence } from './task.ts';
import type { Account, World } from './world.ts';

/** How much longer than its time a task may take until it has ended: its start and its end. */
const MARGIN_MS = 120_000;
/** What is kept of each thing that was said, to see later why a run went wrong. */
const KEPT_LENGTH = 1_500;
const KEPT_EVENTS = 60;
/** Longer files are not what a task asks for. */
const JUDGED_BYTES = 2 ** 20;

export interface RunOptions {
  model: string;
  timeoutMs: number;
  signal: AbortSignal;
}

/** @throws when it was interrupted, or when the server does not answer: then there is no result */
export async function runOnce(world: World, task: EvalTask, options: RunOptions): Promise<Omit<Run, 'number'>> {
  const account = await world.newAccount(task.packs);
  await task.prepare?.(world, account);
  const before = await readTables(world, account);
  const posted = await world.call<{ task: Task }>(account, 'POST', '/tasks/run', {
    instruction: task.instruction,
    scopes: task.scopes,
    model: options.model,
    timeout: options.timeoutMs,
    files: Object.entries(task.files ?? {}).map(([name, text]) => ({
      name,
      content: Buffer.from(text).toString('base64'),
    })),
  });
  await ended(world, posted.task.id, options);
  const evidence = await gather(world, account, posted.task.id, before);
  return {
    task: task.name,
    kind: task.kind,
    model: options.model,
    problems: task.check(evidence),
    ...(await figures(world, evidence.task)),
    answer: evidence.task.stdout?.slice(0, KEPT_LENGTH) ?? null,
    transcript: await transcript(world, account, posted.task.id),
  };
}

/** Asks the database, as a call of the API would be part of what the task can see. */
async function ended(world: World, taskId: string, { timeoutMs, signal }: RunOptions): Promise<void> {
  const late = performance.now() + timeoutMs + MARGIN_MS;
  for (;;) {
    const [row] = await world.query('select 1 from tasks where id = $1 and completed_at is not null', [taskId]);
    if (row) return;
    if (performance.now() > late) throw new Error(`the task ${taskId} did not end in time`);
    await sleep(100, undefined, { signal });
  }
}

async function gather(
  world: World,
  account: Account,
  taskId: string,
  before: Evidence['before'],
): Promise<Evidence> {
  const after = await readTables(world, account);
  const { task } = await world.call<{ task: Task }>(account, 'GET', `/tasks/${taskId}`);
  const ledger: LedgerEntry[] = [];
  for (let cursor = ''; ; ) {
    const page: Page<LedgerEntry> = await world.call(account, 'GET', `/tasks/${taskId}/ledger?limit=100${cursor}`);
    ledger.push(...page.items);
    if (page.nextCursor === null) break;
    cursor = `&cursor=${page.nextCursor}`;
  }
  const artifacts = await Promise.all(
    task.artifacts
      .filter(({ size }) => size <= JUDGED_BYTES)
      .map(async ({ name }) => {
        const path = `/tasks/${taskId}/artifacts/content?name=${encodeURIComponent(name)}`;
        return { name, text: await world.text(account, path) };
      }),
  );
  return { task, ledger, before, after, artifacts };
}

async function figures(world: World, task: Task) {
  const [first] = await world.query(
    `select input_tokens::float8 as tokens from model_calls where task_id = $1 and outcome = 'ok' order by created_at limit 1`,
    [task.id],
  );
  return {
    taskId: task.id,
    status: task.status,
    error: task.error,
    calls: task.used.calls,
    inputTokens: task.inputTokens,
    outputTokens: task.outputTokens,
    firstRequestTokens: first === undefined ? null : Number(first['tokens']),
    costUsd: task.cost.llm,
    costSource: task.costSource,
    durationMs: Date.parse(task.completedAt ?? task.createdAt) - Date.parse(task.startedAt ?? task.createdAt),
  };
}

async function transcript(world: World, account: Account, taskId: string): Promise<string[]> {
  const path = `/tasks/${taskId}/events?past=true`;
  const lines = (await world.text(account, path)).split('\n').filter(Boolean);
  return lines
    .map((line) => JSON.parse(line) as TaskEvent)
    .filter(({ type }) => ['text', 'tool_call', 'tool_result', 'command', 'diagnostic'].includes(type))
    .slice(0, KEPT_EVENTS)
    .map((event) => JSON.stringify(event).slice(0, KEPT_LENGTH));
}
