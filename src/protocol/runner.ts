// What runner and server say to each other: HTTP and JSON under /runner/v1, authenticated by the runner token.
//   POST /lease                 {runner}            → 200 Lease | 204 nothing to do (long poll)
//   POST /heartbeat             HeartbeatRequest    → {stop: taskIds} (long poll: at once when one is to stop)
//   POST /leave                 {runnerId, tasks}   → 204. The runner takes no more and runs these tasks alone;
//                               what else it was given goes back to the queue where it was not begun, else it ends
//   POST /tasks/{id}/phase      PhaseReport         → 204. The first one, `starting`, begins the run: what the
//                               guest may do comes after its answer. What was not begun goes back to the queue.
//                               With `sandbox` it can pass to another runner, whose lease says what to `resume`
//   POST /sandboxes             {runnerId, reach, sandboxes} → {spare}: those that some runner may be at work on
//   POST /tasks/{id}/events     NDJSON AgentEvent, headers seed-lease and seed-batch → 204, also for a batch that
//                               came before: batches of a task count from 1 and come in order
//   GET  /tasks/{id}/messages?after={n} header seed-lease → GuestMessages, those behind the first n
//   GET  /tasks/{id}/conversation       header seed-lease → Conversation, what the tasks before it said
//   GET  /tasks/{id}/files?name=…       header seed-lease → the file's bytes
//   PUT  /tasks/{id}/artifacts?name=…   bytes, headers seed-lease and content-length → 204; replaces
//   GET  /tasks/{id}/workspace          header seed-lease → the archive that it begins with
//   PUT  /tasks/{id}/workspace          an archive, header seed-lease → 204; replaces
//   DELETE /tasks/{id}/artifacts?name=… header seed-lease → 204, also when there is none
//   POST /tasks/{id}/waiting    {leaseId}           → 204. All of its sandbox waits for people: its clock stands
//   POST /tasks/{id}/working    WorkingReport       → 204. It works again, with the time that it had left
//   POST /tasks/{id}/output     OutputReport        → OutputVerdict, on an answer that its agent gives
//   POST /tasks/{id}/settle     Settlement          → 204, also when it was settled before
//   POST /tasks/{id}/usage      UsageReport         → 204; of a task that ended without its runner's word
// Every request says in the header seed-protocol what the runner speaks: versions.ts.
// A lease that is no longer the runner's is answered with 409 lease_lost: the runner kills that sandbox, or
// leaves it to whoever has taken it over where its driver can hand sandboxes over.
import { z } from 'zod';
import { KeptFile } from './file.ts';
import { Continues, ToldCommands } from './guest.ts';
import { ModelTraits, USUAL_TRAITS } from './model.ts';
import { GivenOutput, OutputForms } from './output.ts';
import { Resources, Usage } from './resources.ts';
import { TaskError, TaskPhase } from './task.ts';

/** A runner that was not heard of for this long is lost: it may be cut off or paused for a minute. */
export const LEASE_MS = 90_000;
/** A task that can pass to another runner waits so long for one. */
export const HANDOVER_MS = 60_000;
/** A runner that was not heard of for so long has no sandboxes of its own any more, only what tasks name. */
export const OWNER_SEEN_MS = 60_000;
/** A task whose runner has not said within this time that its run begins goes back to the queue. */
export const BEGIN_WITHIN_MS = 10_000;
/** A runner counts as connected when it was heard of within this time. */
export const SEEN_WITHIN_MS = 10_000;
export const HEARTBEAT_WAIT_MS = 2_500;
export const LEASE_WAIT_MS = 20_000;
export const RUNNER_HEADER = { lease: 'seed-lease', batch: 'seed-batch' } as const;

export const PoolState = z.object({
  size: z.number().int().min(0).max(1000).describe('Sandboxes it wants to have waiting'),
  ready: z.number().int().min(0).max(1000).describe('Sandboxes that wait now'),
  memoryBytes: z.number().nonnegative().describe('What those take together'),
  memoryLimitBytes: z.number().nonnegative().describe('What they may take together'),
  maxAgeMs: z.number().int().nonnegative().describe('A sandbox that waited this long is replaced'),
});
export type PoolState = z.infer<typeof PoolState>;

const SnapshotInUse = z.object({
  id: z.string().max(200),
  imageId: z.string().max(200).describe('Hash over all that its root file system was made from'),
});

const Isolation = z.enum(['vm', 'user-kernel', 'container', 'emulated']);
const Probe = z.object({
  driver: z.string(),
  usable: z.boolean(),
  isolation: Isolation,
  why: z.string().max(4000).optional().describe('Why it is not usable, and what to do about it'),
  warning: z.string().max(4000).optional().describe('What should be known of it although it is usable'),
});

export const RunnerState = z.object({
  id: z.uuid(),
  name: z.string().max(200),
  /** Of Seed; missing: from before it was told. */
  version: z.string().max(100).nullable().optional(),
  slots: z.number().int().min(0).max(1000),
  freeSlots: z.number().int().min(0).max(1000),
  /** Within which it can take over sandboxes of other runners; missing: it cannot. */
  reach: z.string().min(1).max(500).optional(),
  /** How long its sandboxes can live at the most; null or missing: as long as it takes. */
  longestLifeMs: z.number().int().positive().nullable().optional(),
  /** It hands guests the conversation that a task goes on from; missing: from before there were any. */
  continues: z.boolean().optional(),
  /** The driver in use; null when no driver is usable. */
  driver: z.string().nullable(),
  isolation: Isolation.nullable(),
  /** The sandboxes that wait for a task; null without a pool. */
  pool: PoolState.nullable().optional(),
  /** What new sandboxes start from; null without a driver. */
  snapshot: SnapshotInUse.nullable().optional(),
  probes: z.array(Probe).describe('Drivers in the order in which they were tried, up to the first that works'),
});
export type RunnerState = z.infer<typeof RunnerState>;

const RunningTask = z.object({
  taskId: z.uuid(),
  accountId: z.uuid(),
  phase: TaskPhase.nullable(),
  startedAt: z.iso.datetime().nullable(),
  deadline: z.iso.datetime().nullable(),
});

/** A runner as the operator sees it. */
export const RunnerView = RunnerState.extend({
  version: z.string().nullable().describe('Of Seed; null: from before runners told it'),
  pool: PoolState.nullable(),
  snapshot: SnapshotInUse.nullable(),
  lastSeen: z.iso.datetime(),
  sandboxes: z.array(RunningTask).describe('Running tasks, each in a sandbox of its own'),
}).meta({ id: 'Runner' });
export type RunnerView = z.infer<typeof RunnerView>;

export const LeaseRequest = z.object({ runner: RunnerState });

/** A task that was another runner's, with its sandbox. */
const Resume = z.object({
  sandboxId: z.string(),
  phase: TaskPhase,
  /** All that the sandbox runs waits for people, and its clock stands. */
  isWaiting: z.boolean(),
  /** Since its sandbox began to run. */
  livedMs: z.number().int().nonnegative(),
});
export type Resume = z.infer<typeof Resume>;

export const Lease = z.object({
  leaseId: z.uuid(),
  taskId: z.uuid(),
  instruction: z.string(),
  model: z.string(),
  modelTraits: ModelTraits.default(USUAL_TRAITS),
  /** Concrete scopes the task key has. */
  scopes: z.array(z.string()),
  timeoutMs: z.number().int(),
  resources: Resources,
  /** The task is dead at this moment, whatever happens, by the server's clock. */
  deadline: z.iso.datetime(),
  /** Until then: what counts for a runner, whose clock may differ. */
  leftMs: z.number().int(),
  /** How long its clock may stand in all, while it waits for people; 0: nothing of it asks. */
  waitMs: z.number().int().nonnegative().default(0),
  /** How long the request was held before: the deadline does not wait for an answer that is long on its way. */
  heldMs: z.number().int().optional(),
  /** The task key's secret. The runner attaches it to proxied calls; it never enters the sandbox. */
  taskKey: z.string(),
  /** What the sandbox is to find in /workspace/in. */
  files: z.array(KeptFile).default([]),
  /** Those of the task key, handed to the guest. */
  commands: ToldCommands.optional(),
  resume: Resume.optional(),
  /** How many messages it was sent until now; missing: none. */
  messages: z.number().int().nonnegative().optional(),
  /** It goes on from tasks before it. */
  continues: Continues.optional(),
  keepsWorkspace: z.boolean().optional(),
  /** What the answer is to fit, where it is to be a value. */
  output: OutputForms.optional(),
});
export type Lease = z.infer<typeof Lease>;

export const HeartbeatRequest = z.object({
  runnerId: z.uuid(),
  tasks: z.array(z.uuid()).max(1000),
  /** Of each of them: until its deadline, by the runner's clock that only goes forward. */
  leftMs: z.array(z.number().int()).max(1000).optional(),
  /** Those of them that wait for people: what they may still wait is in leftMs. */
  waiting: z.array(z.uuid()).max(1000).optional(),
  /** What the runner says of itself by now. */
  runner: RunnerState.optional(),
});
/**
 * `stop`: tasks of this runner to kill now: stopped, timed out or not its own any more. `taken`: those of them
 * that live on with their sandbox, for another runner. `messages`: by task, how many it was sent until now, where
 * it was sent any.
 */
export const HeartbeatAnswer = z.object({
  stop: z.array(z.uuid()),
  taken: z.array(z.uuid()).optional(),
  messages: z.record(z.string(), z.number()).optional(),
});
export type HeartbeatAnswer = z.infer<typeof HeartbeatAnswer>;

/** `tasks`: what it still runs. */
export const LeaveRequest = z.object({ runnerId: z.uuid(), tasks: z.array(z.uuid()).max(1000) });

const SandboxRef = z.object({ id: z.string().min(1).max(500), reach: z.string().min(1).max(500) });
export type SandboxRef = z.infer<typeof SandboxRef>;

export const PhaseReport = z.object({ leaseId: z.uuid(), phase: TaskPhase, sandbox: SandboxRef.optional() });

export const SandboxesRequest = z.object({
  runnerId: z.uuid(),
  reach: z.string().min(1).max(500),
  sandboxes: z.array(z.object({ id: z.string().max(500), owner: z.string().max(500) })).max(10_000),
});
export const SandboxesAnswer = z.object({ spare: z.array(z.string()) });

export const OutputReport = GivenOutput.extend({ leaseId: z.uuid() });

export const WaitingReport = z.object({ leaseId: z.uuid() });

/** `waitedMs`: how long the clock stood. `leftMs`: until the deadline, from now. */
export const WorkingReport = z.object({
  leaseId: z.uuid(),
  waitedMs: z.number().int().nonnegative(),
  leftMs: z.number().int(),
});

export const UsageReport = z.object({ leaseId: z.uuid(), usage: Usage });

/** How a run ended, as the runner saw it. Null stdout: the agent gave no answer. */
export const Settlement = z.object({
  leaseId: z.uuid(),
  outcome: z.enum(['completed', 'failed', 'timed_out']),
  stdout: z.string().nullable(),
  stderr: z.string().nullable(),
  exitCode: z.number().int().nullable(),
  error: TaskError.nullable(),
  /** The agent's answer as JSON, where one was asked for and its verdict was good. */
  output: z.string().optional(),
  /** The end of what the sandbox, or what runs it, has said: for the operator, as it may name the host's paths. */
  diagnostics: z.string().max(4000).optional(),
  /** What the sandbox used; null when there was none. */
  usage: Usage.nullable().default(null),
});
export type Settlement = z.infer<typeof Settlement>;
