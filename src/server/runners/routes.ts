// What runners call, under /runner/v1; the wire is described in protocol/runner.ts.
import { Readable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import { type Context, Hono } from 'hono';
import { z } from 'zod';
import type { Store } from '../../db/store.ts';
import { parseJson } from '../../lib/json.ts';
import type { Logger } from '../../lib/log.ts';
import type { Prices } from '../../lib/money.ts';
import { sameText } from '../../lib/same-text.ts';
import { SeedError } from '../../protocol/errors.ts';
import { FileName } from '../../protocol/file.ts';
import type { GuestMessages } from '../../protocol/guest.ts';
import {
  HEARTBEAT_WAIT_MS,
  type HeartbeatAnswer,
  HeartbeatRequest,
  LEASE_WAIT_MS,
  type Lease,
  LeaseRequest,
  LeaveRequest,
  OutputReport,
  PhaseReport,
  RUNNER_HEADER,
  SandboxesRequest,
  Settlement,
  UsageReport,
  WaitingReport,
  WorkingReport,
} from '../../protocol/runner.ts';
import { PROTOCOL_HEADER, refuseOtherProtocol } from '../../protocol/versions.ts';
import { mintKey } from '../access/keys.ts';
import { taskOfLease } from '../files/artifacts.ts';
import type { KeptBlobs } from '../files/blobs.ts';
import {
  type OpenContent,
  openTaskFile,
  openWorkspace,
  removeArtifact,
  takeArtifact,
  takeWorkspace,
} from '../files/lease-files.ts';
import type { HttpEnv } from '../http/http-types.ts';
import type { Inbox } from '../http/inbox.ts';
import { invalidInput } from '../http/invalid-input.ts';
import { bodyStream } from '../http/read-files.ts';
import { bearerToken } from '../http/request-headers.ts';
import { agentEventsIn } from '../tasks/agent-events.ts';
import { readConversation } from '../tasks/conversation.ts';
import { recordUsage, settleTask } from '../tasks/end.ts';
import { appendAgentEvents } from '../tasks/events.ts';
import { giveOutput } from '../tasks/give-output.ts';
import { leaveTasks, lookAtHeld, renewLeases, returnLease } from '../tasks/hold.ts';
import { leaseNextTask, reportPhase } from '../tasks/lease.ts';
import { readMessages } from '../tasks/messages.ts';
import type { OutputChecks } from '../tasks/output/checks.ts';
import { judgedSettlement } from '../tasks/output/settle.ts';
import type { LeasedTaskId } from '../tasks/rows.ts';
import { returnTakenOver, sandboxesToSpare, takeOverNextTask, tasksTaken } from '../tasks/take-over.ts';
import { type ToldNeeds, toldLease } from '../tasks/told-lease.ts';
import { reportWaiting, reportWorking } from '../tasks/waiting.ts';
import { RunnerRegister, touchRunner } from './runners.ts';

const LOOK_AGAIN_MS = 1_000;

export interface RunnerRoutesNeeds extends ToldNeeds {
  store: Store;
  blobs: KeptBlobs;
  /** Where artifacts lie while they are received. */
  inbox: Inbox;
  /** Judges what agents answer. */
  outputs: OutputChecks;
  prices: Prices;
  runnerToken: string;
  /** Aborted when the server begins to stop. */
  stopping: AbortSignal;
  log: Logger;
}

export function runnerRoutes(needs: RunnerRoutesNeeds): Hono<HttpEnv> {
  const { store, runnerToken, prices, stopping, log, outputs } = needs;
  const register = new RunnerRegister(store);
  const app = new Hono<HttpEnv>();
  app.use(async (c, next) => {
    if (!sameText(bearerToken(c.req.header('authorization')), runnerToken))
      throw new SeedError('not_authenticated', 'this is not the runner token', {
        hint: 'Give the runner the same SEED_RUNNER_TOKEN as the server.',
      });
    refuseOtherProtocol(c.req.header(PROTOCOL_HEADER));
    await next();
  });

  app.post('/lease', async (c) => {
    const { runner } = await body(c, LeaseRequest);
    await register.note(runner);
    const able = runner.driver !== null && runner.freeSlots > 0;
    const gone = c.req.raw.signal;
    const { continues = false, reach } = runner;
    const lease = await nextLease(needs, { runnerId: runner.id, reach, continues, able, gone });
    if (lease === null) return c.body(null, 204);
    // Who asked for it will not hear of it. An answer that is lost further on comes back in its time.
    const giveBack = () =>
      (lease.resume ? returnTakenOver(store, lease) : returnLease(store, lease)).catch((error) =>
        log.error({ err: error }, 'could not give a task back'),
      );
    if (gone.aborted) await giveBack();
    else gone.addEventListener('abort', giveBack, { once: true });
    return c.json(lease);
  });

  app.post('/leave', async (c) => {
    const { runnerId, tasks } = await body(c, LeaveRequest);
    const left = await leaveTasks(store, { runnerId, taskIds: tasks });
    if (left.returned.length + left.freed.length + left.ended.length > 0)
      log.warn({ runnerId, ...left }, 'a runner left its tasks');
    if (tasks.length === 0) await register.forget(runnerId);
    return c.body(null, 204);
  });

  app.post('/heartbeat', async (c) => {
    const { runnerId, tasks, leftMs, waiting, runner } = await body(c, HeartbeatRequest);
    using signals = store.signals.subscribe(`runner:${runnerId}`);
    if (runner?.id === runnerId) await register.save(runner);
    else await touchRunner(store, runnerId);
    let seen = { stop: await renewLeases(store, { runnerId, taskIds: tasks, leftMs, waiting }), messages: {} };
    if (seen.stop.length === 0) {
      await signals.next(HEARTBEAT_WAIT_MS, AbortSignal.any([c.req.raw.signal, stopping]));
      seen = await lookAtHeld(store, runnerId, tasks);
    }
    const taken = await tasksTaken(store.db, seen.stop);
    return c.json({ ...seen, ...(taken.length > 0 && { taken }) } satisfies HeartbeatAnswer);
  });

  app.post('/sandboxes', async (c) => {
    const { runnerId, reach, sandboxes } = await body(c, SandboxesRequest);
    return c.json({ spare: await sandboxesToSpare(store, { runnerId, reach }, sandboxes) });
  });

  app.post('/tasks/:id/phase', async (c) => {
    await reportPhase(store, { taskId: taskId(c), ...(await body(c, PhaseReport)) });
    return c.body(null, 204);
  });

  app.post('/tasks/:id/waiting', async (c) => {
    const { leaseId } = await body(c, WaitingReport);
    await reportWaiting(store, { taskId: taskId(c), leaseId });
    return c.body(null, 204);
  });

  app.post('/tasks/:id/working', async (c) => {
    await reportWorking(store, { taskId: taskId(c), ...(await body(c, WorkingReport)) });
    return c.body(null, 204);
  });

  app.post('/tasks/:id/events', async (c) => {
    const leaseId = read(z.uuid(), c.req.header(RUNNER_HEADER.lease));
    const batch = read(z.coerce.number().int().positive(), c.req.header(RUNNER_HEADER.batch));
    const events = agentEventsIn(await c.req.text());
    await appendAgentEvents(store, { taskId: taskId(c), leaseId, batch, events });
    return c.body(null, 204);
  });

  app.route('/tasks', fileRoutes(needs));

  app.post('/tasks/:id/output', async (c) => {
    const report = await body(c, OutputReport);
    return c.json(await giveOutput(store, outputs, { taskId: taskId(c), ...report }));
  });

  app.post('/tasks/:id/settle', async (c) => {
    const settlement = await body(c, Settlement);
    await settleTask(store, taskId(c), await judgedSettlement(store, outputs, taskId(c), settlement), prices);
    return c.body(null, 204);
  });

  app.post('/tasks/:id/usage', async (c) => {
    await recordUsage(store, { taskId: taskId(c), ...(await body(c, UsageReport)) }, prices);
    return c.body(null, 204);
  });
  return app;
}

interface Asking {
  runnerId: string;
  reach: string | undefined;
  /** Whether it hands on what a task goes on from. */
  continues: boolean;
  able: boolean;
  gone: AbortSignal;
}

/** Waits up to LEASE_WAIT_MS for a task. A runner that cannot run any only lets itself be seen. */
async function nextLease(
  { store, stopping, registry, llm }: RunnerRoutesNeeds,
  { runnerId, reach, continues, able, gone }: Asking,
): Promise<Lease | null> {
  const signal = AbortSignal.any([gone, stopping]);
  const askedAt = performance.now();
  using arrivals = store.signals.subscribe('queue');
  while (!signal.aborted && performance.now() < askedAt + LEASE_WAIT_MS) {
    const { secret, ...stored } = mintKey();
    const mint = () => stored;
    const taken =
      able && reach !== undefined ? await takeOverNextTask(store, { runnerId, reach, mintKey: mint }) : null;
    const leased = taken ?? (able ? await leaseNextTask(store, { runnerId, mintKey: mint }) : null);
    if (leased && leased.task.continues !== null && !continues) {
      // A runner of the version before would start it without what was said: another one takes it. It goes behind
      // all that wait, which are this runner's to take.
      const lease = { taskId: leased.task.id, leaseId: leased.leaseId };
      await (taken ? returnTakenOver(store, lease) : returnLease(store, lease, { last: true }));
      await pause(LOOK_AGAIN_MS, null, { signal }).catch(() => undefined);
      continue;
    }
    if (leased) {
      return {
        ...toldLease({ registry, llm }, leased),
        leftMs: taken?.leftMs ?? leased.deadline.getTime() - store.clock.now().getTime(),
        heldMs: Math.floor(performance.now() - askedAt),
        taskKey: secret,
        ...(taken && { resume: taken.resume }),
      };
    }
    await arrivals.next(able ? LOOK_AGAIN_MS : LEASE_WAIT_MS, signal);
  }
  return null;
}

/** What runners fetch and bring of a task's files, under /runner/v1/tasks/{id}. */
function fileRoutes(files: RunnerRoutesNeeds): Hono<HttpEnv> {
  const { store } = files;
  const app = new Hono<HttpEnv>();

  app.get('/:id/conversation', async (c) => {
    const { continues } = await taskOfLease(store.db, leaseOf(c));
    if (continues === null) throw new SeedError('not_found', 'the task goes on from no other');
    return c.json(await readConversation(store.db, continues));
  });

  app.get('/:id/messages', async (c) => {
    const lease = leaseOf(c);
    const after = read(z.coerce.number().int().nonnegative(), c.req.query('after'));
    const { created_at, completed_at } = await taskOfLease(store.db, lease);
    const span = { id: lease.taskId, created_at, completed_at };
    return c.json({ messages: await readMessages(store.db, span, after) } satisfies GuestMessages);
  });

  app.get('/:id/files', async (c) =>
    give(c, 'application/octet-stream', await openTaskFile(files, leaseOf(c), nameOf(c))),
  );

  app.put('/:id/artifacts', async (c) => {
    await takeArtifact(files, leaseOf(c), nameOf(c), bodyStream(c));
    return c.body(null, 204);
  });

  app.get('/:id/workspace', async (c) => give(c, 'application/gzip', await openWorkspace(files, leaseOf(c))));

  app.put('/:id/workspace', async (c) => {
    await takeWorkspace(files, leaseOf(c), bodyStream(c));
    return c.body(null, 204);
  });

  app.delete('/:id/artifacts', async (c) => {
    await removeArtifact(files, leaseOf(c), nameOf(c));
    return c.body(null, 204);
  });
  return app;
}

function give(c: Context, type: string, { content, size }: OpenContent): Response {
  c.header('Content-Type', type);
  c.header('Content-Length', String(size));
  return c.body(Readable.toWeb(content) as ReadableStream);
}

const LeaseRef = z.object({ taskId: z.uuid(), leaseId: z.uuid() });

function leaseOf(c: Context): LeasedTaskId {
  return read(LeaseRef, { taskId: c.req.param('id'), leaseId: c.req.header(RUNNER_HEADER.lease) });
}

const nameOf = (c: Context) => read(FileName, c.req.query('name'));

const taskId = (c: Context) => read(z.uuid(), c.req.param('id'));

async function body<Schema extends z.ZodType>(c: Context, schema: Schema): Promise<z.output<Schema>> {
  return read(schema, fromJson(await c.req.text()));
}

function fromJson(text: string): unknown {
  return parseJson(text, (cause) => new SeedError('invalid_json', 'this is not JSON', { cause }));
}

function read<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw invalidInput(parsed.error);
  return parsed.data;
}
