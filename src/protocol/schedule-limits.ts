// The limits of schedules, apart from limits.ts: the CLI in a sandbox has all of that in it. docs/limits.md names
// them, too.
export const SCHEDULE_LIMITS = {
  /** Schedules of one account, characters of a cron pattern, and how much later than due a run may be made. */
  schedulesPerAccount: 2_000,
  cronLength: 200,
  scheduleJitterMs: 3_600_000,
  /** Runs of one schedule that are kept, and due times missed at once that have a run each. */
  runsPerSchedule: 1_000,
  missedRuns: 100,
  /** How late a run may start that came due while no server ran, and how long a refused one is tried again. */
  scheduleLateMs: 300_000,
  scheduleRetryMs: 900_000,
  /** Tasks of one account's schedules that may be unfinished at a time; more wait. */
  scheduledTasksPerAccount: 100,
} as const;
