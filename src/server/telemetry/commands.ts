// What the account's keys and tasks did, used and cost, and what failed.
import { z } from 'zod';
import { defineCommand } from '../../command/define-command.ts';
import { LIMITS } from '../../protocol/limits.ts';
import {
  CostReport,
  CostsBy,
  ErrorReport,
  ErrorsBy,
  ReportFilter,
  RequestReport,
  RequestsBy,
  Summary,
  UsageBy,
  UsageReport,
} from '../../protocol/obs.ts';
import { type ReportNeeds, reportOn } from './report-on.ts';
import { sumCosts, sumErrors, summarise, sumRequests, sumUsage } from './reports/reports.ts';

const groups = {
  ...ReportFilter.shape,
  limit: z
    .int()
    .min(1)
    .max(LIMITS.reportGroups)
    .default(LIMITS.reportGroups)
    .describe(`Groups at most, 1 to ${LIMITS.reportGroups}`),
};

const READS = { scope: 'obs:read', effect: 'read' } as const;

/** The group, and each of its measures. */
function columnsOf(report: z.ZodObject<{ totals: z.ZodObject }>): string[] {
  return ['group', 'name', ...Object.keys(report.shape.totals.shape)];
}

export const obsSummary = defineCommand({
  name: 'obs summary',
  summary: 'Show on one screen what was called, used and spent, and what failed',
  http: 'GET /obs/summary',
  ...READS,
  input: ReportFilter,
  output: Summary,
  examples: ['seed obs summary', 'seed obs summary --since 24h', 'seed obs summary --month 2026-11'],
  run: (asked, call, needs: ReportNeeds) => reportOn(call, asked, needs, summarise),
});

export const obsRequests = defineCommand({
  name: 'obs requests',
  summary: 'Count the calls of commands, with errors and durations, by key, command, day or task',
  http: 'GET /obs/requests',
  ...READS,
  input: z.object({
    by: RequestsBy.default('command').describe('What to count by'),
    daily: z
      .boolean()
      .default(false)
      .describe(`Also the requests of each UTC day in each group; at most ${LIMITS.reportDays} days`),
    ...groups,
  }),
  output: RequestReport,
  columns: columnsOf(RequestReport),
  examples: ['seed obs requests', 'seed obs requests --by key --since 24h'],
  run: ({ by, daily, ...asked }, call, needs: ReportNeeds) =>
    reportOn(call, asked, needs, (db, wanted) => sumRequests(db, by, { ...wanted, daily })),
});

export const obsUsage = defineCommand({
  name: 'obs usage',
  summary: 'Sum up tasks, model calls, tokens and sandbox seconds, by key, model, day or task',
  http: 'GET /obs/usage',
  ...READS,
  input: z.object({ by: UsageBy.default('key').describe('What to sum up by'), ...groups }),
  output: UsageReport,
  columns: columnsOf(UsageReport),
  examples: ['seed obs usage', 'seed obs usage --by model --month 2026-11', 'seed obs usage --by day --csv'],
  run: ({ by, ...asked }, call, needs: ReportNeeds) =>
    reportOn(call, asked, needs, (db, wanted) => sumUsage(db, by, wanted)),
});

export const obsCosts = defineCommand({
  name: 'obs costs',
  summary: 'Sum up what model calls and sandboxes cost, by key, model, day or task',
  http: 'GET /obs/costs',
  ...READS,
  input: z.object({ by: CostsBy.default('key').describe('What to sum up by'), ...groups }),
  output: CostReport,
  columns: columnsOf(CostReport),
  examples: ['seed obs costs', 'seed obs costs --by day --since 7d', 'seed obs costs --month 2026-11 --csv'],
  run: ({ by, ...asked }, call, needs: ReportNeeds) =>
    reportOn(call, asked, needs, (db, wanted) => sumCosts(db, by, wanted)),
});

export const obsErrors = defineCommand({
  name: 'obs errors',
  summary:
    'Count what failed: calls of commands, calls of models, tasks; by code, command, model, key, day or task',
  http: 'GET /obs/errors',
  ...READS,
  input: z.object({ by: ErrorsBy.default('code').describe('What to count by'), ...groups }),
  output: ErrorReport,
  columns: columnsOf(ErrorReport),
  examples: ['seed obs errors', 'seed obs errors --by key --since 24h', 'seed obs errors --by command'],
  run: ({ by, ...asked }, call, needs: ReportNeeds) =>
    reportOn(call, asked, needs, (db, wanted) => sumErrors(db, by, wanted)),
});
