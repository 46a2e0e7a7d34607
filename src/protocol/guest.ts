// The guest's wire, over the one byte stream of a sandbox:
//   1. The frozen guest writes "ready\n" on its output and waits. After the restore it answers each line
//      "ready?\n" with "ready\n": so the runner learns that a sandbox which is to wait for a task works.
//   2. When there is a task the runner writes one line of JSON, the StartLine, and then speaks HTTP/2 as the
//      server (the bytes after the line may come in the same chunk). The guest speaks HTTP/2 as the client.
//   3. The guest asks:
//      GET  /task            → GuestTask, unless the StartLine had it
//      GET  /cli/seed.mjs    → the CLI with the manifest of the task key
//      POST /events          NDJSON of AgentEvent, header seed-batch → 204, also for a batch that came before:
//                            they are counted from 1 and come in order
//      GET  /conversation    → Conversation: what was said in the tasks before, of a task that continues them
//      GET  /messages?after={n}  → GuestMessages, once there are more than n of them; with &now at once
//      GET  /files/{n}       the bytes of the task's file number n, counted from 0
//      GET  /workspace       an archive (tar, gzip) of what /workspace is to begin with, where the task has one
//      PUT  /workspace       the same, of any length, at the end of a task that keeps it → 204; replaces
//      PUT  /artifacts/{name}  bytes with their content-length → 204; the name is one encodeURIComponent, replaces
//      DELETE /artifacts/{name}  → 204; it is not there any more
//      POST /output          GivenOutput → OutputVerdict, likewise for one that came before: what is wrong with
//                            the answer that the agent gives. One that is taken comes with the result
//      POST /result          GuestResult → 204; the guest then exits, or, where it can be reached again, waits to
//                            be killed and tells it to whoever comes. The first one counts
//      ANY  /api/v1/*        forwarded to the server with the task key attached by the runner
//      GET, POST /llm/v1/*   likewise
//   Anything else is answered 403. Limits: LIMITS.guest.
//   4. A guest that listens on a socket can be reached again. On each connection the runner writes "ready?\n".
//      A guest without a task answers "ready\n", and is told the StartLine as above (of one that came in part it
//      knows nothing). One that has its task answers "working\n", opens a new HTTP/2 connection at once, and asks
//      again for what had no whole answer. A newer connection takes the place of the one before. What is asked
//      again is safe to repeat: events by their number, writes by their Idempotency-Key (the guest gives one to
//      those that have none), files, artifacts and polls by what they are; a call of the model only as long as
//      nothing of its answer has come, after which it breaks off with words by which the agent asks anew.
// Constants are in guest-wire.ts. Inside, the guest opens GUEST_PORT on loopback for the CLI and Pi and forwards
// /api/v1/* and /llm/v1/* unchanged.
import { z } from 'zod';
import type { ToldCommand } from './manifest.ts';
import { ModelTraits } from './model.ts';
import { OutputForms } from './output.ts';
import { TaskError } from './task.ts';

/** Made by the server and read by the guest; the runner only carries it. */
export const ToldCommands = z.custom<readonly ToldCommand[]>((value) => Array.isArray(value));

export const Continues = z.object({
  notes: z.array(z.string()),
  /** Whether GET /workspace has what /workspace is to begin with. */
  workspace: z.boolean().default(false),
});

export const GuestTask = z.object({
  id: z.uuid(),
  instruction: z.string(),
  model: z.string(),
  modelTraits: ModelTraits,
  deadline: z.iso.datetime(),
  /** To be found in /workspace/in; their bytes come by GET /files/{n}. */
  files: z.array(z.object({ name: z.string(), size: z.number() })),
  /** It goes on from what GET /conversation tells: what it lacks of that, or finds changed. */
  continues: Continues.optional(),
  /** At its end it sends /workspace. */
  keepsWorkspace: z.boolean().optional(),
  /** What the answer is to fit, where it is to be a value. */
  output: OutputForms.optional(),
});
export type GuestTask = z.infer<typeof GuestTask>;

/** What the task was sent while it ran, in its order. */
export interface GuestMessages {
  messages: string[];
}

export const StartLine = z.object({
  protocol: z.literal(1),
  /** The host's time, ISO-8601. */
  now: z.iso.datetime(),
  /** 64 random bytes, base64, fresh for each sandbox. */
  entropy: z.string(),
  /** What the agent may write, where that is the guest's to bound: folders that live in the sandbox's memory. */
  diskBytes: z.number().int().positive().optional(),
  /** What the guest would ask for first; with it a task starts without waiting for an answer. */
  task: GuestTask.optional(),
  /** The commands of the task key; without them the guest asks GET /api/v1/commands. */
  commands: ToldCommands.optional(),
});
export type StartLine = z.infer<typeof StartLine>;

export const GuestResult = z.object({
  stdout: z.string().nullable(),
  stderr: z.string().nullable(),
  exitCode: z.number().int(),
  error: TaskError.nullable(),
  /** The answer as JSON, where one was asked for and taken. */
  output: z.string().optional(),
});
export type GuestResult = z.infer<typeof GuestResult>;
