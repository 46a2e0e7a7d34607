// Every limit a caller or a guest can meet, in one place; docs/limits.md is checked against it.
export const LIMITS = {
  /** Bytes of UTF-8 in an instruction. */
  instructionBytes: 32 * 1024,
  timeoutMinMs: 1_000,
  timeoutMaxMs: 600_000,
  timeoutDefaultMs: 300_000,
  /** Bytes of a REST request body. */
  bodyBytes: 256 * 1024,
  /** Bytes of an LLM request body: a long conversation is sent whole each time. */
  llmBodyBytes: 8 * 1024 * 1024,
  /** Seconds that `Prefer: wait=N` may hold an answer. */
  waitSeconds: 600,
  /** Items on a page. */
  pageSize: 100,
  pageSizeDefault: 20,
  /** Metadata of a task: bytes of its JSON. */
  metadataBytes: 8 * 1024,
  nameLength: 100,
  scopesPerRequest: 100,
  /** What can be set on one key. */
  cidrsPerKey: 50,
  modelsPerKey: 50,
  requestsPerMinuteMax: 100_000,
  concurrentTasksMax: 10_000,
  /** Bytes of one event's JSON; the guest cuts longer texts, the server refuses them. */
  eventBytes: 64 * 1024,
  /** Events of one task; later ones are dropped and the last says so. */
  eventsPerTask: 20_000,
  /** Bytes of the final answer and of the diagnostics; longer ones are cut in the middle. */
  stdoutBytes: 256 * 1024,
  stderrBytes: 64 * 1024,
  /** Live event streams of the tasks of one key. */
  eventStreamsPerKey: 50,
  /** What one guest may have open or send over its stream. */
  guest: {
    concurrentStreams: 32,
    headerBytes: 16 * 1024,
    bodyBytes: 8 * 1024 * 1024,
    answerBytes: 16 * 1024 * 1024,
  },
} as const;
