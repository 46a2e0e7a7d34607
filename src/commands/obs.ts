// What the account's keys and tasks did and cost.
import { z } from 'zod';
import { PastTime } from '../protocol/duration.ts';
import { CostBy, CostGroup, RequestGroup, RequestsBy } from '../protocol/obs.ts';
import { defineCommand } from './define-command.ts';

const range = {
  since: PastTime.optional().describe('From then on: 12h, 30d, or an ISO-8601 time; omitted: 30 days'),
  until: PastTime.optional().describe('Before then; omitted: now'),
  month: z
    .string()
    .regex(/^20\d\d-(0[1-9]|1[0-2])$/, 'a month is written 2026-11')
    .optional()
    .describe('Instead: a month in UTC'),
};

function report<Item extends z.ZodType>(item: Item, unit: string) {
  return z.object({
    items: z.array(item),
    nextCursor: z.null(),
    from: z.iso.datetime(),
    to: z.iso.datetime().describe('Not included'),
    total: z.number().describe(`${unit}, of all groups`),
    cut: z.int().describe('Groups beyond the 1,000 that are given'),
  });
}

export const obsCosts = defineCommand({
  name: 'obs costs',
  summary: 'Sum up what model calls and sandboxes cost, by key, model, day or task',
  http: 'GET /obs/costs',
  scope: 'obs:read',
  effect: 'read',
  input: z.object({ by: CostBy.default('key').describe('What to sum up by'), ...range }),
  output: report(CostGroup, 'US dollars'),
  columns: ['group', 'name', 'total', 'llm', 'compute', 'modelCalls', 'inputTokens', 'outputTokens'],
  examples: ['seed obs costs', 'seed obs costs --by day --since 7d', 'seed obs costs --month 2026-11 --json'],
  run: ({ by, ...asked }, ctx) => ctx.obs.costs(by, asked),
});

export const obsRequests = defineCommand({
  name: 'obs requests',
  summary: 'Count the calls of commands, with errors and durations, by key, command, day or task',
  http: 'GET /obs/requests',
  scope: 'obs:read',
  effect: 'read',
  input: z.object({ by: RequestsBy.default('command').describe('What to count by'), ...range }),
  output: report(RequestGroup, 'Calls'),
  columns: ['group', 'name', 'requests', 'refused', 'failed', 'medianMs', 'p95Ms'],
  examples: ['seed obs requests', 'seed obs requests --by key --since 24h'],
  run: ({ by, ...asked }, ctx) => ctx.obs.requests(by, asked),
});
