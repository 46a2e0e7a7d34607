// All reports in short. Called by `obs summary`.
import { sql } from 'kysely';
import type { Db } from '../../../db/tables.ts';
import type { Summary } from '../../../protocol/obs.ts';
import { TaskStatus } from '../../../protocol/task.ts';
import { sumCosts, sumErrors, sumRequests, sumUsage } from './reports.ts';
import { taskRows, type Wanted } from './rows.ts';

const SHOWN = 5;

export type Sums = Omit<Summary, 'from' | 'to' | 'missingBefore'>;

/** All of it as of one moment. */
export function summarise(db: Db, wanted: Wanted): Promise<Sums> {
  return db
    .transaction()
    .setIsolationLevel('repeatable read')
    .setAccessMode('read only')
    .execute(async (tx) => {
      const top = { ...wanted, limit: SHOWN };
      const requests = await sumRequests(tx, 'command', top);
      const usage = (await sumUsage(tx, 'key', { ...wanted, limit: 1 })).totals;
      const costs = await sumCosts(tx, 'key', top);
      const errors = await sumErrors(tx, 'code', top);
      const { total, llm, compute } = costs.totals;
      return {
        requests: {
          total: requests.totals.requests,
          refused: requests.totals.refused,
          failed: requests.totals.failed,
        },
        tasks: await countTasks(tx, wanted),
        modelCalls: { total: usage.modelCalls, failed: errors.totals.modelCalls },
        tokens: {
          input: usage.inputTokens,
          output: usage.outputTokens,
          cached: usage.cachedTokens,
          reasoning: usage.reasoningTokens,
        },
        sandboxes: { vcpuSeconds: usage.vcpuSeconds, gbSeconds: usage.gbSeconds },
        cost: { total, llm, compute },
        busiestCommands: requests.items.map(({ group, requests: called, refused, failed }) => ({
          command: group,
          requests: called,
          refused,
          failed,
        })),
        dearestKeys: costs.items.map(({ group, name, total: cost, modelCalls }) => ({
          key: group,
          name: name ?? null,
          cost,
          modelCalls,
        })),
        commonestErrors: errors.items.map(({ group, errors: times, lastAt }) => ({
          code: group,
          errors: times,
          lastAt,
        })),
      };
    });
}

async function countTasks(db: Db, wanted: Wanted): Promise<Summary['tasks']> {
  const { rows } = await sql<{ status: TaskStatus; tasks: number }>`
    select status, count(*) as tasks from (${taskRows(wanted)}) as posted group by status`.execute(db);
  const count = (status: TaskStatus) => rows.find((row) => row.status === status)?.tasks ?? 0;
  const byStatus = Object.fromEntries(TaskStatus.options.map((status) => [status, count(status)])) as Record<
    TaskStatus,
    number
  >;
  return { total: rows.reduce((sum, row) => sum + row.tasks, 0), ...byStatus };
}
