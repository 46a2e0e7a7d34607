// The limits of batches, apart from limits.ts: the CLI in a sandbox has all of that in it. docs/limits.md names
// them, too.
export const BATCH_LIMITS = {
  /** Rows of one batch, the columns of all together, and bytes of one row's JSON. */
  batchRows: 10_000,
  batchColumns: 200,
  batchRowBytes: 64 * 1024,
  /** Tasks of one batch that may be unfinished at a time, and how many unless it is said. */
  batchConcurrency: 50,
  batchConcurrencyDefault: 5,
  /** Batches of one account that may go on at a time. */
  batchesPerAccount: 100,
  /** Tasks that wait for a runner at a time: of one batch, and of all batches of an account. */
  batchQueued: 4,
  batchQueuedPerAccount: 8,
  /** Rows in a row that cannot be started before their batch is paused. */
  batchRefusals: 10,
  /** Attempts of one row. */
  batchAttempts: 20,
  /** Findings that the refusal of a batch names. */
  batchFindings: 20,
} as const;
