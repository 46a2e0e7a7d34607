// Schedules as callers see them, what one is made with, and what became of each time that it was due.
import { z } from 'zod';
import { keptText } from './kept-text.ts';
import { LIMITS } from './limits.ts';
import { oneOfFields } from './one-of-fields.ts';
import { pageInput } from './page.ts';
import { SCHEDULE_LIMITS } from './schedule-limits.ts';
import { RunTaskBody } from './task.ts';
import { Moment } from './time.ts';

/** What a scheduled task is posted with. Files and credentials would have to lie in the database until then. */
export const ScheduledTask = RunTaskBody.omit({ files: true, uploads: true, credentials: true })
  .strict()
  .meta({ id: 'ScheduledTask' });
export type ScheduledTask = z.output<typeof ScheduledTask>;

const SPAN = /^(0|[1-9]\d{0,4})([smh])$/;
const UNIT_MS: Record<string, number> = { s: 1_000, m: 60_000, h: 3_600_000 };

/** Milliseconds of a jitter such as 90s, 10m or 1h; null when the text is none, or longer than an hour. */
export function jitterMs(text: string): number | null {
  const [, amount, unit] = SPAN.exec(text) ?? [];
  if (amount === undefined || unit === undefined) return null;
  const ms = Number(amount) * (UNIT_MS[unit] ?? 0);
  return ms <= SCHEDULE_LIMITS.scheduleJitterMs ? ms : null;
}

const Jitter = z
  .string()
  .max(10)
  .refine((text) => jitterMs(text) !== null, 'jitter is written 30s, 10m or 1h, at most 1h')
  .meta({ examples: ['10m'] });

const name = keptText.trim().min(1).max(LIMITS.nameLength);

/** What a schedule is made with and what can be changed of it. */
export const ScheduleSettings = z.object({
  name: name.describe('What it is called; no two of an account are called the same'),
  cron: z
    .string()
    .min(1)
    .max(SCHEDULE_LIMITS.cronLength)
    .meta({ examples: ['0 7 * * MON-FRI'] })
    .describe(
      'When, in five fields: minute, hour, day of month, month, day of week; or @hourly, @daily and so on',
    ),
  runAt: Moment.meta({ examples: ['2099-01-01T09:00:00Z'] }).describe('Instead of cron: once, at this time'),
  timezone: z
    .string()
    .min(1)
    .max(100)
    .meta({ examples: ['Europe/Berlin'] })
    .describe('The IANA time zone that cron is meant in'),
  task: ScheduledTask.meta({ examples: [{ instruction: 'List our keys', scopes: ['keys:read'] }] }).describe(
    'The task that it starts: what `tasks run` takes, without files and credentials',
  ),
  command: z
    .string()
    .min(1)
    .max(LIMITS.nameLength)
    .meta({ examples: ['obs costs'] })
    .describe('Instead of task: the command that it calls, such as "loans remind"'),
  input: z
    .record(z.string(), z.unknown())
    .meta({ examples: [{}] })
    .describe('What that command is called with'),
  overlap: z
    .enum(['skip', 'queue', 'stop'])
    .describe('When the run before is not over: leave it out, start it when that ends, or stop that one'),
  catchUp: z
    .enum(['none', 'last'])
    .describe('Of what came due while no server ran for longer: nothing, or the last one'),
  jitter: Jitter.describe('Each run starts up to so much later: 30s, 10m, 1h'),
  maxFailures: z
    .number()
    .int()
    .min(0)
    .max(1_000)
    .describe('After so many failed runs in a row it is paused; 0: never'),
});
export type ScheduleSettings = z.output<typeof ScheduleSettings>;

const { shape } = ScheduleSettings;
export const ScheduleCreation = ScheduleSettings.partial()
  .extend({
    name: shape.name,
    timezone: shape.timezone.default('UTC'),
    overlap: shape.overlap.default('skip'),
    catchUp: shape.catchUp.default('none'),
    jitter: shape.jitter.default('0s'),
    maxFailures: shape.maxFailures.default(5),
  })
  .meta(oneOfFields('task', 'command'));
export type ScheduleCreation = z.output<typeof ScheduleCreation>;

/** What is undefined stays as it is. */
export const ScheduleChanges = ScheduleSettings.partial();
export type ScheduleChanges = z.output<typeof ScheduleChanges>;

/** `ended`: it was to run once, and has. */
export const ScheduleStatus = z.enum(['active', 'paused', 'ended']);
export type ScheduleStatus = z.infer<typeof ScheduleStatus>;

/** `due`, `waiting` and `starting` go on; `started`: its task has not ended. `unknown`: it was cut off. */
export const RunStatus = z.enum([
  'due',
  'waiting',
  'starting',
  'started',
  'succeeded',
  'failed',
  'stopped',
  'skipped',
  'unknown',
]);
export type RunStatus = z.infer<typeof RunStatus>;

export const ScheduleReason = z.object({ code: z.string(), message: z.string() });
export type ScheduleReason = z.infer<typeof ScheduleReason>;

const Time = z.iso.datetime();

export const ScheduleRun = z
  .object({
    id: z.uuid(),
    scheduledFor: Time.describe('The time that it was due'),
    through: Time.nullable().describe('Of a skip that stands for all due times up to this one; otherwise null'),
    manual: z.boolean().describe('Whether somebody asked for it'),
    status: RunStatus,
    taskId: z.uuid().nullable().describe('The task that it started'),
    reason: ScheduleReason.nullable().describe('Why it was skipped, waits or failed'),
    startedAt: Time.nullable(),
    completedAt: Time.nullable(),
  })
  .meta({ id: 'ScheduleRun' });
export type ScheduleRun = z.infer<typeof ScheduleRun>;

export const Schedule = z
  .object({
    id: z.uuid(),
    name: z.string(),
    status: ScheduleStatus,
    pauseReason: ScheduleReason.nullable(),
    cron: z.string().nullable(),
    runAt: Time.nullable(),
    timezone: z.string(),
    task: z.record(z.string(), z.unknown()).nullable().describe('What its task is posted with'),
    command: z.string().nullable(),
    input: z.record(z.string(), z.unknown()).nullable(),
    overlap: shape.overlap,
    catchUp: shape.catchUp,
    jitter: z.string(),
    maxFailures: z.number().int(),
    failures: z.number().int().describe('Failed runs since the last one that succeeded'),
    keyId: z.uuid().describe('The key whose authority its runs have: the one that last said what it does'),
    upcoming: z.array(Time).describe('The next due times, at most five; none when it is paused'),
    lastRun: ScheduleRun.nullable(),
    createdAt: Time,
    updatedAt: Time,
  })
  .meta({ id: 'Schedule' });
export type Schedule = z.infer<typeof Schedule>;

export const ScheduleFilter = z.object({
  status: ScheduleStatus.optional().describe('Only schedules of this status'),
  ...pageInput,
});
export type ScheduleFilter = z.infer<typeof ScheduleFilter>;

/** What a pack says of a command that starts by the clock: a pattern in UTC, or in a zone. */
export type DeclaredSchedule = string | { cron: string; timezone: string };
