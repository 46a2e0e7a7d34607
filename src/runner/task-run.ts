// One leased task on this host, from the lease to the settlement: sandbox, relay, deadline, end.
import type { Dispatcher } from 'undici';
import type { Limits } from '../drivers/driver.ts';
import type { Logger } from '../lib/log.ts';
import type { Usage } from '../protocol/resources.ts';
import type { SandboxRef } from '../protocol/runner.ts';
import type { TaskFiles } from '../relay/bodies.ts';
import { createGuestLimits } from '../relay/limits.ts';
import { untilBack, within } from '../relay/patience.ts';
import { guestTask, startLine } from '../relay/start-line.ts';
import { keepStream, type StreamTimes } from './guest-stream.ts';
import { billedUsage, limitsOf } from './lease.ts';
import { createMailbox, type Mailbox } from './mailbox.ts';
import { createPace } from './paced-wire.ts';
import type { HeldTask, ServerClient, TakenLease } from './server-client.ts';
import { type RunEnd, settlementOf, settleTask } from './settlement.ts';
import { startPatiently } from './start-patiently.ts';
import { createTaskReports, type TaskReports } from './task-reports.ts';
import { createUpstream } from './upstream.ts';
import type { OpenSandbox, RunSandbox } from './waiting-sandbox.ts';
import { createWaits } from './waits.ts';
import { createWorkClock, type WorkClock } from './work-clock.ts';

/** After its result a guest has nothing left to do but exit. */
const EXIT_WITHIN_MS = 2_000;
const KILL_WITHIN_MS = 10_000;
/** Ends by which the server has taken the task from this runner. */
const NOT_HELD: ReadonlySet<RunEnd['why']> = new Set(['stopped', 'lease_lost', 'returned', 'handed_over']);
/** Ends after which another runner may be at work on the sandbox, where the driver can hand it over. */
const LEFT_ALONE: ReadonlySet<RunEnd['why']> = new Set(['lease_lost', 'handed_over', 'broken']);

export interface TaskRunParts {
  /** A waiting sandbox or a new one. */
  startSandbox(limits: Limits, id: string): Promise<OpenSandbox>;
  /** One that another runner has started is this one's from now on; its stream is still to be opened. */
  adoptSandbox(id: string): Promise<RunSandbox>;
  /** What becomes of a sandbox that is left to another runner is to be looked after. */
  onLeftAlone(id: string): void;
  /** The agent's model answers: the task has started. */
  onWorking(): void;
  client: ServerClient;
  serverUrl: string;
  dispatcher: Dispatcher;
  log: Logger;
  /** Aborted when the runner has no time left to settle. */
  giveUp: AbortSignal;
  /** Missing: as waits.ts has it. */
  quietMs?: number | undefined;
  /** Missing: as guest-stream.ts has it. */
  stream?: StreamTimes | undefined;
}

export interface TaskRun {
  readonly taskId: string;
  /** As the server is told of it with every heartbeat. */
  held(): HeldTask;
  /** Whether the server still counts on this runner for the task. */
  isHeld(): boolean;
  /** Ends the run if it has not begun: the task can then go to somebody else. */
  giveBack(): void;
  /** Leaves the sandbox to another runner, if its driver can do that and the run has begun and not ended. */
  handOver(): void;
  /** It was sent so many messages by now. */
  messages(count: number): void;
  /** Ends the run, unless it has ended already. */
  end(why: 'interrupted' | 'stopped' | 'lease_lost'): void;
  /** Resolves when nothing of the sandbox is left and the server knows; never rejects. */
  readonly done: Promise<void>;
}

export function startTaskRun(lease: TakenLease, parts: TaskRunParts): TaskRun {
  const { taskId, leaseId } = lease;
  const log = parts.log.child({ taskId });
  const { promise: ended, resolve } = Promise.withResolvers<RunEnd>();
  const end = (how: RunEnd) => {
    if (course.why !== null) return;
    course.why = how.why;
    log.info({ why: how.why }, 'the run ended');
    resolve(how);
  };
  const over = new AbortController();
  void ended.then(() => over.abort());
  const course: Course = {
    ...{ ended, over: over.signal, end, why: null, begun: false, onWaited: () => {} },
    canPass: false,
    isLost: false,
    kill: async () => {},
  };

  const clock = createWorkClock({
    ...lease,
    onOver: () => end({ why: 'deadline' }),
    onWaited: () => course.onWaited(),
  });

  const mailbox = createMailbox(lease.messages ?? 0, (after, signal) =>
    parts.client.openMessages(lease, after, signal),
  );

  async function run(): Promise<void> {
    let usage: Usage | null = null;
    try {
      usage = await runSandbox(lease, { ...parts, log, clock, mailbox }, course);
    } catch (error) {
      // Nobody has foreseen it: the sandbox is not to go on without a runner, nor the task without an end.
      log.error({ err: error }, 'the run broke');
      end({ why: 'broken' });
      await course.kill();
    } finally {
      clock.end();
    }
    const settlement = settlementOf(leaseId, await ended, usage);
    if (settlement !== null)
      course.isLost = !(await settleTask(parts.client, taskId, settlement, log, parts.giveUp));
    else if (usage !== null) await reportUsage(lease, usage, { ...parts, log });
    // One whose result is to survive its runner is there until the server has it.
    await course.kill();
  }

  return {
    taskId,
    held: () => ({ taskId, diesAt: clock.diesAt(), isWaiting: clock.stands() }),
    isHeld: () => course.why === null || !NOT_HELD.has(course.why),
    giveBack: () => {
      if (!course.begun) end({ why: 'returned' });
    },
    handOver: () => {
      if (course.begun && course.canPass) end({ why: 'handed_over' });
    },
    messages: mailbox.told,
    end: (why) => end({ why }),
    done: run().catch((error) => log.error({ err: error }, 'the run broke')),
  };
}

/** Of one run. */
interface Course {
  ended: Promise<RunEnd>;
  /** Aborted when it has ended. */
  over: AbortSignal;
  /** Does nothing when it has ended already. */
  end(end: RunEnd): void;
  /** Null as long as it runs. */
  why: RunEnd['why'] | null;
  /** The server may know by now that it has begun. */
  begun: boolean;
  /** It may wait for people no longer. */
  onWaited(): void;
  /** Another runner can go on with it. */
  canPass: boolean;
  /** The server did not take how it ended: another one may have it. */
  isLost: boolean;
  /** Once there is a sandbox: kills it, where it is not left to others. */
  kill(): Promise<void>;
}

/** Resolves with what it used when the run has ended and the sandbox is gone; null when there was none. */
async function runSandbox(
  lease: TakenLease,
  parts: TaskRunParts & { clock: WorkClock; mailbox: Mailbox },
  course: Course,
): Promise<Usage | null> {
  const { log, clock } = parts;
  const { ended, end } = course;
  const { resume } = lease;
  const sandbox = await openFor(lease, parts, course);
  if (sandbox === null) return null;
  const startedAt = performance.now() - (resume?.livedMs ?? 0);
  const { driver, id } = sandbox;
  // Until it is served nobody else hears of it.
  sandbox.stream?.on('error', () => undefined);
  course.canPass = driver.can.handover;
  const isLeft = () => course.canPass && (course.isLost || (course.why !== null && LEFT_ALONE.has(course.why)));
  let killing: Promise<void> | null = null;
  course.kill = async () => {
    if (isLeft()) parts.onLeftAlone(id);
    else {
      killing ??= killSandbox(sandbox, log);
      await killing;
    }
  };
  const exited = driver.ended(id);
  void exited.then((exit) => {
    const isFine = exit.reason === 'killed' || (exit.reason === 'exited' && exit.code === 0);
    if (!isFine) log.warn({ exit }, 'the sandbox ended');
    end({ why: 'exit', exit });
  });
  const reports = createTaskReports(lease, parts, () => end({ why: 'lease_lost' }));
  const { reach } = driver;
  if (!(await begin(reports, course, course.canPass && reach !== undefined ? { id, reach } : undefined))) {
    await course.kill();
    await reports.finish();
    return null;
  }
  const files: TaskFiles = {
    files: lease.files,
    openWorkspace: (signal) => parts.client.openWorkspace(lease, signal),
    putWorkspace: (content, signal) => parts.client.putWorkspace(lease, content, signal),
    conversation: (signal) => parts.client.openConversation(lease, signal),
    open: (name, signal) => parts.client.openFile(lease, name, signal),
    put: (artifact, signal) => parts.client.putArtifact(lease, artifact, signal),
    delete: (name, signal) => parts.client.deleteArtifact(lease, name, signal),
  };
  const waits = createWaits({
    sandbox,
    clock,
    log,
    onAsleep() {
      log.info({ pauses: driver.can.pause }, 'all that the sandbox runs waits for people');
      reports.reportWaiting();
    },
    ...(parts.quietMs !== undefined && { quietMs: parts.quietMs }),
    isAsleep: resume?.isWaiting ?? false,
    onAwake: (stoodMs) => reports.reportWorking(stoodMs, clock.leftMs),
  });
  course.onWaited = waits.wakeUp;
  const kept = {
    ...sandbox,
    hasBegun: resume !== undefined && resume.phase !== 'starting',
    startLine: () => `${JSON.stringify(startLine(lease, limitsOf(lease).diskBytes))}\n`,
    over: course.over,
    onForgotten: () => end({ why: 'exit', exit: { reason: 'lost', detail: 'its guest was started anew' } }),
    times: parts.stream,
  };
  const relay = keepStream(kept, {
    waits,
    files,
    messages: parts.mailbox,
    task: () => guestTask(lease),
    upstream: createUpstream({
      ...{ serverUrl: parts.serverUrl, taskKey: lease.taskKey, dispatcher: parts.dispatcher },
      ...(course.canPass && { isLost: reports.isLost }),
    }),
    log,
    limits: createGuestLimits(),
    pace: createPace(),
    onEvents: reports.sendEvents,
    onCompletion: () => reports.reportPhase('working'),
    onModelAnswer: () => parts.onWorking(),
    onOutput: (given, guestGone) =>
      untilBack(() => parts.client.giveOutput(lease, given), {
        signal: AbortSignal.any([guestGone, course.over]),
      }),
    onResult: (result) => {
      reports.reportPhase('finishing');
      end({ why: 'result', result });
    },
  });
  const { why } = await ended;
  waits.end();
  // While it is there: what ends by itself may take its numbers with it.
  await driver.usage(id);
  if (why === 'result' && !course.canPass) await within(EXIT_WITHIN_MS, exited);
  relay.close();
  if (why !== 'result' || !course.canPass) await course.kill();
  const lived = { livedMs: performance.now() - startedAt, pausedMs: waits.pausedMs() };
  await reports.finish();
  // The runner that has the sandbox to its end tells what it used.
  if (isLeft()) return null;
  return billedUsage(await driver.usage(id), lived, lease.resources.vcpus, log);
}

/** The sandbox of the task, started or taken over; null when there is none, and the run has ended. */
async function openFor(lease: TakenLease, parts: TaskRunParts, course: Course): Promise<RunSandbox | null> {
  const { log } = parts;
  const { resume } = lease;
  try {
    if (resume === undefined) {
      const start = () => parts.startSandbox(limitsOf(lease), lease.taskId);
      return await startPatiently(start, course.over, log);
    }
    course.begun = true;
    log.info({ sandbox: resume.sandboxId, phase: resume.phase }, 'takes over from another runner');
    return await untilBack(() => parts.adoptSandbox(resume.sandboxId), { signal: course.over });
  } catch (error) {
    log.error({ err: error }, 'the sandbox did not start');
    const { message } = error as Error;
    if (resume === undefined) course.end({ why: 'not_started', message });
    else course.end({ why: 'exit', exit: { reason: 'lost', detail: message } });
    return null;
  }
}

/** Whether the run may begin. It must not when it has ended meanwhile. */
async function begin(reports: TaskReports, course: Course, sandbox: SandboxRef | undefined): Promise<boolean> {
  if (course.why !== null) return false;
  course.begun = true;
  try {
    return await Promise.race([reports.begin(sandbox), course.ended.then(() => false)]);
  } catch (error) {
    course.end({ why: 'not_started', message: (error as Error).message });
    return false;
  }
}

/** Of a task that the server ended; without an answer nothing is lost but a figure. */
async function reportUsage(
  { taskId, leaseId }: TakenLease,
  usage: Usage,
  { client, log, giveUp }: Pick<TaskRunParts, 'client' | 'log' | 'giveUp'>,
): Promise<void> {
  const lost = ({ message: problem }: Error) => log.warn({ problem }, 'the usage could not be reported');
  await untilBack(() => client.reportUsage(taskId, leaseId, usage), { signal: giveUp }).catch(lost);
}

async function killSandbox({ driver, id }: RunSandbox, log: Logger): Promise<void> {
  try {
    if (await within(KILL_WITHIN_MS, driver.kill(id))) return;
    log.error('the sandbox could not be killed in time; its supervisor ends it at the deadline');
  } catch (error) {
    log.error({ err: error }, 'the sandbox could not be killed; its supervisor ends it at the deadline');
  }
}
