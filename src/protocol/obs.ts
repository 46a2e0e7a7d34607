// What was called, what it used, what it cost and what failed, summed up for people who run a platform.
import { z } from 'zod';
import { TaskStatus } from './task.ts';
import { PastTime } from './time.ts';

const Count = z.int().nonnegative();
const Usd = z.number().nonnegative().describe('US dollars');
const Seconds = z.number().nonnegative();
const Milliseconds = z.int().nonnegative();

/** What a report is about. */
export const ReportFilter = z.object({
  since: PastTime.optional().describe('From then on: 12h, 30d, 2026-11-24 or an ISO-8601 time; omitted: 30 days'),
  until: PastTime.meta({ examples: ['1h', '0m'] })
    .optional()
    .describe('Before then; omitted: now'),
  month: z
    .string()
    .regex(/^20\d\d-(0[1-9]|1[0-2])$/, 'a month is written 2026-11')
    .optional()
    .describe('Instead: a month in UTC, such as 2026-11'),
  keyId: z.uuid().optional().describe('Only what counts for this key, its tasks included'),
});
export type ReportFilter = z.infer<typeof ReportFilter>;

const range = {
  from: z.iso.datetime(),
  to: z.iso.datetime().describe('Not included'),
  missingBefore: z.iso
    .datetime()
    .nullable()
    .describe('Set when the range begins before that: rows older than it may be deleted already'),
};

function reportOf<Measures extends z.ZodRawShape, More extends z.ZodRawShape = Record<never, never>>(
  id: string,
  measures: Measures,
  more?: More,
) {
  const group = {
    group: z.string().describe('Id of the key or task, name of the model or command, error code, or day in UTC'),
    name: z.string().optional().describe('Of a key: its name'),
  };
  return z.object({
    items: z.array(z.object({ ...group, ...measures, ...(more as More) }).meta({ id: `${id}Group` })),
    nextCursor: z.null(),
    ...range,
    totals: z
      .object(measures)
      .meta({ id: `${id}Totals` })
      .describe('Of all groups'),
    cut: Count.describe('Groups beyond those that are given'),
  });
}

export const RequestsBy = z.enum(['key', 'command', 'day', 'task']);
export type RequestsBy = z.infer<typeof RequestsBy>;
const DailyRequests = z
  .array(Count)
  .optional()
  .describe('The requests of each UTC day, from that of `from` to that of `to`, where they were asked for');
export const RequestReport = reportOf(
  'Request',
  {
    requests: Count,
    refused: Count.describe('401, 403 and 429'),
    failed: Count.describe('Other errors'),
    medianMs: Milliseconds,
    p95Ms: Milliseconds,
  },
  { daily: DailyRequests },
);
export type RequestReport = z.infer<typeof RequestReport>;

export const UsageBy = z.enum(['key', 'model', 'day', 'task']);
export type UsageBy = z.infer<typeof UsageBy>;
export const UsageReport = reportOf('Usage', {
  tasks: Count.describe('Posted in the range'),
  modelCalls: Count,
  inputTokens: Count,
  outputTokens: Count,
  cachedTokens: Count.describe('Part of inputTokens'),
  reasoningTokens: Count.describe('Part of outputTokens'),
  vcpuSeconds: Seconds,
  gbSeconds: Seconds,
});
export type UsageReport = z.infer<typeof UsageReport>;

export const CostsBy = z.enum(['key', 'model', 'day', 'task']);
export type CostsBy = z.infer<typeof CostsBy>;
export const CostReport = reportOf('Cost', {
  total: Usd,
  llm: Usd,
  compute: Usd,
  modelCalls: Count,
  estimated: Count.describe('Model calls whose tokens the upstream did not tell: they are estimated'),
  unpriced: Count.describe('Model calls that no price is known of: they count as nothing'),
  inputTokens: Count,
  outputTokens: Count,
  vcpuSeconds: Seconds,
});
export type CostReport = z.infer<typeof CostReport>;

export const ErrorsBy = z.enum(['code', 'command', 'model', 'key', 'day', 'task']);
export type ErrorsBy = z.infer<typeof ErrorsBy>;
export const ErrorReport = reportOf('Error', {
  errors: Count,
  refused: Count.describe('Calls of commands: 401, 403 and 429'),
  failed: Count.describe('Calls of commands: other errors'),
  modelCalls: Count.describe('Calls of models that failed'),
  tasks: Count.describe('Tasks posted in the range that failed or ran out of time'),
  lastAt: z.iso.datetime().nullable().describe('Null: never'),
});
export type ErrorReport = z.infer<typeof ErrorReport>;

const ofEachStatus = Object.fromEntries(TaskStatus.options.map((status) => [status, Count])) as Record<
  TaskStatus,
  typeof Count
>;

export const Summary = z
  .object({
    ...range,
    requests: z.object({ total: Count, refused: Count, failed: Count }),
    tasks: z
      .object({ total: Count, ...ofEachStatus })
      .describe('Posted in the range, by the status they have now'),
    modelCalls: z.object({ total: Count, failed: Count }),
    tokens: z.object({ input: Count, output: Count, cached: Count, reasoning: Count }),
    sandboxes: z.object({ vcpuSeconds: Seconds, gbSeconds: Seconds }),
    cost: z.object({ total: Usd, llm: Usd, compute: Usd }),
    busiestCommands: z.array(z.object({ command: z.string(), requests: Count, refused: Count, failed: Count })),
    dearestKeys: z.array(z.object({ key: z.uuid(), name: z.string().nullable(), cost: Usd, modelCalls: Count })),
    commonestErrors: z.array(z.object({ code: z.string(), errors: Count, lastAt: z.iso.datetime().nullable() })),
  })
  .meta({ id: 'Summary' });
export type Summary = z.infer<typeof Summary>;
