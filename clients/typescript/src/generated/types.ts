// Made from the commands by `npm run client`; do not change it by hand.

export type ErrorCode =
  | "invalid_json"
  | "invalid_input"
  | "unknown_scope"
  | "unknown_model"
  | "unpriced_model"
  | "field_not_allowed"
  | "invalid_schema"
  | "context_too_long"
  | "llm_refused"
  | "not_authenticated"
  | "invalid_key"
  | "invalid_token"
  | "token_expired"
  | "key_expired"
  | "key_revoked"
  | "key_disabled"
  | "key_rotated"
  | "budget_exceeded"
  | "address_not_allowed"
  | "missing_scope"
  | "credential_missing"
  | "operator_only"
  | "limit_exceeded"
  | "approval_denied"
  | "approval_expired"
  | "loop_detected"
  | "not_allowed"
  | "unknown_account"
  | "origin_not_allowed"
  | "cross_site_request"
  | "model_not_allowed"
  | "too_deep"
  | "not_found"
  | "method_not_allowed"
  | "conflict"
  | "confirmation_needed"
  | "lease_lost"
  | "conversation_busy"
  | "not_ended"
  | "still_needed"
  | "held"
  | "version_mismatch"
  | "idempotency_mismatch"
  | "idempotency_in_progress"
  | "outcome_unknown"
  | "approval_stale"
  | "approval_decided"
  | "conversation_forgotten"
  | "forgotten"
  | "body_too_large"
  | "unsupported_media_type"
  | "too_many_requests"
  | "rate_limited"
  | "too_many_tasks"
  | "spend_limit_reached"
  | "internal"
  | "llm_unavailable"
  | "platform_unavailable"
  | "no_usable_driver"
  | "unavailable"
  | "storage_full"
  | "invalid_settings"
  | "setup_failed"
  | "sandbox_failed"
  | "not_supported"
  | "unreachable"
  | "usage";
export type Account = {
  id: string;
  name: string;
  /** May create and list accounts */
  operator: boolean;
  createdAt: string;
  /** Models of its tasks where neither they nor their key name one, in the order in which they are asked; null: those of the server */
  models: string[] | null;
  /** Since then it is being deleted, and none of its keys works */
  deletingSince: string | null;
};
export type AccountBill = {
  /** In UTC: 2026-11 */
  month: string;
  modelCalls: number;
  inputTokens: number;
  outputTokens: number;
  cost: {
    compute: number;
    llm: number;
    total: number;
    currency: "USD";
  };
};
export type AccountDeletion = {
  accountId: string;
  status: "deleting" | "done";
  requestedAt: string;
  /** The operator's key that asked for it */
  requestedBy: string;
  completedAt: string | null;
  /** Rows that are gone until now */
  rows: number;
  /** Files and archives that are gone until now */
  blobs: number;
  /** What of its bill is gone until now: the sums stay, the oldest month first */
  bill: AccountBill[];
};
export type AccountExport = {
  id: string;
  accountId: string;
  /** The key that asked for it */
  keyId: string;
  status: "running" | "ready" | "failed";
  /** The moment whose data it is, all of it */
  asOf: string | null;
  /** What is in it until now, by folder of the archive */
  counts: Record<string, number>;
  /** Bytes of the archive until now */
  size: number;
  /** One after the other they are the archive */
  parts: {
    number: number;
    size: number;
    sha256: string;
  }[];
  error: {
    code: string;
    message: string;
  } | null;
  requestedAt: string;
  completedAt: string | null;
  /** When the archive goes */
  expiresAt: string | null;
};
export type Approval = {
  id: string;
  kind: "command" | "budget";
  state: "pending" | "approved" | "denied" | "expired" | "cancelled" | "stale";
  /** The task whose agent asks; null: a call outside tasks */
  task: string | null;
  /** The key that asks */
  keyId: string;
  command: string | null;
  effect: "read" | "write" | "destructive" | null;
  scope: string | null;
  /** What the command would be called with, without secrets, hidden characters written out; of a budget: null */
  input: unknown;
  /** JSON of it to show to a person: every digit, and hidden characters escaped as JSON does */
  inputJson: string | null;
  /** SHA-256 of the whole input, hexadecimal */
  inputHash: string | null;
  /** Of kind budget: a task's budget, or a spend limit of a key until its UTC day or month is over */
  budget: {
    current: number;
    requested: number;
    unit: string;
  } | null;
  /** What would happen, in the server's words */
  summary: string;
  /** Which limit or setting asks */
  reason: string;
  /** Whether it is refused when what it is about changes meanwhile */
  stateChecked: boolean;
  requestedAt: string;
  expiresAt: string;
  decidedAt: string | null;
  decidedBy: {
    keyId: string;
    keyName: string;
    via: "key" | "session" | "link" | "mcp";
    /** Whether it is the key that asked, or one that it descends from */
    isSelf: boolean;
  } | null;
  /** What the decider said */
  message: string | null;
  /** When it was done, or failed; null: not yet, or never */
  ranAt: string | null;
  /** Once it has run: what the command answered, to others than the asking key without secrets; else null */
  result: unknown;
  /** Why it was not done, or why it failed */
  error: {
    code: string;
    message: string;
  } | null;
  /** Whether it is pending and whoever reads it could decide */
  mayDecide: boolean;
  /** Of a stale one: the approval by which the same call was asked again */
  askedAgain: string | null;
};
export type ApprovalSetting = {
  /** Commands of these effects are asked for */
  effects?: ("read" | "write" | "destructive")[];
  /** Milliseconds that a task may wait for people, in all */
  wait: number;
  /** When nobody decides in time: the agent is told so and goes on, or the task ends */
  onExpiry: "continue" | "end";
  /** Whether a task at its budget, or at a spend limit of its keys, asks for more */
  budget: "deny" | "ask";
  /** Whether the asking key itself may decide */
  selfApprove: boolean;
};
export type AuditEntry = {
  id: string;
  at: string;
  /** Null: the call named no known key */
  keyId: string | null;
  keyName: string | null;
  /** The task that called */
  taskId: string | null;
  /** The dashboard's session that called; null: the key itself did */
  sessionId: string | null;
  /** The caller's; of a task: its runner's */
  address: string | null;
  command: string | null;
  /** Id of what it was done to */
  target: string | null;
  outcome: "ok" | "refused" | "failed";
  /** HTTP status of the answer */
  status: number;
  /** Error code of the answer */
  code: string | null;
  /** Like calls within a minute that this entry stands for */
  calls: number;
  requestId: string | null;
};
export type BackgroundCall = {
  id: string;
  command: string;
  status: "running" | "done" | "failed" | "unknown";
  /** What it would have been answered with */
  httpStatus: number | null;
  /** What it would have been answered; where a person is asked first, `approval` */
  result: Record<string, unknown> | null;
  error: {
    code: string;
    message: string;
    hint: string | null;
  } | null;
  requestedAt: string;
  completedAt: string | null;
  /** Until when its result can be read, once it is over */
  keptUntil: string | null;
};
export type Batch = {
  id: string;
  name: string;
  status: "running" | "paused" | "stopping" | "completed" | "stopped";
  pauseReason: {
    code: string;
    message: string;
  } | null;
  /** Why nothing starts at the moment, where there is something to say */
  statusNote: string | null;
  counts: {
    /** All of them */
    rows: number;
    /** That have no task yet */
    pending: number;
    queued: number;
    running: number;
    waitingForApproval: number;
    completed: number;
    failed: number;
    timedOut: number;
    stopped: number;
    /** That never get a task */
    invalid: number;
  };
  concurrency: number;
  /** What all of its tasks together may use */
  budget: {
    tokens: number | null;
    usd: number | null;
    calls: number | null;
  } | null;
  /** What they have used */
  used: {
    tokens: number;
    usd: number;
    calls: number;
  };
  /** What each task is posted with, but for what its row says */
  task: Record<string, unknown>;
  /** Whether each task finds its row as /workspace/in/input.json */
  attach: boolean;
  columns: string[];
  /** The file that the rows came in */
  source: string | null;
  /** What whoever made it should know, such as columns that nothing uses */
  notes: string[];
  /** The key whose authority its tasks have: that which made it, or last resumed it */
  keyId: string;
  createdAt: string;
  completedAt: string | null;
};
export type BatchRow = {
  /** Its place, from 1 */
  number: number;
  status: "pending" | "invalid" | "queued" | "running" | "waiting_for_approval" | "completed" | "failed" | "timed_out" | "stopped";
  input: Record<string, unknown>;
  taskId: string | null;
  attempt: number;
  /** Those of the attempts before */
  earlierTasks: string[];
  /** Why it is invalid, could not be started or failed */
  error: {
    code: string;
    message: string;
  } | null;
  /** What its task has used, in US dollars */
  usd: number | null;
};
export type CostGroup = {
  /** Id of the key or task, name of the model or command, error code, or day in UTC */
  group: string;
  /** Of a key: its name */
  name?: string;
  /** US dollars */
  total: number;
  /** US dollars */
  llm: number;
  /** US dollars */
  compute: number;
  modelCalls: number;
  /** Model calls whose tokens the upstream did not tell: they are estimated */
  estimated: number;
  /** Model calls that no price is known of: they count as nothing */
  unpriced: number;
  inputTokens: number;
  outputTokens: number;
  vcpuSeconds: number;
};
export type Credential = {
  id: string;
  pack: string;
  /** The key whose calls show it; null: all of the account */
  keyId: string | null;
  createdAt: string;
  /** When it was last set */
  updatedAt: string;
};
export type ErrorGroup = {
  /** Id of the key or task, name of the model or command, error code, or day in UTC */
  group: string;
  /** Of a key: its name */
  name?: string;
  errors: number;
  /** Calls of commands: 401, 403 and 429 */
  refused: number;
  /** Calls of commands: other errors */
  failed: number;
  /** Calls of models that failed */
  modelCalls: number;
  /** Tasks posted in the range that failed or ran out of time */
  tasks: number;
  /** Null: never */
  lastAt: string | null;
};
export type File = {
  name: string;
  /** Bytes */
  size: number;
  /** Media type */
  type: string;
  /** Of its content, hexadecimal */
  sha256: string;
};
export type Hold = {
  id: string;
  accountId: string;
  kind: "account" | "task" | "conversation";
  /** The account, the task, or the first task of the conversation */
  subjectId: string;
  reason: string;
  /** Only keys of the operator release it */
  byOperator: boolean;
  /** The key */
  createdBy: string;
  createdAt: string;
  releasedBy: string | null;
  releasedAt: string | null;
};
export type Identity = {
  issuer: string;
  /** Who it is to the issuer; stays the same */
  subject: string;
  /** What the newest token calls them, such as their address */
  name: string;
};
export type Keep = {
  workspace: boolean;
  for: string;
};
export type KeptWorkspace = {
  /** Bytes of its archive */
  size: number;
  /** Of its archive, hexadecimal */
  sha256: string;
  /** The task at whose end it was as it is kept */
  madeBy: string;
  expiresAt: string;
};
export type Key = {
  id: string;
  name: string;
  prefix: string;
  scopes: Scope[];
  status: "active" | "disabled" | "expired" | "revoked";
  createdAt: string;
  expiresAt: string | null;
  /** Accurate to a minute */
  lastUsedAt: string | null;
  rotatedAt: string | null;
  /** Until when the secret from before the last rotation works as well */
  previousSecretUntil: string | null;
  revokedAt: string | null;
  /** Addresses it may be used from, such as 10.0.0.0/8 or 2001:db8::/32 */
  allowedCidrs: string[] | null;
  /** Scopes whose calls it may decide on, where it has approvals:write; null: all */
  approvesScopes: string[] | null;
  /** Requests a minute to one server, those of its tasks included */
  requestsPerMinute: number | null;
  /** Tasks that may be queued or running at a time */
  concurrentTasks: number | null;
  /** Models that its tasks may use */
  allowedModels: string[] | null;
  /** Models of its tasks that name none, in the order in which they are asked: each when those before it cannot answer; null: those of the account */
  models: string[] | null;
  /** US dollars that its tasks may cost in a UTC day */
  spendPerDay: number | null;
  /** US dollars that its tasks may cost in a UTC month */
  spendPerMonth: number | null;
  /** Tokens that its tasks may use in a UTC day */
  tokensPerDay: number | null;
  /** Spend limits that a person has raised for now, for a task that asked */
  raised: RaisedLimit[];
  /** What its scopes may do; none: all that they allow */
  limits: Limit[];
  /** What a person is asked first; null: only what limits or commands say */
  approval: ApprovalSetting | null;
  /** What becomes of the same write again and again; null: as by default */
  loop: "ask" | "warn" | "deny" | null;
  /** Whether keys that its tasks create may live on after the task */
  tasksMayCreateLastingKeys: boolean;
  metadata: Record<string, string>;
  /** The task this key was minted for; null for other keys */
  taskId: string | null;
  /** Of one who comes by the platform’s own login, with no secret of Seed: who that is; null: a key */
  identity: Identity | null;
};
export type LedgerEntry = {
  /** Id of the request */
  id: string;
  at: string;
  command: string;
  effect: "read" | "write" | "destructive";
  /** The scope that the command needs */
  scope: string | null;
  /** `unknown`: it is still being called, or was cut off, and may have been done */
  outcome: "ok" | "refused" | "failed" | "asked" | "unknown";
  /** `allowed`, `asked→approved(by …)`, `asked→denied(by …: message)`, `asked→expired`, `refused(limit)` */
  decision: string;
  /** The approval that was asked for; null: none */
  approval: {
    id: string;
    state: "pending" | "approved" | "denied" | "expired" | "cancelled" | "stale";
    /** When it was done, or failed; null: not yet, or never */
    ranAt: string | null;
    decidedBy: {
      keyId: string;
      keyName: string;
      via: "key" | "session" | "link" | "mcp";
      /** Whether it is the key that asked, or one that it descends from */
      isSelf: boolean;
    } | null;
    /** What the decider said */
    message: string | null;
  } | null;
  /** HTTP status of the answer; null: the outcome is unknown */
  status: number | null;
  /** Error code of the answer */
  code: string | null;
  /** Null: it was not seen to end */
  durationMs: number | null;
  /** The input, without secrets and large values; null: it was none */
  arguments: unknown;
  /** Of a write: its answer, cut in the same way; null: it changed nothing */
  changes: unknown;
  /** Of the request; where it was sent again, each attempt has a row, and one of them the changes */
  idempotencyKey: string | null;
};
export type Limit = {
  /** The commands of this scope; or else command or effects */
  scope?: Scope;
  /** One command, such as "purchase-orders create" */
  command?: string;
  /** The commands of these effects */
  effects?: ("read" | "write" | "destructive")[];
  /** A JSON Schema (2020-12) that the command's input has to fit */
  input?: Record<string, unknown>;
  /** By JSON pointer into the input, what the calls may come to together; * stands for each of a list */
  sum?: Record<string, number | string>;
  /** So many calls */
  calls?: number;
  /** What sum and calls are counted in; UTC */
  per: "task" | "day" | "month";
  /** What becomes of a call that does not fit */
  else: "deny" | "ask";
};
export type Model = {
  name: string;
  /** Used, in the order of the list, by tasks that name no model */
  default: boolean;
  /** What whoever uses it should know: that `scripted` is no language model */
  note: string | null;
  /** Tokens of a request and its answer together */
  contextTokens: number;
  /** The most tokens of one answer */
  outputTokens: number;
  /** It thinks before it answers */
  reasoning: boolean;
  /** `bash`: its agent is given that tool alone, as small models do better with */
  tools: "all" | "bash";
  /** `text`: it writes its calls of tools as text, and they are recovered from there */
  toolCalls: "native" | "text" | "none";
  /** Sent with each call; null: none, so that it is the upstream's own */
  temperature: number | null;
  /** US dollars per million tokens; null: not known */
  price: {
    input: number;
    output: number;
    cached?: number;
  } | null;
  /** Who says it, by the name of the thing: settings, a test, the price list, the upstream, its size, a kept table, or nobody */
  sources: Record<string, "settings" | "test" | "prices" | "upstream" | "size" | "table" | "usual">;
  /** The last test of it; null: it was not tested */
  test: ModelTest | null;
  /** Whether it answers, as the calls of the server that tells this found */
  health: {
    /** `resting`: it failed, and others are asked first; `on_trial`: the next call finds out */
    state: "ok" | "resting" | "on_trial";
    /** Until it is tried again; 0 unless it rests */
    restSeconds: number;
    /** How it failed last; null when all is well */
    reason: string | null;
  };
};
export type ModelTest = {
  model: string;
  testedAt: string;
  /** The model gave an answer, whatever it was */
  answered: boolean;
  /** How it called the tool: as the API has it (`native`), written as `text`, or not at all (`none`); null: it did not answer */
  toolCalls: "native" | "text" | "none" | null;
  /** The beginning of what it said where it called no tool */
  said: string | null;
  /** The answer came in parts, as it was written */
  streaming: boolean | null;
  /** Whether the upstream says what a call took */
  usage: "told" | "estimated" | null;
  /** It thought before it answered, apart from the answer */
  reasoning: boolean | null;
  /** The context that tasks reckon with */
  contextTokens: number;
  /** Who says so */
  contextFrom: "settings" | "test" | "prices" | "upstream" | "size" | "table" | "usual";
  /** Milliseconds to the first part of the answer */
  firstPartMs: number | null;
  /** Milliseconds to its end */
  durationMs: number;
  /** Why it did not answer: the upstream’s own reason */
  error: {
    code: string;
    message: string;
  } | null;
  /** The same in words, a line for each thing */
  says: string;
};
export type Pack = {
  name: string;
  title: string;
  commands: string[];
  scopes: string[];
  /** It brings sample rows, for `seed packs samples` */
  hasSamples: boolean;
};
export type RaisedLimit = {
  limit: "spendPerDay" | "spendPerMonth" | "tokensPerDay";
  /** What holds instead of the limit, in its unit */
  to: number;
  /** When the UTC day or month is over, and the limit holds again */
  until: string;
};
export type RequestGroup = {
  /** Id of the key or task, name of the model or command, error code, or day in UTC */
  group: string;
  /** Of a key: its name */
  name?: string;
  requests: number;
  /** 401, 403 and 429 */
  refused: number;
  /** Other errors */
  failed: number;
  medianMs: number;
  p95Ms: number;
  /** The requests of each UTC day, from that of `from` to that of `to`, where they were asked for */
  daily?: number[];
};
export type Retention = {
  /** What the account has set; null: nothing */
  content: string | null;
  ledger: string | null;
  /** What holds: the shorter of that and what the operator has set; null: for ever */
  contentDays: number | null;
  ledgerDays: number | null;
};
export type Runner = {
  id: string;
  name: string;
  /** Of Seed; null: from before runners told it */
  version: string | null;
  slots: number;
  freeSlots: number;
  reach?: string;
  longestLifeMs?: number | null;
  continues?: boolean;
  driver: string | null;
  isolation: "vm" | "user-kernel" | "container" | "emulated" | null;
  pool: {
    /** Sandboxes it wants to have waiting */
    size: number;
    /** Sandboxes that wait now */
    ready: number;
    /** What those take together */
    memoryBytes: number;
    /** What they may take together */
    memoryLimitBytes: number;
    /** A sandbox that waited this long is replaced */
    maxAgeMs: number;
  } | null;
  snapshot: {
    id: string;
    /** Hash over all that its root file system was made from */
    imageId: string;
  } | null;
  /** Drivers in the order in which they were tried, up to the first that works */
  probes: ({
    driver: string;
    usable: boolean;
    isolation: "vm" | "user-kernel" | "container" | "emulated";
    /** Why it is not usable, and what to do about it */
    why?: string;
    /** What should be known of it although it is usable */
    warning?: string;
  })[];
  lastSeen: string;
  /** Running tasks, each in a sandbox of its own */
  sandboxes: ({
    taskId: string;
    accountId: string;
    phase: "starting" | "working" | "finishing" | null;
    startedAt: string | null;
    deadline: string | null;
  })[];
};
export type Schedule = {
  id: string;
  name: string;
  status: "active" | "paused" | "ended";
  pauseReason: {
    code: string;
    message: string;
  } | null;
  cron: string | null;
  runAt: string | null;
  timezone: string;
  /** What its task is posted with */
  task: Record<string, unknown> | null;
  command: string | null;
  input: Record<string, unknown> | null;
  /** When the run before is not over: leave it out, start it when that ends, or stop that one */
  overlap: "skip" | "queue" | "stop";
  /** Of what came due while no server ran for longer: nothing, or the last one */
  catchUp: "none" | "last";
  jitter: string;
  maxFailures: number;
  /** Failed runs since the last one that succeeded */
  failures: number;
  /** The key whose authority its runs have: the one that last said what it does */
  keyId: string;
  /** The next due times, at most five; none when it is paused */
  upcoming: string[];
  lastRun: ScheduleRun | null;
  createdAt: string;
  updatedAt: string;
};
export type ScheduleRun = {
  id: string;
  /** The time that it was due */
  scheduledFor: string;
  /** Of a skip that stands for all due times up to this one; otherwise null */
  through: string | null;
  /** Whether somebody asked for it */
  manual: boolean;
  status: "due" | "waiting" | "starting" | "started" | "succeeded" | "failed" | "stopped" | "skipped" | "unknown";
  /** The task that it started */
  taskId: string | null;
  /** Why it was skipped, waits or failed */
  reason: {
    code: string;
    message: string;
  } | null;
  startedAt: string | null;
  completedAt: string | null;
};
export type ScheduledTask = {
  /** What to do, in plain language; or else a template */
  instruction?: string;
  /** Instead of an instruction: the name of a template, or name@version */
  template?: string;
  /** What the template's {{…}} are, by their names */
  parameters?: Record<string, string | number | boolean | (string | number | boolean)[]>;
  /** What the agent may do, at most what the key may; omitted: the template's, or all of the key's */
  scopes?: Scope[];
  /** Milliseconds until the task is killed, 1000 to 600000; omitted: 300000, or what the template says */
  timeout?: number;
  /** What the sandbox may have, up to the server's maxima; omitted: the server's defaults */
  resources?: {
    /** Processors */
    vcpus?: number;
    /** MiB of memory; under gVisor files count, too */
    memoryMb?: number;
    /** MiB of files that it may write */
    diskMb?: number;
    /** Processes at a time */
    processes?: number;
  };
  /** What it and the tasks that it starts may use: tokens, usd, calls; omitted: not limited */
  budget?: {
    /** Input and output tokens */
    tokens?: number;
    /** US dollars, for model calls and sandboxes */
    usd?: number;
    /** Calls of the model */
    calls?: number;
  };
  /** What its scopes may do; omitted: all that they allow */
  limits?: ({
    /** The commands of this scope; or else command or effects */
    scope?: Scope;
    /** One command, such as "purchase-orders create" */
    command?: string;
    /** The commands of these effects */
    effects?: ("read" | "write" | "destructive")[];
    /** A JSON Schema (2020-12) that the command's input has to fit */
    input?: Record<string, unknown>;
    /** By JSON pointer into the input, what the calls may come to together; * stands for each of a list */
    sum?: Record<string, number | string>;
    /** So many calls */
    calls?: number;
    /** What sum and calls are counted in; UTC */
    per?: "task" | "day" | "month";
    /** What becomes of a call that does not fit */
    else?: "deny" | "ask";
  })[];
  /** What a person is asked first */
  approval?: {
    /** Commands of these effects are asked for */
    effects?: ("read" | "write" | "destructive")[];
    /** Milliseconds that a task may wait for people, in all */
    wait?: number;
    /** When nobody decides in time: the agent is told so and goes on, or the task ends */
    onExpiry?: "continue" | "end";
    /** Whether a task at its budget, or at a spend limit of its keys, asks for more */
    budget?: "deny" | "ask";
    /** Whether the asking key itself may decide */
    selfApprove?: boolean;
  } | null;
  /** What becomes of the same write again and again */
  loop?: "ask" | "warn" | "deny" | null;
  /** What the answer has to fit, which the agent then gives as a value; omitted: it answers in text alone */
  output?: WantedOutput;
  /** The model to use, and no other; omitted: the key's defaults, or the account's, or the server's */
  model?: string;
  /** Instead of model: several in the order in which they are asked, each when those before it cannot answer */
  models?: string[];
  /** What it leaves behind for a task that goes on from it; omitted: what was said */
  keep?: {
    /** Whether /workspace is kept for the task that goes on from this one */
    workspace: boolean;
    /** For how long after its end, at most 30d */
    for?: string;
  };
  /** Your own labels, kept with the task */
  metadata?: Record<string, string>;
  /** Hears of this task's events, signed with the account's default secret; a task needs webhooks:write for it */
  webhookUrl?: string;
};
/** resource:action, resource:* or * */
export type Scope = string;
export type Summary = {
  from: string;
  /** Not included */
  to: string;
  /** Set when the range begins before that: rows older than it may be deleted already */
  missingBefore: string | null;
  requests: {
    total: number;
    refused: number;
    failed: number;
  };
  /** Posted in the range, by the status they have now */
  tasks: {
    total: number;
    queued: number;
    running: number;
    waiting_for_approval: number;
    completed: number;
    failed: number;
    timed_out: number;
    stopped: number;
  };
  modelCalls: {
    total: number;
    failed: number;
  };
  tokens: {
    input: number;
    output: number;
    cached: number;
    reasoning: number;
  };
  sandboxes: {
    vcpuSeconds: number;
    gbSeconds: number;
  };
  cost: {
    /** US dollars */
    total: number;
    /** US dollars */
    llm: number;
    /** US dollars */
    compute: number;
  };
  busiestCommands: {
    command: string;
    requests: number;
    refused: number;
    failed: number;
  }[];
  dearestKeys: ({
    key: string;
    name: string | null;
    /** US dollars */
    cost: number;
    modelCalls: number;
  })[];
  commonestErrors: ({
    code: string;
    errors: number;
    lastAt: string | null;
  })[];
};
export type Task = {
  id: string;
  status: TaskStatus;
  /** The agent's final answer */
  stdout: string | null;
  /** The agent's diagnostics */
  stderr: string | null;
  exitCode: number | null;
  inputTokens: number;
  outputTokens: number;
  /** The answer as a value that fits the schema it was asked for by */
  output: Record<string, unknown> | null;
  /** How often the agent has given one; null: none was asked for */
  outputAttempts: number | null;
  /** What was wrong with the last one, where none was taken */
  outputError: string | null;
  createdAt: string;
  /** When it reached its terminal status */
  completedAt: string | null;
  /** Since when nothing of what was said in it is kept: what is left is for the bill and the ledger */
  forgottenAt: string | null;
  instruction: string;
  /** What it was started from */
  template: {
    name: string;
    version: number;
  } | null;
  scopes: {
    requested: Scope[] | null;
    effective: Scope[];
    denied: Scope[];
  };
  /** Milliseconds */
  timeout: number;
  model: string;
  /** Asked in this order when `model` cannot answer */
  fallbackModels: string[];
  /** That `scripted` is no language model, where it is one of these */
  modelNote: string | null;
  /** What its sandbox may have */
  resources: {
    /** Processors */
    vcpus: number;
    /** MiB of memory; under gVisor files count, too */
    memoryMb: number;
    /** MiB of files that it may write */
    diskMb: number;
    /** Processes at a time */
    processes: number;
  };
  /** What its sandbox used, once it has ended */
  usage: {
    /** Processor time of the whole sandbox, its kernel included */
    cpuSeconds: number;
    peakMemoryBytes: number;
    /** From the sandbox's start to its end, without `pausedMs` */
    wallMs: number;
    /** How long it was off the processor while it waited for people, which costs nothing */
    pausedMs?: number;
    /** The host did not let it be measured: `cpuSeconds` is the most it can be, `wallMs` on every processor */
    estimated?: true;
  } | null;
  /** What it and the tasks that it starts may use */
  budget: {
    tokens: number | null;
    usd: number | null;
    calls: number | null;
  } | null;
  /** What counts towards the budget: its own model calls and sandbox, and those of the tasks it started */
  used: {
    tokens: number;
    usd: number;
    calls: number;
  };
  /** What its scopes may do; none: all that they allow */
  limits: Limit[];
  /** What a person is asked first; null: only what limits or commands say */
  approval: ApprovalSetting | null;
  /** What becomes of the same write again and again; null: as by default */
  loop: "ask" | "warn" | "deny" | null;
  /** What whoever posts it should know, such as that nobody could approve its calls */
  risks: string[];
  phase: "starting" | "working" | "finishing" | null;
  /** Why it waits, where there is something to say */
  statusNote: string | null;
  error: {
    code: "agent_failed" | "sandbox_lost" | "out_of_memory" | "budget_exceeded" | "llm_unavailable" | "llm_refused" | "context_too_long" | "no_answer" | "tool_call_unreadable" | "output_invalid" | "approval_expired" | "interrupted";
    message: string;
  } | null;
  cost: {
    compute: number;
    llm: number;
    total: number;
    currency: "USD";
  };
  /** Where `cost.llm` is from: that of the least certain of its model calls */
  costSource: "none" | "upstream" | "prices" | "estimated" | "unknown";
  startedAt: string | null;
  /** When it is killed, once a runner has taken it */
  deadline: string | null;
  /** From acceptance to lease */
  queuedMs: number | null;
  /** From lease to the agent's first step */
  startMs: number | null;
  /** From the agent's first step to the end */
  runMs: number | null;
  /** How long it may wait for people in all; 0: nothing that it does asks */
  waitMs: number;
  /** How long it has waited for people, and its time-out stood, but for a wait that goes on */
  waitedMs: number;
  keyId: string;
  parentTaskId: string | null;
  /** The task that it goes on from; null: it begins a conversation */
  continues: string | null;
  /** The first task of its conversation: its own id where it begins one */
  conversationId: string;
  /** The batch that it is of, and its row there */
  batch: {
    id: string;
    row: number;
  } | null;
  /** What it lacks of what was before, or finds changed; its agent is told the same */
  notes: string[];
  /** What it leaves behind; null: what was said alone */
  keep: Keep | null;
  /** What is kept of /workspace: what it found there, until it has left its own */
  workspace: KeptWorkspace | null;
  /** What it was given */
  files: File[];
  /** What its agent left in /workspace/out */
  artifacts: File[];
  metadata: Record<string, string>;
};
export type TaskEvent = {
  type: "text";
  text: string;
  seq: number;
  at: string;
} | {
  type: "tool_call";
  callId: string;
  tool: string;
  input: Record<string, unknown>;
  /** The model had written the call as text; the gateway made a call of it */
  recovered?: true;
  seq: number;
  at: string;
} | {
  type: "tool_output";
  callId: string;
  chunk: string;
  seq: number;
  at: string;
} | {
  type: "tool_result";
  callId: string;
  output: string;
  isError: boolean;
  seq: number;
  at: string;
} | {
  type: "diagnostic";
  text: string;
  seq: number;
  at: string;
} | {
  type: "summary";
  text: string;
  keeps: number;
  seq: number;
  at: string;
} | {
  type: "status";
  status: TaskStatus;
  phase: "starting" | "working" | "finishing" | null;
  error: {
    code: "agent_failed" | "sandbox_lost" | "out_of_memory" | "budget_exceeded" | "llm_unavailable" | "llm_refused" | "context_too_long" | "no_answer" | "tool_call_unreadable" | "output_invalid" | "approval_expired" | "interrupted";
    message: string;
  } | null;
  seq: number;
  at: string;
} | {
  type: "command";
  command: string;
  effect: "read" | "write" | "destructive";
  scope: string | null;
  /** HTTP status of the answer; null: it was cut off, and may have been done */
  status: number | null;
  durationMs: number;
  seq: number;
  at: string;
} | {
  type: "approval";
  approvalId: string;
  state: "pending" | "approved" | "denied" | "expired" | "cancelled" | "stale";
  /** Null: more of its budget is asked for */
  command: string | null;
  /** What would happen */
  summary: string;
  /** Which limit or setting asks */
  reason: string;
  /** The name of the key that decided */
  decidedBy: string | null;
  /** What the decider said */
  message: string | null;
  seq: number;
  at: string;
} | {
  type: "message";
  messageId: string;
  text: string;
  keyId: string;
  seq: number;
  at: string;
};
export type TaskMessage = {
  id: string;
  taskId: string;
  text: string;
  createdAt: string;
  /** When its agent reads it */
  note: string;
};
export type TaskStatus = "queued" | "running" | "waiting_for_approval" | "completed" | "failed" | "timed_out" | "stopped";
export type Template = {
  name: string;
  /** Each change makes one; those before stay */
  version: number;
  title: string;
  description: string;
  instruction: string;
  /** What {{…}} may be, as a JSON Schema of one level */
  parameters: Record<string, unknown> | null;
  /** What its agent needs */
  scopes: Scope[];
  /** What its calls are to be limited to: given to the task with its scopes */
  limits: Limit[];
  /** What its task has where the request says nothing */
  task: Record<string, unknown>;
  /** The pack that brings it; null: Seed itself, or the account */
  pack: string | null;
  /** Whether the account keeps it and may change it */
  kept: boolean;
  /** The key that made this version */
  keyId: string | null;
  /** When this version was made */
  createdAt: string | null;
};
export type TemplateParameter = {
  type: "string" | "integer" | "number" | "boolean" | "array";
  title?: string;
  description?: string;
  default?: string | number | boolean | (string | number | boolean)[];
  enum?: (string | number)[];
  format?: "date" | "date-time" | "email" | "uri" | "uuid";
  pattern?: string;
  minLength?: number;
  maxLength?: number;
  minimum?: number;
  maximum?: number;
  /** Of a list */
  items?: {
    type: "string" | "integer" | "number";
    enum?: (string | number)[];
  };
  minItems?: number;
  maxItems?: number;
};
export type TemplateParameters = {
  $schema?: string;
  type: "object";
  properties: Record<string, TemplateParameter>;
  required?: string[];
  additionalProperties?: false;
};
export type TemplateTask = {
  timeout?: number;
  /** What the sandbox may have, up to the server's maxima; omitted: the server's defaults */
  resources?: {
    /** Processors */
    vcpus?: number;
    /** MiB of memory; under gVisor files count, too */
    memoryMb?: number;
    /** MiB of files that it may write */
    diskMb?: number;
    /** Processes at a time */
    processes?: number;
  };
  /** What it and the tasks that it starts may use: tokens, usd, calls; omitted: not limited */
  budget?: {
    /** Input and output tokens */
    tokens?: number;
    /** US dollars, for model calls and sandboxes */
    usd?: number;
    /** Calls of the model */
    calls?: number;
  };
  /** What a person is asked first */
  approval?: {
    /** Commands of these effects are asked for */
    effects?: ("read" | "write" | "destructive")[];
    /** Milliseconds that a task may wait for people, in all */
    wait?: number;
    /** When nobody decides in time: the agent is told so and goes on, or the task ends */
    onExpiry?: "continue" | "end";
    /** Whether a task at its budget, or at a spend limit of its keys, asks for more */
    budget?: "deny" | "ask";
    /** Whether the asking key itself may decide */
    selfApprove?: boolean;
  } | null;
  /** What becomes of the same write again and again */
  loop?: "ask" | "warn" | "deny" | null;
  /** What the answer has to fit, which the agent then gives as a value; omitted: it answers in text alone */
  output?: WantedOutput;
  /** The model to use, and no other; omitted: the key's defaults, or the account's, or the server's */
  model?: string;
  /** Instead of model: several in the order in which they are asked, each when those before it cannot answer */
  models?: string[];
  metadata?: Record<string, string>;
};
export type Upload = {
  /** What a task names it by */
  id: string;
  /** Bytes, exactly so many */
  size: number;
  /** Of its content: the store takes no other */
  sha256: string;
  method: "PUT";
  /** Where the bytes are sent, to the store itself */
  url: string;
  /** Sent with them as they are */
  headers: Record<string, string>;
  /** The store takes no request that begins later */
  sendBefore: string;
  /** From then on no task can be given it */
  expiresAt: string;
};
export type UsageGroup = {
  /** Id of the key or task, name of the model or command, error code, or day in UTC */
  group: string;
  /** Of a key: its name */
  name?: string;
  /** Posted in the range */
  tasks: number;
  modelCalls: number;
  inputTokens: number;
  outputTokens: number;
  /** Part of inputTokens */
  cachedTokens: number;
  /** Part of outputTokens */
  reasoningTokens: number;
  vcpuSeconds: number;
  gbSeconds: number;
};
export type WantedOutput = {
  /** JSON Schema 2020-12 whose root is {"type": "object"}, without references to elsewhere, at most 65536 bytes */
  schema: Record<string, unknown>;
};
export type Webhook = {
  id: string;
  url: string;
  description: string;
  events: string[];
  enabled: boolean;
  disabledReason: "gone" | "failing" | "switched_off" | null;
  /** The first failed attempt since the last good one */
  failingSince: string | null;
  createdAt: string;
  updatedAt: string;
  /** Until when deliveries are signed with the secret before the last rotation, too */
  previousSecretUntil: string | null;
};
export type WebhookDelivery = {
  id: string;
  eventId: string;
  eventType: string;
  /** Null: it goes to the webhookUrl of a task */
  webhookId: string | null;
  /** Where the last attempt went */
  url: string;
  status: "pending" | "delivered" | "failed";
  createdAt: string;
  nextAttemptAt: string | null;
  completedAt: string | null;
  /** Oldest first; at most the last 20 */
  attempts: ({
    at: string;
    durationMs: number;
    /** HTTP status of the answer; null: there was none */
    status: number | null;
    /** Why there was no answer */
    error: "name_not_resolved" | "address_not_allowed" | "connection_failed" | "tls_failed" | "timeout" | "broken_answer" | "no_secret" | null;
    /** Its first bytes */
    answer: string;
  })[];
};
export type WebhookEvent = {
  /** The webhook-id header of its deliveries */
  id: string;
  /** Its place in the stream of events; null for the moment until it has one */
  seq: number | null;
  type: string;
  /** When it happened */
  timestamp: string;
  data: Record<string, unknown>;
};
export type WebhookEventType = {
  name: string;
  /** When it happens */
  summary: string;
};

export interface BuiltInCommands {
  /** Create an account and its first key; the secret is shown once */
  "accounts create": {
    kind: 'object';
    input: {
      /** What the account is called */
      name: string;
      /** Models of its tasks where neither they nor their key name one, in the order in which they are asked; null: those of the server */
      models?: string[] | null;
    };
    answer: {
      account: Account;
      key: Key;
      secret: string;
    };
  };
  /** Delete an account with all it has: its keys end at once, its tasks stop, and nothing can be had back */
  "accounts delete": {
    kind: 'object';
    input: {
      /** Id of the account */
      id: string;
      /** The name of the account, to be sure */
      confirm: string;
    };
    answer: {
      deletion: AccountDeletion;
    };
  };
  /** Show how far the deletion of an account is, and the sums of its bill that stay */
  "accounts deletion": {
    kind: 'object';
    input: {
      /** Id of the account */
      id: string;
    };
    answer: {
      deletion: AccountDeletion;
    };
  };
  /** Begin to write all that an account has into an archive, without secrets; it is kept for a week */
  "accounts exports create": {
    kind: 'object';
    input: {
      /** Id of the account */
      id: string;
    };
    answer: {
      export: AccountExport;
    };
  };
  /** Show how far an export of an account is, and the parts of its archive */
  "accounts exports get": {
    kind: 'object';
    input: {
      /** Id of the account */
      id: string;
      /** Id of the export */
      export: string;
    };
    answer: {
      export: AccountExport;
    };
  };
  /** Download a part of the archive of an export: all of them one after the other are a .tar.gz */
  "accounts exports part": {
    kind: 'file';
    input: {
      /** Id of the account */
      id: string;
      /** Id of the export */
      export: string;
      /** Number of the part, from 1 on */
      number: number;
    };
  };
  /** List the accounts of this Seed, newest first */
  "accounts list": {
    kind: 'list';
    input: {
      /** Items on a page, 1 to 100 */
      limit?: number;
      /** nextCursor of the page before */
      cursor?: string;
    };
    item: Account;
  };
  /** Change an account: its name, and the models of its tasks that name none */
  "accounts update": {
    kind: 'object';
    input: {
      /** Id of the account */
      id: string;
      /** What the account is called */
      name?: string;
      /** Models of its tasks where neither they nor their key name one, in the order in which they are asked; null: those of the server */
      models?: string[] | null;
    };
    answer: {
      account: Account;
    };
  };
  /** Say yes to the call: the server runs it, exactly as it was asked, once */
  "approvals approve": {
    kind: 'object';
    input: {
      /** Id of the approval */
      id: string;
      /** What the agent, and whoever reads the ledger, is told */
      message?: string;
    };
    answer: {
      approval: Approval;
    };
  };
  /** Say no to the call: it is not done, and whoever asked is told the message */
  "approvals deny": {
    kind: 'object';
    input: {
      /** Id of the approval */
      id: string;
      /** What the agent, and whoever reads the ledger, is told */
      message?: string;
    };
    answer: {
      approval: Approval;
    };
  };
  /** Show an approval: to the key that asks and the one that posted its task, and to those who may decide */
  "approvals get": {
    kind: 'object';
    input: {
      /** Id of the approval */
      id: string;
    };
    answer: {
      approval: Approval;
    };
  };
  /** Make a link for mail or chat: whoever opens its page decides once, as the key in use */
  "approvals link": {
    kind: 'object';
    input: {
      /** Id of the approval */
      id: string;
    };
    answer: {
      link: {
        /** Shown this once. Whoever has it decides as the key in use */
        url: string;
        /** It ends with the approval, and with the key in use */
        expiresAt: string;
      };
    };
  };
  /** List what waits, or waited, for a person, newest first */
  "approvals list": {
    kind: 'list';
    input: {
      /** Only approvals of this state */
      state?: "pending" | "approved" | "denied" | "expired" | "cancelled" | "stale";
      /** Only what the agent of this task asks */
      task?: string;
      /** Items on a page, 1 to 100 */
      limit?: number;
      /** nextCursor of the page before */
      cursor?: string;
    };
    item: Approval;
  };
  /** List who did what, newest first: every call that changes something, and every refused one */
  "audit list": {
    kind: 'list';
    input: {
      /** Only calls with this key */
      keyId?: string;
      /** Only calls of this task */
      taskId?: string;
      /** Only calls of this command, such as "keys revoke" */
      command?: string;
      /** Only calls that ended so */
      outcome?: "ok" | "refused" | "failed";
      /** Only calls from then on: 12h, 30d, or an ISO-8601 time */
      since?: string;
      /** Only calls before then */
      until?: string;
      /** Instead: calls that named no known key; for the operator of this Seed */
      unknownKeys?: boolean;
      /** Items on a page, 1 to 100 */
      limit?: number;
      /** nextCursor of the page before */
      cursor?: string;
    };
    item: AuditEntry;
  };
  /** Show what came of a call that was made with Prefer: respond-async, by the key that made it */
  "background get": {
    kind: 'object';
    input: {
      /** Id of the call, as the 202 has it */
      id: string;
    };
    answer: {
      call: BackgroundCall;
    };
  };
  /** Show a batch: how many of its rows are how far, what it has used, and why it is paused if it is */
  "batches get": {
    kind: 'object';
    input: {
      /** Id of the batch */
      id: string;
    };
    answer: {
      batch: Batch;
    };
  };
  /** List batches, newest first, with how many of their rows are how far */
  "batches list": {
    kind: 'list';
    input: {
      /** Only batches of this status */
      status?: "running" | "paused" | "stopping" | "completed" | "stopped";
      /** Items on a page, 1 to 100 */
      limit?: number;
      /** nextCursor of the page before */
      cursor?: string;
    };
    item: Batch;
  };
  /** Pause a batch: no more of its rows start until it is resumed; tasks that it has started go on */
  "batches pause": {
    kind: 'object';
    input: {
      /** Id of the batch */
      id: string;
    };
    answer: {
      batch: Batch;
    };
  };
  /** Download what came of a batch: every row in its order with its input, answer and error */
  "batches results": {
    kind: 'file';
    input: {
      /** Id of the batch */
      id: string;
      /** How it is written */
      format?: "csv" | "jsonl" | "json";
    };
  };
  /** Resume a batch, with another budget or concurrency if need be; from then on it runs for the key in use */
  "batches resume": {
    kind: 'object';
    input: {
      /** Id of the batch */
      id: string;
      /** Tasks that may be unfinished at a time; omitted: as it was */
      concurrency?: number;
      /** What all tasks together may use, what they have used already counted; omitted: as it was */
      budget?: {
        /** Input and output tokens */
        tokens?: number;
        /** US dollars, for model calls and sandboxes */
        usd?: number;
        /** Calls of the model */
        calls?: number;
      };
    };
    answer: {
      batch: Batch;
    };
  };
  /** Start the failed rows of a batch again, each with a new task; from then on it runs for the key in use */
  "batches retry": {
    kind: 'object';
    input: {
      /** Id of the batch */
      id: string;
      /** Which rows: those whose tasks ended so */
      statuses?: ("failed" | "timed_out" | "stopped")[];
    };
    answer: {
      batch: Batch;
    };
  };
  /** List the rows of a batch in their order, each with its task or why it has none */
  "batches rows": {
    kind: 'list';
    input: {
      /** Id of the batch */
      id: string;
      /** Only rows of this status */
      status?: "pending" | "invalid" | "queued" | "running" | "waiting_for_approval" | "completed" | "failed" | "timed_out" | "stopped";
      /** Items on a page, 1 to 100 */
      limit?: number;
      /** nextCursor of the page before */
      cursor?: string;
    };
    item: BatchRow;
  };
  /** Stop a batch: its tasks are stopped, and rows without a task never get one unless they are retried */
  "batches stop": {
    kind: 'object';
    input: {
      /** Id of the batch */
      id: string;
    };
    answer: {
      batch: Batch;
    };
  };
  /** Follow a batch: itself again whenever more of its rows are done, until it has ended */
  "batches watch": {
    kind: 'stream';
    input: {
      /** Id of the batch */
      id: string;
    };
    item: Batch;
  };
  /** Show one command with every field of its input and its answer, however deep */
  "commands show": {
    kind: 'object';
    input: {
      /** Its name, with spaces, or with _ as MCP has it */
      name: string;
    };
    answer: {
      command: {
        name: string;
        summary: string;
        http: {
          method: string;
          path: string;
        };
        scope: string | null;
        effect: "read" | "write" | "destructive";
        examples: string[];
        /** JSON Schema (2020-12) */
        input: Record<string, unknown>;
        /** What its calls with the key in use are limited to, by all that binds it */
        limits: Limit[];
        /** Null: it is not described, or a file */
        answer: Record<string, unknown> | null;
      };
    };
  };
  /** Delete a credential: calls that need it are refused from then on */
  "credentials delete": {
    kind: 'object';
    input: {
      /** Id of the credential */
      id: string;
    };
    answer: {
      credential: Credential;
    };
  };
  /** List which credentials are set for the platforms of packs, newest first; never what they are */
  "credentials list": {
    kind: 'list';
    input: {
      /** Items on a page, 1 to 100 */
      limit?: number;
      /** nextCursor of the page before */
      cursor?: string;
    };
    item: Credential;
  };
  /** Set what this account's calls of a pack, or one key's, show its platform; it replaces the one before */
  "credentials set": {
    kind: 'object';
    input: {
      /** The pack whose platform it is for */
      pack: string;
      /** As the platform takes it; never shown again. - asks for it, or reads it from stdin */
      token?: string;
      /** Instead of token: what the platform (OAuth 2.0) gives access tokens for, which Seed then asks for as they end */
      refreshToken?: string;
      /** For the calls of this key; omitted: of the key in use, or of the account, as the pack wants it */
      keyId?: string;
      /** For the account, or refuse where the pack wants one for each key */
      account?: boolean;
    };
    answer: {
      credential: Credential;
    };
  };
  /** Place a legal hold: nothing of what it names is deleted by anybody until it is released */
  "holds create": {
    kind: 'object';
    input: {
      /** What is held: all of the account, a task with those that its agent started, or a conversation */
      kind: "account" | "task" | "conversation";
      /** The task, or any task of the conversation */
      taskId?: string;
      /** Of another account: for keys of the operator */
      accountId?: string;
      /** Why, for whoever meets it */
      reason: string;
    };
    answer: {
      hold: Hold;
    };
  };
  /** List legal holds, newest first */
  "holds list": {
    kind: 'list';
    input: {
      /** Of another account: for keys of the operator */
      accountId?: string;
      /** Also those that are not in force any more */
      released?: boolean;
      /** Items on a page, 1 to 100 */
      limit?: number;
      /** nextCursor of the page before */
      cursor?: string;
    };
    item: Hold;
  };
  /** Release a legal hold: what only it kept may be deleted from then on */
  "holds release": {
    kind: 'object';
    input: {
      /** Id of the hold */
      id: string;
    };
    answer: {
      hold: Hold;
    };
  };
  /** Tell whether a key may make a call, or a person would be asked first, without making it */
  "keys check": {
    kind: 'object';
    input: {
      /** Id of the key */
      id: string;
      /** Name of the command, with spaces, or with _ as MCP has it */
      command: string;
      /** What the command would be called with, as JSON */
      input?: Record<string, unknown>;
    };
    answer: {
      verdict: "allowed" | "asked" | "denied";
      /** The limit or setting that asks or denies; null: nothing does */
      reason: string | null;
    };
  };
  /** Create a key with at most what the key in use may do; the secret is shown once */
  "keys create": {
    kind: 'object';
    input: {
      /** What the key is for */
      name: string;
      /** What the key may do, such as keys:read, tasks:* or * */
      scopes: Scope[];
      /** How long it works: 12h, 30d, 8w or never; omitted: 90d, or as long as the key in use if that is less */
      expiresIn?: string;
      /** When it stops working, instead of expiresIn */
      expiresAt?: string;
      /** Addresses it may be used from, such as 10.0.0.0/8 or 2001:db8::/32 */
      allowedCidrs?: string[] | null;
      /** Scopes whose calls it may decide on, where it has approvals:write; null: all */
      approvesScopes?: string[] | null;
      /** Requests a minute to one server, those of its tasks included */
      requestsPerMinute?: number | null;
      /** Tasks that may be queued or running at a time */
      concurrentTasks?: number | null;
      /** Models that its tasks may use */
      allowedModels?: string[] | null;
      /** Models of its tasks that name none, in the order in which they are asked: each when those before it cannot answer; null: those of the account */
      models?: string[] | null;
      /** US dollars that its tasks may cost in a UTC day */
      spendPerDay?: number | null;
      /** US dollars that its tasks may cost in a UTC month */
      spendPerMonth?: number | null;
      /** Tokens that its tasks may use in a UTC day */
      tokensPerDay?: number | null;
      /** What its scopes may do; omitted: all that they allow */
      limits?: ({
        /** The commands of this scope; or else command or effects */
        scope?: Scope;
        /** One command, such as "purchase-orders create" */
        command?: string;
        /** The commands of these effects */
        effects?: ("read" | "write" | "destructive")[];
        /** A JSON Schema (2020-12) that the command's input has to fit */
        input?: Record<string, unknown>;
        /** By JSON pointer into the input, what the calls may come to together; * stands for each of a list */
        sum?: Record<string, number | string>;
        /** So many calls */
        calls?: number;
        /** What sum and calls are counted in; UTC */
        per?: "task" | "day" | "month";
        /** What becomes of a call that does not fit */
        else?: "deny" | "ask";
      })[];
      /** What a person is asked first */
      approval?: {
        /** Commands of these effects are asked for */
        effects?: ("read" | "write" | "destructive")[];
        /** Milliseconds that a task may wait for people, in all */
        wait?: number;
        /** When nobody decides in time: the agent is told so and goes on, or the task ends */
        onExpiry?: "continue" | "end";
        /** Whether a task at its budget, or at a spend limit of its keys, asks for more */
        budget?: "deny" | "ask";
        /** Whether the asking key itself may decide */
        selfApprove?: boolean;
      } | null;
      /** What becomes of the same write again and again */
      loop?: "ask" | "warn" | "deny" | null;
      /** Whether keys that its tasks create may live on after the task, as long as this key */
      tasksMayCreateLastingKeys?: boolean;
      /** Your own labels, kept with the key */
      metadata?: Record<string, string>;
    };
    answer: {
      key: Key;
      /** Shown this once; only its hash is stored */
      secret: string;
      /** What is to be known of its limits, such as commands that they leave no room for */
      notes: string[];
    };
  };
  /** Show a key */
  "keys get": {
    kind: 'object';
    input: {
      /** Id of the key */
      id: string;
    };
    answer: {
      key: Key;
    };
  };
  /** List keys, newest first; the keys Seed mints and revokes for tasks only with --task-keys */
  "keys list": {
    kind: 'list';
    input: {
      /** Only keys of this status */
      status?: "active" | "disabled" | "expired" | "revoked";
      /** Only keys that exist and were not used for so many days */
      unusedForDays?: number;
      /** Only keys with this in their name, whose prefix or id begins so, or of whom the issuer calls so (subject) */
      q?: string;
      /** Also the keys of tasks that Seed looks after by itself */
      taskKeys?: boolean;
      /** Items on a page, 1 to 100 */
      limit?: number;
      /** nextCursor of the page before */
      cursor?: string;
    };
    item: Key;
  };
  /** Revoke a key; calls with it fail from then on */
  "keys revoke": {
    kind: 'object';
    input: {
      /** Id of the key */
      id: string;
      /** Do it also if no key of the account is left then that may do everything without limit and for ever */
      yes?: boolean;
    };
    answer: {
      key: Key;
    };
  };
  /** Give a key a new secret; the one before works as well for a while. The secret is shown once */
  "keys rotate": {
    kind: 'object';
    input: {
      /** Id of the key */
      id: string;
      /** How long the secret before works as well; 0m: not at all */
      grace?: string;
      /** How long the key works from now: 30d or never; omitted: as long as it was given last time */
      expiresIn?: string;
      /** When it stops working, instead of expiresIn */
      expiresAt?: string;
      /** Do it also if no key of the account is left then that may do everything without limit and for ever */
      yes?: boolean;
    };
    answer: {
      key: Key;
      /** Shown this once; only its hash is stored */
      secret: string;
    };
  };
  /** Change a key: its name, labels and limits, or switch it off and on; its secret stays */
  "keys update": {
    kind: 'object';
    input: {
      /** Id of the key */
      id: string;
      /** What the key is for */
      name?: string;
      /** Whether calls with it work; off is --no-enabled */
      enabled?: boolean;
      /** Addresses it may be used from, such as 10.0.0.0/8 or 2001:db8::/32 */
      allowedCidrs?: string[] | null;
      /** Scopes whose calls it may decide on, where it has approvals:write; null: all */
      approvesScopes?: string[] | null;
      /** Requests a minute to one server, those of its tasks included */
      requestsPerMinute?: number | null;
      /** Tasks that may be queued or running at a time */
      concurrentTasks?: number | null;
      /** Models that its tasks may use */
      allowedModels?: string[] | null;
      /** Models of its tasks that name none, in the order in which they are asked: each when those before it cannot answer; null: those of the account */
      models?: string[] | null;
      /** US dollars that its tasks may cost in a UTC day */
      spendPerDay?: number | null;
      /** US dollars that its tasks may cost in a UTC month */
      spendPerMonth?: number | null;
      /** Tokens that its tasks may use in a UTC day */
      tokensPerDay?: number | null;
      /** What its scopes may do; omitted: all that they allow */
      limits?: ({
        /** The commands of this scope; or else command or effects */
        scope?: Scope;
        /** One command, such as "purchase-orders create" */
        command?: string;
        /** The commands of these effects */
        effects?: ("read" | "write" | "destructive")[];
        /** A JSON Schema (2020-12) that the command's input has to fit */
        input?: Record<string, unknown>;
        /** By JSON pointer into the input, what the calls may come to together; * stands for each of a list */
        sum?: Record<string, number | string>;
        /** So many calls */
        calls?: number;
        /** What sum and calls are counted in; UTC */
        per?: "task" | "day" | "month";
        /** What becomes of a call that does not fit */
        else?: "deny" | "ask";
      })[];
      /** What a person is asked first */
      approval?: {
        /** Commands of these effects are asked for */
        effects?: ("read" | "write" | "destructive")[];
        /** Milliseconds that a task may wait for people, in all */
        wait?: number;
        /** When nobody decides in time: the agent is told so and goes on, or the task ends */
        onExpiry?: "continue" | "end";
        /** Whether a task at its budget, or at a spend limit of its keys, asks for more */
        budget?: "deny" | "ask";
        /** Whether the asking key itself may decide */
        selfApprove?: boolean;
      } | null;
      /** What becomes of the same write again and again */
      loop?: "ask" | "warn" | "deny" | null;
      /** Whether keys that its tasks create may live on after the task, as long as this key */
      tasksMayCreateLastingKeys?: boolean;
      /** Your own labels, kept with the key */
      metadata?: Record<string, string>;
      /** Do it also if no key of the account is left then that may do everything without limit and for ever */
      yes?: boolean;
    };
    answer: {
      key: Key;
      /** What is to be known of its limits, such as commands that they leave no room for */
      notes: string[];
    };
  };
  /** List the models that tasks of the key in use can be given, the default first */
  "models list": {
    kind: 'list';
    input: Record<string, never>;
    item: Model;
  };
  /** Ask a model to call a tool, once, and say what works; it takes some tokens of the key in use */
  "models test": {
    kind: 'object';
    input: {
      /** Name of the model, as tasks give it */
      model: string;
    };
    answer: {
      test: ModelTest;
    };
  };
  /** Sum up what model calls and sandboxes cost, by key, model, day or task */
  "obs costs": {
    kind: 'list';
    input: {
      /** What to sum up by */
      by?: "key" | "model" | "day" | "task";
      /** From then on: 12h, 30d, 2026-11-24 or an ISO-8601 time; omitted: 30 days */
      since?: string;
      /** Before then; omitted: now */
      until?: string;
      /** Instead: a month in UTC, such as 2026-11 */
      month?: string;
      /** Only what counts for this key, its tasks included */
      keyId?: string;
      /** Groups at most, 1 to 1000 */
      limit?: number;
    };
    item: CostGroup;
  };
  /** Count what failed: calls of commands, calls of models, tasks; by code, command, model, key, day or task */
  "obs errors": {
    kind: 'list';
    input: {
      /** What to count by */
      by?: "code" | "command" | "model" | "key" | "day" | "task";
      /** From then on: 12h, 30d, 2026-11-24 or an ISO-8601 time; omitted: 30 days */
      since?: string;
      /** Before then; omitted: now */
      until?: string;
      /** Instead: a month in UTC, such as 2026-11 */
      month?: string;
      /** Only what counts for this key, its tasks included */
      keyId?: string;
      /** Groups at most, 1 to 1000 */
      limit?: number;
    };
    item: ErrorGroup;
  };
  /** Count the calls of commands, with errors and durations, by key, command, day or task */
  "obs requests": {
    kind: 'list';
    input: {
      /** What to count by */
      by?: "key" | "command" | "day" | "task";
      /** Also the requests of each UTC day in each group; at most 100 days */
      daily?: boolean;
      /** From then on: 12h, 30d, 2026-11-24 or an ISO-8601 time; omitted: 30 days */
      since?: string;
      /** Before then; omitted: now */
      until?: string;
      /** Instead: a month in UTC, such as 2026-11 */
      month?: string;
      /** Only what counts for this key, its tasks included */
      keyId?: string;
      /** Groups at most, 1 to 1000 */
      limit?: number;
    };
    item: RequestGroup;
  };
  /** Show on one screen what was called, used and spent, and what failed */
  "obs summary": {
    kind: 'object';
    input: {
      /** From then on: 12h, 30d, 2026-11-24 or an ISO-8601 time; omitted: 30 days */
      since?: string;
      /** Before then; omitted: now */
      until?: string;
      /** Instead: a month in UTC, such as 2026-11 */
      month?: string;
      /** Only what counts for this key, its tasks included */
      keyId?: string;
    };
    answer: Summary;
  };
  /** Sum up tasks, model calls, tokens and sandbox seconds, by key, model, day or task */
  "obs usage": {
    kind: 'list';
    input: {
      /** What to sum up by */
      by?: "key" | "model" | "day" | "task";
      /** From then on: 12h, 30d, 2026-11-24 or an ISO-8601 time; omitted: 30 days */
      since?: string;
      /** Before then; omitted: now */
      until?: string;
      /** Instead: a month in UTC, such as 2026-11 */
      month?: string;
      /** Only what counts for this key, its tasks included */
      keyId?: string;
      /** Groups at most, 1 to 1000 */
      limit?: number;
    };
    item: UsageGroup;
  };
  /** List the packs that are on: their commands come besides Seed's own */
  "packs list": {
    kind: 'list';
    input: Record<string, never>;
    item: Pack;
  };
  /** Write a pack's sample rows for this account, which must have no rows in it */
  "packs samples": {
    kind: 'object';
    input: {
      /** The pack */
      name: string;
    };
    answer: {
      pack: Pack;
    };
  };
  /** Show how long the account keeps what was said in its tasks, and its ledger */
  "retention get": {
    kind: 'object';
    input: Record<string, never>;
    answer: {
      retention: Retention;
    };
  };
  /** Set how long the account keeps what was said in its tasks, and its ledger; what is older is forgotten */
  "retention set": {
    kind: 'object';
    input: {
      /** How long after its end a task's content is kept; null: as long as the operator keeps it */
      content?: string | null;
      /** How long the rows of the ledger and of what was used are kept; null: as long as the operator keeps them */
      ledger?: string | null;
    };
    answer: {
      retention: Retention;
    };
  };
  /** List the connected runners: driver, probes, snapshot, slots, warm pool, and the tasks in their sandboxes */
  "sandboxes list": {
    kind: 'list';
    input: Record<string, never>;
    item: Runner;
  };
  /** Start a task, or call a command, by the clock: again and again by a cron pattern, or once */
  "schedules create": {
    kind: 'object';
    input: {
      /** What it is called; no two of an account are called the same */
      name: string;
      /** When, in five fields: minute, hour, day of month, month, day of week; or @hourly, @daily and so on */
      cron?: string;
      /** Instead of cron: once, at this time */
      runAt?: string;
      /** The IANA time zone that cron is meant in */
      timezone?: string;
      /** The task that it starts: what `tasks run` takes, without files and credentials */
      task?: ScheduledTask;
      /** Instead of task: the command that it calls, such as "loans remind" */
      command?: string;
      /** What that command is called with */
      input?: Record<string, unknown>;
      /** When the run before is not over: leave it out, start it when that ends, or stop that one */
      overlap?: "skip" | "queue" | "stop";
      /** Of what came due while no server ran for longer: nothing, or the last one */
      catchUp?: "none" | "last";
      /** Each run starts up to so much later: 30s, 10m, 1h */
      jitter?: string;
      /** After so many failed runs in a row it is paused; 0: never */
      maxFailures?: number;
    };
    answer: {
      schedule: Schedule;
    };
  };
  /** Delete a schedule and what is known of its runs; tasks that it has started go on */
  "schedules delete": {
    kind: 'object';
    input: {
      /** Id of the schedule */
      id: string;
    };
    answer: {
      schedule: Schedule;
    };
  };
  /** Make the schedules that a pack declares for its commands; they run for the key in use */
  "schedules enable": {
    kind: 'object';
    input: {
      /** Name of the pack */
      pack: string;
    };
    answer: {
      schedules: Schedule[];
    };
  };
  /** Show a schedule: what it starts, when next, and why it is paused if it is */
  "schedules get": {
    kind: 'object';
    input: {
      /** Id of the schedule */
      id: string;
    };
    answer: {
      schedule: Schedule;
    };
  };
  /** List schedules, newest first, with their next times and their last run */
  "schedules list": {
    kind: 'list';
    input: {
      /** Only schedules of this status */
      status?: "active" | "paused" | "ended";
      /** Items on a page, 1 to 100 */
      limit?: number;
      /** nextCursor of the page before */
      cursor?: string;
    };
    item: Schedule;
  };
  /** Pause a schedule: nothing is due until it is resumed; tasks that it has started go on */
  "schedules pause": {
    kind: 'object';
    input: {
      /** Id of the schedule */
      id: string;
    };
    answer: {
      schedule: Schedule;
    };
  };
  /** Resume a paused schedule, from its next time on; from then on it runs for the key in use */
  "schedules resume": {
    kind: 'object';
    input: {
      /** Id of the schedule */
      id: string;
    };
    answer: {
      schedule: Schedule;
    };
  };
  /** Run a schedule once more, now, by its own rules and for its own key */
  "schedules run": {
    kind: 'object';
    input: {
      /** Id of the schedule */
      id: string;
    };
    answer: {
      run: ScheduleRun;
    };
  };
  /** List what became of each time that a schedule was due: a task, a skip or an error with its reason */
  "schedules runs": {
    kind: 'list';
    input: {
      /** Id of the schedule */
      id: string;
      /** Items on a page, 1 to 100 */
      limit?: number;
      /** nextCursor of the page before */
      cursor?: string;
    };
    item: ScheduleRun;
  };
  /** Change a schedule; from then on it runs for the key in use */
  "schedules update": {
    kind: 'object';
    input: {
      /** Id of the schedule */
      id: string;
      /** What it is called; no two of an account are called the same */
      name?: string;
      /** When, in five fields: minute, hour, day of month, month, day of week; or @hourly, @daily and so on */
      cron?: string;
      /** Instead of cron: once, at this time */
      runAt?: string;
      /** The IANA time zone that cron is meant in */
      timezone?: string;
      /** The task that it starts: what `tasks run` takes, without files and credentials */
      task?: ScheduledTask;
      /** Instead of task: the command that it calls, such as "loans remind" */
      command?: string;
      /** What that command is called with */
      input?: Record<string, unknown>;
      /** When the run before is not over: leave it out, start it when that ends, or stop that one */
      overlap?: "skip" | "queue" | "stop";
      /** Of what came due while no server ran for longer: nothing, or the last one */
      catchUp?: "none" | "last";
      /** Each run starts up to so much later: 30s, 10m, 1h */
      jitter?: string;
      /** After so many failed runs in a row it is paused; 0: never */
      maxFailures?: number;
    };
    answer: {
      schedule: Schedule;
    };
  };
  /** Download an artifact of a task */
  "tasks artifacts get": {
    kind: 'file';
    input: {
      /** Id of the task */
      id: string;
      /** Name of the artifact, as the list has it */
      name: string;
    };
  };
  /** List the artifacts of a task: the files that its agent left in /workspace/out, also while it runs */
  "tasks artifacts list": {
    kind: 'list';
    input: {
      /** Id of the task */
      id: string;
    };
    item: File;
  };
  /** Start a task for every row of a list or of a CSV file, some at a time, within one budget */
  "tasks batch": {
    kind: 'object';
    input: ({ instruction: string; rows: Record<string, unknown>[] } | {
      files: unknown;
    } | { template: string; rows: Record<string, unknown>[] }) & ({
      /** What to do with each row, in plain language; {{name}} is what the row has in that column */
      instruction?: string;
      /** Instead of an instruction: the name of a template, or name@version */
      template?: string;
      /** What is the same for all rows of the template's {{…}}, by their names */
      parameters?: Record<string, string | number | boolean | (string | number | boolean)[]>;
      /** What each agent may do, at most what the key may; omitted: the template's, or all of it */
      scopes?: Scope[];
      /** Milliseconds until the task is killed, 1000 to 600000; omitted: 300000, or what the template says */
      timeout?: number;
      /** What the sandbox may have, up to the server's maxima; omitted: the server's defaults */
      resources?: {
        /** Processors */
        vcpus?: number;
        /** MiB of memory; under gVisor files count, too */
        memoryMb?: number;
        /** MiB of files that it may write */
        diskMb?: number;
        /** Processes at a time */
        processes?: number;
      };
      /** What its scopes may do; omitted: all that they allow */
      limits?: ({
        /** The commands of this scope; or else command or effects */
        scope?: Scope;
        /** One command, such as "purchase-orders create" */
        command?: string;
        /** The commands of these effects */
        effects?: ("read" | "write" | "destructive")[];
        /** A JSON Schema (2020-12) that the command's input has to fit */
        input?: Record<string, unknown>;
        /** By JSON pointer into the input, what the calls may come to together; * stands for each of a list */
        sum?: Record<string, number | string>;
        /** So many calls */
        calls?: number;
        /** What sum and calls are counted in; UTC */
        per?: "task" | "day" | "month";
        /** What becomes of a call that does not fit */
        else?: "deny" | "ask";
      })[];
      /** What a person is asked first */
      approval?: {
        /** Commands of these effects are asked for */
        effects?: ("read" | "write" | "destructive")[];
        /** Milliseconds that a task may wait for people, in all */
        wait?: number;
        /** When nobody decides in time: the agent is told so and goes on, or the task ends */
        onExpiry?: "continue" | "end";
        /** Whether a task at its budget, or at a spend limit of its keys, asks for more */
        budget?: "deny" | "ask";
        /** Whether the asking key itself may decide */
        selfApprove?: boolean;
      } | null;
      /** What becomes of the same write again and again */
      loop?: "ask" | "warn" | "deny" | null;
      /** What the answer has to fit, which the agent then gives as a value; omitted: it answers in text alone */
      output?: WantedOutput;
      /** The model to use, and no other; omitted: the key's defaults, or the account's, or the server's */
      model?: string;
      /** Instead of model: several in the order in which they are asked, each when those before it cannot answer */
      models?: string[];
      /** What it leaves behind for a task that goes on from it; omitted: what was said */
      keep?: {
        /** Whether /workspace is kept for the task that goes on from this one */
        workspace: boolean;
        /** For how long after its end, at most 30d */
        for?: string;
      };
      /** Your own labels, kept with the task */
      metadata?: Record<string, string>;
      /** Hears of this task's events, signed with the account's default secret; a task needs webhooks:write for it */
      webhookUrl?: string;
      /** What each task may use: tokens, usd, calls; omitted: not limited */
      taskBudget?: {
        /** Input and output tokens */
        tokens?: number;
        /** US dollars, for model calls and sandboxes */
        usd?: number;
        /** Calls of the model */
        calls?: number;
      };
      /** What all tasks together may use: tokens, usd, calls; omitted: not limited */
      budget?: {
        /** Input and output tokens */
        tokens?: number;
        /** US dollars, for model calls and sandboxes */
        usd?: number;
        /** Calls of the model */
        calls?: number;
      };
      /** What it is called */
      name?: string;
      /** The rows, an object each; or else one CSV or JSONL file in files */
      rows?: Record<string, unknown>[];
      /** Instead of rows: one file that has them, .csv, .tsv or .jsonl */
      files?: {
        /** Its path below /workspace/in */
        name: string;
        /** Base64 */
        content: string;
        /** Its media type; omitted: by its name */
        type?: string;
      }[];
      /** What stands between the cells of a CSV file; omitted: a comma, and of .tsv a tab */
      delimiter?: "," | ";" | "\t" | "|";
      /** Whether each task finds its row as /workspace/in/input.json; omitted: where no {{…}} takes of it */
      attach?: boolean;
      /** When rows are invalid: nothing is made, or they alone start no task */
      onInvalid?: "refuse" | "skip";
      /** Tasks that may be unfinished at a time */
      concurrency?: number;
    });
    answer: {
      batch: Batch;
    };
  };
  /** Go on from a task that has ended: a new task, in a new sandbox, whose agent knows what was said */
  "tasks continue": {
    kind: 'object';
    input: {
      /** Id of the task to go on from, the last one of its conversation */
      id: string;
      /** What to do next, in plain language */
      instruction: string;
      /** What the agent may do, at most what that one could; omitted: as much */
      scopes?: Scope[];
      /** What the sandbox may have, up to the server's maxima; omitted: the server's defaults */
      resources?: {
        /** Processors */
        vcpus?: number;
        /** MiB of memory; under gVisor files count, too */
        memoryMb?: number;
        /** MiB of files that it may write */
        diskMb?: number;
        /** Processes at a time */
        processes?: number;
      };
      /** What it and the tasks that it starts may use: tokens, usd, calls; omitted: not limited */
      budget?: {
        /** Input and output tokens */
        tokens?: number;
        /** US dollars, for model calls and sandboxes */
        usd?: number;
        /** Calls of the model */
        calls?: number;
      };
      /** What its scopes may do besides the limits of that one */
      limits?: ({
        /** The commands of this scope; or else command or effects */
        scope?: Scope;
        /** One command, such as "purchase-orders create" */
        command?: string;
        /** The commands of these effects */
        effects?: ("read" | "write" | "destructive")[];
        /** A JSON Schema (2020-12) that the command's input has to fit */
        input?: Record<string, unknown>;
        /** By JSON pointer into the input, what the calls may come to together; * stands for each of a list */
        sum?: Record<string, number | string>;
        /** So many calls */
        calls?: number;
        /** What sum and calls are counted in; UTC */
        per?: "task" | "day" | "month";
        /** What becomes of a call that does not fit */
        else?: "deny" | "ask";
      })[];
      /** What the answer has to fit, which the agent then gives as a value; omitted: it answers in text alone */
      output?: WantedOutput;
      /** The model to use, and no other; omitted: the key's defaults, or the account's, or the server's */
      model?: string;
      /** Instead of model: several in the order in which they are asked, each when those before it cannot answer */
      models?: string[];
      /** Files that the agent finds in /workspace/in, read-only */
      files?: {
        /** Its path below /workspace/in */
        name: string;
        /** Base64 */
        content: string;
        /** Its media type; omitted: by its name */
        type?: string;
      }[];
      /** Further such files, which the store has already (tasks upload) */
      uploads?: {
        /** Id of the upload */
        id: string;
        /** Its path below /workspace/in */
        name: string;
        /** Its media type; omitted: by its name */
        type?: string;
      }[];
      /** By pack, your own credential for its platform; kept outside the sandbox, and gone when the task has ended */
      credentials?: Record<string, {
        /** The caller's own, as the platform takes it */
        token: string;
      }>;
      /** What it leaves behind for the next one; omitted: as that one did */
      keep?: {
        /** Whether /workspace is kept for the task that goes on from this one */
        workspace: boolean;
        /** For how long after its end, at most 30d */
        for?: string;
      };
      /** Your own labels, kept with the task */
      metadata?: Record<string, string>;
      /** Hears of this task's events, signed with the account's default secret; a task needs webhooks:write for it */
      webhookUrl?: string;
      /** Milliseconds until the task is killed; omitted: as that one's */
      timeout?: number;
    };
    answer: {
      task: Task;
    };
  };
  /** Forget a task: its instruction, answer, events, files and workspace go; what it cost is kept */
  "tasks delete": {
    kind: 'object';
    input: {
      /** Id of the task */
      id: string;
      /** All tasks of its conversation, also those behind it */
      conversation?: boolean;
    };
    answer: {
      id: string;
      /** How many tasks were: with it those that its agent started */
      forgotten: number;
      /** Schedules that started them and go on: what they say is theirs, until they are deleted */
      stillIn: {
        scheduleId: string;
        name: string;
      }[];
    };
  };
  /** Follow a task's events, from the first one to its end */
  "tasks events": {
    kind: 'stream';
    input: {
      /** Id of the task */
      id: string;
      /** Only events after this sequence number */
      after?: number;
      /** Only what has happened so far; do not wait for more */
      past?: boolean;
      /** At most so many events */
      limit?: number;
    };
    item: TaskEvent;
  };
  /** Forget the tasks that ended before a time, at most 500 a call: call again while some are left */
  "tasks forget": {
    kind: 'object';
    input: {
      /** Tasks that ended before this time, or longer ago than this: 90d */
      before: string;
      /** Only tell how many that would be */
      dryRun?: boolean;
    };
    answer: {
      before: string;
      dryRun: boolean;
      /** How many were by this request */
      forgotten: number;
      /** How many more it would be, counted up to 10000 */
      left: number;
      kept: {
        /** Those that a legal hold keeps */
        held: number;
        /** Those that a later task of their conversation needs */
        needed: number;
      };
    };
  };
  /** Show a task: its status, answer, tokens and cost */
  "tasks get": {
    kind: 'object';
    input: {
      /** Id of the task */
      id: string;
    };
    answer: {
      task: Task;
    };
  };
  /** List what the agent of a task did: every command it called, oldest first, and what it changed */
  "tasks ledger": {
    kind: 'list';
    input: {
      /** Id of the task */
      id: string;
      /** Items on a page, 1 to 100 */
      limit?: number;
      /** nextCursor of the page before */
      cursor?: string;
    };
    item: LedgerEntry;
  };
  /** List tasks, newest first */
  "tasks list": {
    kind: 'list';
    input: {
      /** Only tasks of this status */
      status?: TaskStatus;
      /** Only tasks that this key started */
      keyId?: string;
      /** Only tasks that the agent of this task started */
      parentTaskId?: string;
      /** Only tasks of this conversation */
      conversationId?: string;
      /** Only tasks created after this time */
      createdAfter?: string;
      /** Only tasks created before this time */
      createdBefore?: string;
      /** Only tasks with this in their instruction; eight hexadecimal digits or more: whose id begins so. A page is made of 1000 tasks, so it can be short or empty and have a nextCursor */
      q?: string;
      /** Items on a page, 1 to 100 */
      limit?: number;
      /** nextCursor of the page before */
      cursor?: string;
    };
    item: Task;
  };
  /** Send a message to a task that has not ended: its agent reads it at its next turn */
  "tasks message": {
    kind: 'object';
    input: {
      /** Id of the task */
      id: string;
      /** What its agent is to know, in plain language */
      text: string;
    };
    answer: {
      message: TaskMessage;
    };
  };
  /** Start a task: an agent in a sandbox follows the instruction with the commands the scopes allow */
  "tasks run": {
    kind: 'object';
    input: ({ instruction: string } | { template: string }) & ({
      /** What to do, in plain language; or else a template */
      instruction?: string;
      /** Instead of an instruction: the name of a template, or name@version */
      template?: string;
      /** What the template's {{…}} are, by their names */
      parameters?: Record<string, string | number | boolean | (string | number | boolean)[]>;
      /** What the agent may do, at most what the key may; omitted: the template's, or all of the key's */
      scopes?: Scope[];
      /** Milliseconds until the task is killed, 1000 to 600000; omitted: 300000, or what the template says */
      timeout?: number;
      /** What the sandbox may have, up to the server's maxima; omitted: the server's defaults */
      resources?: {
        /** Processors */
        vcpus?: number;
        /** MiB of memory; under gVisor files count, too */
        memoryMb?: number;
        /** MiB of files that it may write */
        diskMb?: number;
        /** Processes at a time */
        processes?: number;
      };
      /** What it and the tasks that it starts may use: tokens, usd, calls; omitted: not limited */
      budget?: {
        /** Input and output tokens */
        tokens?: number;
        /** US dollars, for model calls and sandboxes */
        usd?: number;
        /** Calls of the model */
        calls?: number;
      };
      /** What its scopes may do; omitted: all that they allow */
      limits?: ({
        /** The commands of this scope; or else command or effects */
        scope?: Scope;
        /** One command, such as "purchase-orders create" */
        command?: string;
        /** The commands of these effects */
        effects?: ("read" | "write" | "destructive")[];
        /** A JSON Schema (2020-12) that the command's input has to fit */
        input?: Record<string, unknown>;
        /** By JSON pointer into the input, what the calls may come to together; * stands for each of a list */
        sum?: Record<string, number | string>;
        /** So many calls */
        calls?: number;
        /** What sum and calls are counted in; UTC */
        per?: "task" | "day" | "month";
        /** What becomes of a call that does not fit */
        else?: "deny" | "ask";
      })[];
      /** What a person is asked first */
      approval?: {
        /** Commands of these effects are asked for */
        effects?: ("read" | "write" | "destructive")[];
        /** Milliseconds that a task may wait for people, in all */
        wait?: number;
        /** When nobody decides in time: the agent is told so and goes on, or the task ends */
        onExpiry?: "continue" | "end";
        /** Whether a task at its budget, or at a spend limit of its keys, asks for more */
        budget?: "deny" | "ask";
        /** Whether the asking key itself may decide */
        selfApprove?: boolean;
      } | null;
      /** What becomes of the same write again and again */
      loop?: "ask" | "warn" | "deny" | null;
      /** What the answer has to fit, which the agent then gives as a value; omitted: it answers in text alone */
      output?: WantedOutput;
      /** The model to use, and no other; omitted: the key's defaults, or the account's, or the server's */
      model?: string;
      /** Instead of model: several in the order in which they are asked, each when those before it cannot answer */
      models?: string[];
      /** Files that the agent finds in /workspace/in, read-only */
      files?: {
        /** Its path below /workspace/in */
        name: string;
        /** Base64 */
        content: string;
        /** Its media type; omitted: by its name */
        type?: string;
      }[];
      /** Further such files, which the store has already (tasks upload) */
      uploads?: {
        /** Id of the upload */
        id: string;
        /** Its path below /workspace/in */
        name: string;
        /** Its media type; omitted: by its name */
        type?: string;
      }[];
      /** By pack, your own credential for its platform; kept outside the sandbox, and gone when the task has ended */
      credentials?: Record<string, {
        /** The caller's own, as the platform takes it */
        token: string;
      }>;
      /** What it leaves behind for a task that goes on from it; omitted: what was said */
      keep?: {
        /** Whether /workspace is kept for the task that goes on from this one */
        workspace: boolean;
        /** For how long after its end, at most 30d */
        for?: string;
      };
      /** Your own labels, kept with the task */
      metadata?: Record<string, string>;
      /** Hears of this task's events, signed with the account's default secret; a task needs webhooks:write for it */
      webhookUrl?: string;
    });
    answer: {
      task: Task;
    };
  };
  /** Stop a task and kill its sandbox; a task that has ended stays as it is */
  "tasks stop": {
    kind: 'object';
    input: {
      /** Id of the task */
      id: string;
    };
    answer: {
      task: Task;
    };
  };
  /** Announce a file that you then send to the store yourself, and name in "uploads" when you start a task */
  "tasks upload": {
    kind: 'object';
    input: {
      /** Bytes of the file */
      size: number;
      /** Of its content, hexadecimal */
      sha256: string;
    };
    answer: {
      upload: Upload;
    };
  };
  /** Keep a template: an instruction with places for parameters, and what its task is to have */
  "templates create": {
    kind: 'object';
    input: {
      /** Name of the template, unique in the account */
      name: string;
      /** What people call it */
      title?: string;
      /** What it is for */
      description?: string;
      /** What to do; {{name}} stands for the parameter of that name */
      instruction: string;
      /** What {{…}} may be, as a JSON Schema; null: it has no parameters */
      parameters?: TemplateParameters | null;
      /** What its agent needs */
      scopes: Scope[];
      /** What its calls are to be limited to */
      limits?: ({
        /** The commands of this scope; or else command or effects */
        scope?: Scope;
        /** One command, such as "purchase-orders create" */
        command?: string;
        /** The commands of these effects */
        effects?: ("read" | "write" | "destructive")[];
        /** A JSON Schema (2020-12) that the command's input has to fit */
        input?: Record<string, unknown>;
        /** By JSON pointer into the input, what the calls may come to together; * stands for each of a list */
        sum?: Record<string, number | string>;
        /** So many calls */
        calls?: number;
        /** What sum and calls are counted in; UTC */
        per?: "task" | "day" | "month";
        /** What becomes of a call that does not fit */
        else?: "deny" | "ask";
      })[];
      /** What its task has where the request says nothing */
      task?: TemplateTask;
    };
    answer: {
      template: Template;
    };
  };
  /** Delete a template with all its versions; tasks that were started from it stay as they are */
  "templates delete": {
    kind: 'object';
    input: {
      /** Name of the template, unique in the account */
      name: string;
    };
    answer: {
      name: string;
    };
  };
  /** Show a template, as it is or as a version of it was */
  "templates get": {
    kind: 'object';
    input: {
      /** Name of the template; of one that a pack or Seed brings with its name before a dot */
      name: string;
      /** Of these the one that is meant; omitted: the newest */
      version?: number;
    };
    answer: {
      template: Template;
    };
  };
  /** List what tasks can be started from, by name: those whose scopes the key in use has */
  "templates list": {
    kind: 'list';
    input: {
      /** Items on a page, 1 to 100 */
      limit?: number;
      /** nextCursor of the page before */
      cursor?: string;
    };
    item: Template;
  };
  /** Make a new version of a template; what is omitted stays as it is */
  "templates update": {
    kind: 'object';
    input: {
      /** Name of the template, unique in the account */
      name: string;
      /** What people call it */
      title?: string;
      /** What it is for */
      description?: string;
      /** What to do; {{name}} stands for the parameter of that name */
      instruction?: string;
      /** What {{…}} may be, as a JSON Schema; null: it has no parameters */
      parameters?: TemplateParameters | null;
      /** What its agent needs */
      scopes?: Scope[];
      /** What its calls are to be limited to */
      limits?: ({
        /** The commands of this scope; or else command or effects */
        scope?: Scope;
        /** One command, such as "purchase-orders create" */
        command?: string;
        /** The commands of these effects */
        effects?: ("read" | "write" | "destructive")[];
        /** A JSON Schema (2020-12) that the command's input has to fit */
        input?: Record<string, unknown>;
        /** By JSON pointer into the input, what the calls may come to together; * stands for each of a list */
        sum?: Record<string, number | string>;
        /** So many calls */
        calls?: number;
        /** What sum and calls are counted in; UTC */
        per?: "task" | "day" | "month";
        /** What becomes of a call that does not fit */
        else?: "deny" | "ask";
      })[];
      /** What its task has where the request says nothing */
      task?: TemplateTask;
      /** The version that was read: refused when there is a later one */
      from?: number;
    };
    answer: {
      template: Template;
    };
  };
  /** List the versions of a template, newest first */
  "templates versions": {
    kind: 'list';
    input: {
      /** Name of the template; of one that a pack or Seed brings with its name before a dot */
      name: string;
      /** Items on a page, 1 to 100 */
      limit?: number;
      /** nextCursor of the page before */
      cursor?: string;
    };
    item: Template;
  };
  /** Have events posted to a URL, signed; the secret is shown once */
  "webhooks create": {
    kind: 'object';
    input: {
      /** Where events are posted to: http or https, a public address */
      url: string;
      /** What it is for */
      description?: string;
      /** Types of events: task.completed, task.* or * */
      events?: string[];
      /** Whether events are sent there; off is --no-enabled */
      enabled?: boolean;
    };
    answer: {
      webhook: Webhook;
      /** whsec_…, for checking signatures; shown this once */
      secret: string;
    };
  };
  /** Make a new secret for the webhookUrl of tasks; the one before signs as well for a while */
  "webhooks default-secret rotate": {
    kind: 'object';
    input: {
      /** How long deliveries are signed with the secret before, too; 0m: not at all */
      grace?: string;
    };
    answer: {
      /** whsec_…, for checking signatures; shown this once */
      secret: string;
    };
  };
  /** Delete a webhook; its history stays */
  "webhooks delete": {
    kind: 'object';
    input: {
      /** Id of the webhook */
      id: string;
    };
    answer: {
      webhook: Webhook;
    };
  };
  /** Show a delivery with its attempts */
  "webhooks deliveries get": {
    kind: 'object';
    input: {
      /** Id of the delivery */
      id: string;
    };
    answer: {
      delivery: WebhookDelivery;
    };
  };
  /** List deliveries with their attempts, newest first */
  "webhooks deliveries list": {
    kind: 'list';
    input: {
      /** Only deliveries of this status */
      status?: "pending" | "delivered" | "failed";
      /** Only deliveries to this webhook */
      webhookId?: string;
      /** Only deliveries of this event */
      eventId?: string;
      /** Only deliveries from then on: 12h, 7d, or an ISO-8601 time */
      since?: string;
      /** Only deliveries before then */
      until?: string;
      /** Items on a page, 1 to 100 */
      limit?: number;
      /** nextCursor of the page before */
      cursor?: string;
    };
    item: WebhookDelivery;
  };
  /** Send a delivery again, at once and with all its retries */
  "webhooks deliveries replay": {
    kind: 'object';
    input: {
      /** Id of the delivery */
      id: string;
    };
    answer: {
      delivery: WebhookDelivery;
    };
  };
  /** Send all deliveries again that have failed since a time */
  "webhooks deliveries replay-failed": {
    kind: 'object';
    input: {
      /** Deliveries from then on: 12h, 7d, or an ISO-8601 time */
      since: string;
      /** Only deliveries to this webhook */
      webhookId?: string;
    };
    answer: {
      /** How many are sent again */
      replayed: number;
    };
  };
  /** Show an event and what became of it at each webhook */
  "webhooks events get": {
    kind: 'object';
    input: {
      /** Id of the event: the webhook-id header */
      id: string;
    };
    answer: {
      event: WebhookEvent;
      deliveries: WebhookDelivery[];
    };
  };
  /** List the events of the account, newest first, whether a webhook heard of them or not */
  "webhooks events list": {
    kind: 'list';
    input: {
      /** Only events of this type, or of several: task.* */
      type?: string;
      /** Only events from then on: 12h, 7d, or an ISO-8601 time */
      since?: string;
      /** Only events before then */
      until?: string;
      /** Items on a page, 1 to 100 */
      limit?: number;
      /** nextCursor of the page before */
      cursor?: string;
    };
    item: WebhookEvent;
  };
  /** Follow the events of the account as they happen */
  "webhooks events stream": {
    kind: 'stream';
    input: {
      /** Only events of this type, or of several: task.* */
      type?: string;
      /** Also those since this seq; omitted: only new ones */
      after?: number;
    };
    item: WebhookEvent;
  };
  /** Show a webhook */
  "webhooks get": {
    kind: 'object';
    input: {
      /** Id of the webhook */
      id: string;
    };
    answer: {
      webhook: Webhook;
    };
  };
  /** List webhooks, newest first */
  "webhooks list": {
    kind: 'list';
    input: {
      /** Items on a page, 1 to 100 */
      limit?: number;
      /** nextCursor of the page before */
      cursor?: string;
    };
    item: Webhook;
  };
  /** Give a webhook a new secret; the one before signs as well for a while. The secret is shown once */
  "webhooks rotate": {
    kind: 'object';
    input: {
      /** Id of the webhook */
      id: string;
      /** How long deliveries are signed with the secret before, too; 0m: not at all */
      grace?: string;
    };
    answer: {
      webhook: Webhook;
      /** whsec_…, for checking signatures; shown this once */
      secret: string;
    };
  };
  /** Send a webhook.test event to a webhook, once, and show what it answered */
  "webhooks test": {
    kind: 'object';
    input: {
      /** Id of the webhook */
      id: string;
    };
    answer: {
      delivery: WebhookDelivery;
    };
  };
  /** List the types of events that there are, those of packs included */
  "webhooks types list": {
    kind: 'list';
    input: Record<string, never>;
    item: WebhookEventType;
  };
  /** Change a webhook, or switch it off and on; what waits for it when it goes off has failed */
  "webhooks update": {
    kind: 'object';
    input: {
      /** Id of the webhook */
      id: string;
      /** Where events are posted to: http or https, a public address */
      url?: string;
      /** What it is for */
      description?: string;
      /** Types of events: task.completed, task.* or * */
      events?: string[];
      /** Whether events are sent there; off is --no-enabled */
      enabled?: boolean;
    };
    answer: {
      webhook: Webhook;
    };
  };
  /** Show the account and the scopes of the key in use */
  "whoami": {
    kind: 'object';
    input: Record<string, never>;
    answer: {
      account: {
        id: string;
        name: string;
        operator: boolean;
      };
      key: Key;
    };
  };
}
