// Every limit a caller or a guest can meet, in one place; docs/limits.md is checked against it.
import { FILE_NAME_BYTES, FILE_NAME_DEPTH } from './file-name.ts';

export const LIMITS = {
  /** Bytes of UTF-8 in an instruction. */
  instructionBytes: 32 * 1024,
  timeoutMinMs: 1_000,
  timeoutMaxMs: 600_000,
  timeoutDefaultMs: 300_000,
  /** Bytes of a REST request body. */
  bodyBytes: 256 * 1024,
  /** Bytes of the JSON body of a request that may bring files. */
  filesBodyBytes: 16 * 1024 * 1024,
  /** Files that one task is given, and their bytes together. */
  filesPerTask: 100,
  fileBytesPerTask: 64 * 1024 * 1024,
  /** Files that an account's callers have announced to the store, and no task has taken. */
  uploadsPerAccount: 200,
  /** What comes out of a task: how many, the bytes of each, and of all together. */
  artifactsPerTask: 100,
  artifactBytes: 32 * 1024 * 1024,
  artifactBytesPerTask: 64 * 1024 * 1024,
  /** Bytes of UTF-8 in the name of a file, and the parts that slashes divide it into. */
  fileNameBytes: FILE_NAME_BYTES,
  fileNameDepth: FILE_NAME_DEPTH,
  /** Objects and lists within each other in an input. */
  inputDepth: 64,
  /** Bytes of an LLM request body: a long conversation is sent whole each time. */
  llmBodyBytes: 8 * 1024 * 1024,
  /** Calls of models that wait in one server while the upstream's account is over its limits; and how long. */
  llmWaitingCalls: 200,
  llmWaitMs: 120_000,
  /** Models that are asked for one call: the task's own and its fallbacks. */
  llmModels: 10,
  /** Of tests of models: between two of one model, how many an account may begin a minute, and the time of one. */
  modelTestPauseMs: 10_000,
  modelTestsPerMinute: 10,
  modelTestMs: 300_000,
  /** How long a task may wait for people's approvals in all, unless it says so, and at the most. */
  approvalWaitMs: 600_000,
  approvalWaitMaxMs: 86_400_000,
  /** Bytes of JSON that a call's input may have to be asked about: a person reads all of it. */
  approvalInputBytes: 32 * 1024,
  /** Characters of what is said with a decision, and of what a call would do. */
  approvalMessageLength: 1_000,
  approvalSummaryLength: 1_000,
  /** Approvals of one task, and of one key, that may be pending at a time. */
  pendingPerTask: 50,
  pendingPerKey: 5_000,
  /** Links of one approval. */
  linksPerApproval: 20,
  /** Seconds that `Prefer: wait=N` may hold an answer. */
  waitSeconds: 600,
  /** Seconds that a repeated request waits for the first one's answer. */
  idempotencyWaitSeconds: 30,
  /** Items on a page. */
  pageSize: 100,
  pageSizeDefault: 20,
  /** Tasks whose instructions one page of a search is looked for in. */
  searchedTasks: 1_000,
  /** Groups of a report; more are cut off, and the totals are those of all. */
  reportGroups: 1_000,
  /** Days of a report that tells of each day within each group. */
  reportDays: 100,
  /** Characters of what a platform is shown, and for how many packs one task is given it. */
  credentialLength: 8_192,
  credentialsPerTask: 20,
  /** Metadata of a task: bytes of its JSON. */
  metadataBytes: 8 * 1024,
  nameLength: 100,
  /** Characters of a token of the platform's own login. */
  tokenLength: 8_192,
  scopesPerRequest: 100,
  /** What can be set on one key. */
  cidrsPerKey: 50,
  modelsPerKey: 50,
  limitsPerKey: 32,
  /** Of one limit on inputs: bytes of its JSON, sums, schemas within its own, their depth, a pattern's length. */
  limitBytes: 16 * 1024,
  sumsPerLimit: 8,
  limitSchemas: 300,
  limitDepth: 16,
  limitPatternLength: 500,
  /** Values of an input that one limit looks at, and characters of a text that a pattern is looked for in. */
  limitSteps: 50_000,
  limitTextLength: 10_000,
  templates: {
    /** Kept by one account; versions of one, of which the oldest goes for one more. */
    perAccount: 500,
    versions: 100,
    /** Parameters of one, and what their values may be: characters, items of a list, words to choose from. */
    parameters: 50,
    valueLength: 10_000,
    listLength: 100,
    choices: 100,
  },
  requestsPerMinuteMax: 100_000,
  concurrentTasksMax: 10_000,
  /** What a budget or a limit of a key can be at the most. */
  usdMax: 1_000_000,
  tokensMax: 1_000_000_000_000,
  modelCallsMax: 1_000_000,
  /** Tasks from the one that a caller posted down to the last that one of its children may start. */
  taskDepth: 3,
  /** Bytes of one event's JSON; the guest cuts longer texts, the server refuses them. */
  eventBytes: 64 * 1024,
  /** Events of one task; later ones are dropped and the last says so. */
  eventsPerTask: 20_000,
  /** Bytes of all events of one task; more are refused. */
  eventBytesPerTask: 64 * 1024 * 1024,
  /** How far back a conversation goes that is gone on with: tasks, and bytes of JSON of what was said in them. */
  conversationTasks: 200,
  conversationBytes: 4 * 1024 * 1024,
  /** Of a workspace that is kept: bytes of its files, entries, and milliseconds after the end of its task. */
  workspaceBytes: 256 * 1024 * 1024,
  workspaceEntries: 20_000,
  workspaceKeptMs: 30 * 86_400_000,
  /** Tasks that are forgotten in one transaction, that one request forgets, and those of one conversation. */
  forgottenTogether: 50,
  forgottenPerRequest: 500,
  forgottenConversation: 10_000,
  /** Legal holds of one account that are in force, and characters of a reason. */
  holdsPerAccount: 1_000,
  holdReasonLength: 1_000,
  /** Messages to one task while it runs. */
  messagesPerTask: 100,
  /** Of an answer as a value: bytes of its schema, bytes of its JSON, and how often an agent may give it. */
  outputSchemaBytes: 64 * 1024,
  outputBytes: 256 * 1024,
  outputAttempts: 5,
  /** Milliseconds of a processor that one check of it may take, and characters of what is said to be wrong. */
  outputCheckMs: 1_000,
  outputProblemLength: 2_000,
  /** Bytes of the final answer and of the diagnostics; longer ones are cut in the middle. */
  stdoutBytes: 256 * 1024,
  stderrBytes: 64 * 1024,
  /** Live event streams of one key. */
  eventStreamsPerKey: 50,
  /** Sessions of one key at the dashboard; the oldest ends for one more. */
  sessionsPerKey: 20,
  /** Attempts to sign in that may fail a minute from one address, and the addresses counted one by one. */
  signInFailuresPerMinute: 10,
  signInAddresses: 10_000,
  /** Webhooks of one account, types of events of one, and the length of a URL. */
  webhooksPerAccount: 100,
  eventTypesPerWebhook: 50,
  webhookUrlLength: 2_048,
  /** Bytes of an event's JSON. */
  webhookEventBytes: 20 * 1024,
  /** How long a receiver may take to answer, and how many bytes of its answer are read and kept. */
  webhookTimeoutMs: 15_000,
  webhookAnswerBytes: 4 * 1024,
  /** How long the platform of an imported pack may take to answer, and how many bytes of its answer are taken. */
  platformTimeoutMs: 30_000,
  platformAnswerBytes: 4 * 1024 * 1024,
  /** The same of an answer that is a file. */
  platformFileBytes: 12 * 1024 * 1024,
  /** Attempts of a delivery that lists show. */
  webhookAttemptsShown: 20,
  mcp: {
    /** Tools on a page of tools/list. */
    toolsPage: 50,
    /** How deep references of a tool's input schema are followed, and how large that may make it. */
    referencesDeep: 5,
    schemaNodes: 3000,
    /** Seconds that runTask waits for the task's end unless it is told otherwise: clients give up after 60. */
    waitSecondsDefault: 50,
    /** Bytes of a tool's text; the whole of a longer answer is in the structured content. */
    textBytes: 8 * 1024,
    /** Bytes of a resource; a longer transcript is cut at its end. */
    resourceBytes: 1024 * 1024,
  },
  /** What a task's sandbox may have; a server's own maxima lie within (docs/running.md). */
  resources: {
    vcpusMin: 1,
    vcpusMax: 64,
    memoryMbMin: 256,
    memoryMbMax: 65_536,
    diskMbMin: 16,
    diskMbMax: 65_536,
    processesMin: 16,
    processesMax: 4096,
  },
  /** What one guest may have open or send over its stream. */
  guest: {
    concurrentStreams: 64,
    headerBytes: 16 * 1024,
    bodyBytes: 8 * 1024 * 1024,
    answerBytes: 16 * 1024 * 1024,
    /** Requests a second on average, and as many at once after a pause. */
    requestsPerSecond: 100,
    requestBurst: 400,
    /** Bytes a second that are read from it on average, and at once after a pause; beyond them it waits. */
    bytesPerSecond: 8 * 1024 * 1024,
    byteBurst: 64 * 1024 * 1024,
    /** HTTP/2 frames likewise. */
    framesPerSecond: 2000,
    frameBurst: 8000,
    /** Requests of one guest that the server works on at a time, and of those to the model; more wait. */
    serverCalls: 16,
    modelCalls: 8,
    /** Calls of one guest that wait for people's approvals at a time, beside those; more are refused. */
    approvalWaits: 24,
    /** Bytes of their bodies that a runner holds, so that it can send them again; more wait. */
    heldBytes: 32 * 1024 * 1024,
    /** Milliseconds that a request waits for a server or a database that is away. */
    patienceMs: 60_000,
    /** Milliseconds that a guest with a task waits for its runner to reach it again. */
    aloneMs: 600_000,
    /** Bytes of artifacts that are taken from it, those that a later version replaced included. */
    artifactBytes: 512 * 1024 * 1024,
    /** Milliseconds of its task's time that keeping the workspace may take. */
    keepMs: 60_000,
    /** Bytes of the result. */
    resultBytes: 4 * 1024 * 1024,
    /** Milliseconds after which a request is reset whose body does not come or whose answer is not taken. */
    idleMs: 30_000,
  },
} as const;
