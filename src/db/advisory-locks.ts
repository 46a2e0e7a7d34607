// The numbers of the advisory locks, in one place so that no two mean the same. Each is held while that is done.
export const ADVISORY_LOCKS = {
  schema: 5_333_001,
  firstAccount: 5_333_002,
  auditPrune: 5_333_004,
  partitions: 5_333_005,
  packSamples: 5_333_006,
  /** Held while events are numbered and become deliveries. */
  webhookFanOut: 5_333_014,
  /** With the hash of an idempotency key: held while a command that is one transaction works for it. */
  idempotentRequest: 5_333_022,
  /** With the hash of a task and a call: held while one of its identical writes is admitted. */
  identicalWrites: 5_333_023,
  /** With the hash of an identity: held while its row is made. */
  newIdentity: 5_333_024,
  /** Held while a task is taken for which the server starts a sandbox itself. */
  doorSlots: 5_333_025,
  /** Held while runs of schedules are claimed. */
  scheduledStarts: 5_333_026,
  /** With the hash of their name: held while a slot of those that all processes share is taken. */
  sharedSlots: 5_333_027,
  /** With the hash of an account: held while one of its uploads is announced. */
  uploads: 5_333_028,
} as const;
