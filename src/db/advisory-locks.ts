// The numbers of the advisory locks in the database, in one place so that no two mean the same.
export const ADVISORY_LOCKS = {
  /** Held while the schema is made or migrated. */
  schema: 5_333_001,
  /** Held while the first account is made. */
  firstAccount: 5_333_002,
  /** Held while the audit log is pruned. */
  auditPrune: 5_333_004,
  /** Held while partitions are made and dropped. */
  partitions: 5_333_005,
  /** Held while sample rows of a pack are written. */
  packSamples: 5_333_006,
  /** Held while events are numbered and become deliveries. */
  webhookFanOut: 5_333_014,
  /** With the hash of an idempotency key: held while a command that is one transaction works for it. */
  idempotentRequest: 5_333_022,
} as const;
