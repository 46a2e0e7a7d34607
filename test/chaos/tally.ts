// What became of the tasks of one run of a fault, counted from outside: database, sandboxes, webhooks.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { groupName } from '../../src/drivers/process/guard.ts';
import { sandboxProcesses } from '../../src/drivers/process/sandbox-folder.ts';
import { findCgroupHierarchies } from '../../src/lib/cgroup.ts';
import type { Stack } from './stack.ts';

export interface Tally {
  accepted: number;
  terminal: number;
  /** Tasks that did not complete, by their error's code or else their status. */
  ended: Record<string, number>;
  /**
   * Tasks beyond one of each key, rows beyond one of each step and calls in the ledger that made it, terminal events
   * and webhooks beyond one of each task.
   */
  twice: number;
  liveKeys: number;
  /** Rows that a task wrote and its ledger does not name. */
  unrecorded: number;
  /** Steps of completed tasks that wrote nothing. */
  stepsLost: number;
  /** Calls of models that still hold tokens and money. */
  held: number;
  webhooksMissing: number;
  /** What is worth a look when a figure is not as it must be. */
  remarks: string[];
}

const REMARK_LENGTH = 400;
const TERMINAL = ['completed', 'failed', 'timed_out', 'stopped'];

interface TaskRow {
  id: string;
  status: string;
  code: string | null;
  message: string | null;
  stdout: string | null;
  mark: string;
  endings: number;
  live_keys: number;
  held: number;
}

interface EffectRow {
  subject: string;
  times: number;
  unrecorded: number;
  recorded: number;
}

/** @param steps of each task */
export async function tally(
  { rows, common }: Pick<Stack, 'rows' | 'common'>,
  run: string,
  steps: number,
): Promise<Tally> {
  const tasks = (await rows(
    `select id, status, error->>'code' as code, error->>'message' as message, stdout, metadata->>'mark' as mark,
      (select count(*)::int from events where task_id = tasks.id and body->>'type' = 'status'
        and body->>'status' = any($2)) as endings,
      (select count(*)::int from keys where task_id = tasks.id and revoked_at is null) as live_keys,
      (select count(*)::int from reservations where task_id = tasks.id) as held
    from tasks where metadata->>'run' = $1`,
    [run, TERMINAL],
  )) as unknown as TaskRow[];
  const effects = (await rows(
    `select subject, count(*)::int as times, (count(*) filter (where not exists (
        select from calls where calls.task_id = emails.task_id and command = 'emails draft'
          and arguments->>'subject' = emails.subject)))::int as unrecorded,
      (select count(*)::int from calls where command = 'emails draft' and status < 300
        and arguments->>'subject' = emails.subject) as recorded
    from pack_crm.emails where starts_with(subject, $1) group by subject`,
    [`${run}-`],
  )) as unknown as EffectRow[];
  const webhooks = webhooksByTask(common.receiver.received);
  const ids = (task: TaskRow) => webhooks.get(task.id)?.size ?? 0;
  const terminal = tasks.filter(({ status }) => TERMINAL.includes(status));
  const written = new Set(effects.map(({ subject }) => subject));
  const lost = terminal
    .filter(({ status }) => status === 'completed')
    .map((task) => ({
      task,
      missing: numbers(steps).filter((step) => !written.has(`${task.mark}/${step}`)),
    }))
    .filter(({ missing }) => missing.length > 0);
  const beyondOne = (count: number) => Math.max(0, count - 1);
  return {
    accepted: tasks.length,
    terminal: terminal.length,
    ended: countBy(terminal.filter(({ status }) => status !== 'completed').map(reason)),
    twice:
      tasks.length -
      new Set(tasks.map(({ mark }) => mark)).size +
      sum(effects.map(({ times, recorded }) => beyondOne(times) + beyondOne(recorded))) +
      sum(tasks.map((task) => beyondOne(task.endings) + beyondOne(ids(task)))),
    liveKeys: sum(terminal.map(({ live_keys }) => live_keys)),
    unrecorded: sum(effects.map(({ unrecorded }) => unrecorded)),
    stepsLost: sum(lost.map(({ missing }) => missing.length)),
    held: sum(terminal.map(({ held }) => held)),
    webhooksMissing: terminal.filter((task) => ids(task) === 0).length,
    remarks: [
      ...terminal
        .filter(({ status }) => status !== 'completed')
        .map((task) => `${task.mark} ${reason(task)}: ${task.message ?? ''}`),
      ...lost.map(({ task, missing }) => `${task.mark} lacks step ${missing.join(', ')}: ${task.stdout ?? ''}`),
      ...tasks
        .filter(({ status }) => !TERMINAL.includes(status))
        .map(({ mark, status }) => `${mark} is still ${status}`),
      ...effects.filter(({ times }) => times > 1).map(({ subject, times }) => `${subject} came ${times} times`),
      ...effects
        .filter(({ recorded }) => recorded > 1)
        .map(({ subject, recorded }) => `${subject} stands ${recorded} times in the ledger`),
    ].map(onOneLine),
  };
}

/** Sandboxes of which something is left: the folder, processes, or a control group. */
export async function orphans({ sandboxes, rows, runners }: Stack, run: string): Promise<number> {
  const left = new Set(await sandboxes());
  const hierarchies = await findCgroupHierarchies();
  for (const { id } of await rows(`select id from tasks where metadata->>'run' = $1`, [run])) {
    for (const { dataDir } of runners) {
      const folder = join(dataDir, 'gvisor/sandboxes', String(id));
      const group = hierarchies && join(hierarchies.memory, groupName(folder));
      if ((group && existsSync(group)) || (await sandboxProcesses(folder)).length > 0) left.add(folder);
    }
  }
  return left.size;
}

function webhooksByTask(received: Stack['common']['receiver']['received']): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>();
  for (const { headers, body } of received) {
    const task = String(body.data['taskId']);
    found.set(task, (found.get(task) ?? new Set()).add(headers['webhook-id'] ?? ''));
  }
  return found;
}

function reason({ code, status }: TaskRow): string {
  return code ?? status;
}

function countBy(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function numbers(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index + 1);
}

function onOneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim().slice(0, REMARK_LENGTH);
}
