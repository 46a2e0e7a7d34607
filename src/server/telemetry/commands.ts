// What the account's keys and tasks did, used and cost, and what failed.
import { z } from 'zod';
import { defineCommand } from '../../command/define-command.ts';
import { LIMITS } from '../../protocol/limits.ts';
import {
  CostReport,
  CostsBy,
  ErrorReport,
  ErrorsBy,
  RequestReport,
  RequestsBy,
  Summary,
  UsageBy,
  UsageReport,
} from '../../protocol/obs.ts';
import { PastTime } from '../../protocol/time.ts';

const about = {
  since: PastTime.optional().describe(
    'From then on: 12h, 30d, 2026-11-24 or an ISO-8601 time; omitted: 30 days',
  ),
  until: PastTime.optional().describe('Before then; omitted: now'),
  month: z
    .string()
    .regex(/^20\d\d-(0[1-9]|1[0-2])$/, 'a month is written 2026-11')
    .optional()
    .describe('Instead: a month in UTC, such as 2026-11'),
  keyId: z.uuid().optional().describe('Only what counts for this key, its tasks included'),
};
const groups = {
  ...about,
  limit: z
    .int()
    .min(1)
    .max(LIMITS.reportGroups)
    .default(LIMITS.reportGroups)
    .describe(`Groups at most, 1 to ${LIMITS.reportGroups}`),
};

export const obsSummary = defineCommand({
  name: 'obs summary',
  summary: 'Show on one screen what was called, used and spent, and what failed',
  http: 'GET /obs/summary',
  scope: 'obs:read',
  effect: 'read',
  input: z.object(about),
  output: Summary,
  examples: ['seed obs summary', 'seed obs summary --since 24h', 'seed obs summary --month 2026-11'],
  run: (asked, ctx) => ctx.obs.summary(asked),
});

export const obsRequests = defineCommand({
  name: 'obs requests',
  summary: 'Count the calls of commands, with errors and durations, by key, command, day or task',
  http: 'GET /obs/requests',
  scope: 'obs:read',
  effect: 'read',
  input: z.object({
    by: RequestsBy.default('command').describe('What to count by'),
    daily: z
      .boolean()
      .default(false)
      .describe(`Also the requests of each UTC day in each group; at most ${LIMITS.reportDays} days`),
    ...groups,
  }),
  output: RequestReport,
  columns: ['group', 'name', 'requests', 'refused', 'failed', 'medianMs', 'p95Ms'],
  examples: ['seed obs requests', 'seed obs requests --by key --since 24h'],
  run: ({ by, daily, ...asked }, ctx) => ctx.obs.requests(by, daily, asked),
});

export const obsUsage = defineCommand({
  name: 'obs usage',
  summary: 'Sum up tasks, model calls, tokens and sandbox seconds, by key, model, day or task',
  http: 'GET /obs/usage',
  scope: 'obs:read',
  effect: 'read',
  input: z.object({ by: UsageBy.default('key').describe('What to sum up by'), ...groups }),
  output: UsageReport,
  columns: [
    'group',
    'name',
    'tasks',
    'modelCalls',
    'inputTokens',
    'outputTokens',
    'cachedTokens',
    'reasoningTokens',
    'vcpuSeconds',
    'gbSeconds',
  ],
  examples: ['seed obs usage', 'seed obs usage --by model --month 2026-11', 'seed obs usage --by day --csv'],
  run: ({ by, ...asked }, ctx) => ctx.obs.usage(by, asked),
});

export const obsCosts = defineCommand({
  name: 'obs costs',
  summary: 'Sum up what model calls and sandboxes cost, by key, model, day or task',
  http: 'GET /obs/costs',
  scope: 'obs:read',
  effect: 'read',
  input: z.object({ by: CostsBy.default('key').describe('What to sum up by'), ...groups }),
  output: CostReport,
  columns: [
    'group',
    'name',
    'total',
    'llm',
    'compute',
    'modelCalls',
    'estimated',
    'unpriced',
    'inputTokens',
    'outputTokens',
    'vcpuSeconds',
  ],
  examples: ['seed obs costs', 'seed obs costs --by day --since 7d', 'seed obs costs --month 2026-11 --csv'],
  run: ({ by, ...asked }, ctx) => ctx.obs.costs(by, asked),
});

export const obsErrors = defineCommand({
  name: 'obs errors',
  summary:
    'Count what failed: calls of commands, calls of models, tasks; by code, command, model, key, day or task',
  http: 'GET /obs/errors',
  scope: 'obs:read',
  effect: 'read',
  input: z.object({ by: ErrorsBy.default('code').describe('What to count by'), ...groups }),
  output: ErrorReport,
  columns: ['group', 'name', 'errors', 'refused', 'failed', 'modelCalls', 'tasks', 'lastAt'],
  examples: ['seed obs errors', 'seed obs errors --by key --since 24h', 'seed obs errors --by command'],
  run: ({ by, ...asked }, ctx) => ctx.obs.errors(by, asked),
});
