// What a part of `npm run conformance` is: others' tool or suite, held against a running Seed.

/** A Seed that a part may call as it likes: no runner leases its tasks, nothing of it is kept. */
export interface ConformanceSeed {
  url: string;
  /** Of the operator's account. */
  adminKey: string;
  /** With which a part may be the runner. */
  runnerToken: string;
}

export interface ConformanceOutcome {
  passed: number;
  failed: number;
  /** Lines for whoever reads what it found. */
  notes: readonly string[];
}

export interface ConformancePart {
  /** One word of the command line. */
  name: string;
  /** What it holds against what, in a line. */
  what: string;
  /** Whether it is a test file, which `npm test` runs by itself: not done quickly. */
  isTest?: boolean;
  /** Why it cannot be run here, such as that there is no Python; null: it can. */
  why(): string | null | Promise<string | null>;
  /** @param options.quick what is done within about 20 seconds, for `npm test` */
  run(seed: ConformanceSeed, options: { quick: boolean }): Promise<ConformanceOutcome>;
}
