// What is told to the server while a task runs: its events and its phase. Used by task-run.ts.
import type { Logger } from '../lib/log.ts';
import { SeedError } from '../protocol/errors.ts';
import type { Lease, SandboxRef } from '../protocol/runner.ts';
import type { TaskPhase } from '../protocol/task.ts';
import { createBackoff, isAway, pause } from '../relay/patience.ts';
import { isPassing, type ServerClient } from './server-client.ts';
import { GIVE_UP_AFTER_MS } from './settlement.ts';

interface ReportParts {
  client: ServerClient;
  log: Logger;
  /** Aborted when there is no time left to try. */
  giveUp: AbortSignal;
}

export interface TaskReports {
  /**
   * Says that the run begins; only then may it have any effect. Resolves with whether it may: the task may have
   * gone back to the queue. Throws what the server refused it with. Waits for a server that is away.
   */
  begin(sandbox?: SandboxRef): Promise<boolean>;
  /** Whether the server says that the task is no longer this runner's; false when it says nothing. */
  isLost(): Promise<boolean>;
  /**
   * Resolves when the server has the batch; throws what it refused it with. Waits for a server that is away. One
   * that came before is not read and not sent again.
   */
  sendEvents(number: number | null, read: () => Promise<string>): Promise<void>;
  /** Each phase once. */
  reportPhase(phase: TaskPhase): void;
  /** That all its sandbox runs waits for people. It and what follows are told in this order. */
  reportWaiting(): void;
  /** That it works again. @param leftMs until its deadline, asked when it is told */
  reportWorking(waitedMs: number, leftMs: () => number): void;
  /** Waits for a server that is away, as the settlement behind it does. Resolves when all is sent or given up. */
  finish(): Promise<void>;
}

/** @param onLeaseLost called when the server says that the task is no longer this runner's */
export function createTaskReports(
  { taskId, leaseId }: Lease,
  { client, log, giveUp }: ReportParts,
  onLeaseLost: () => void,
): TaskReports {
  const stopped = new AbortController();
  const { signal } = stopped;
  const inFlight = new Set<Promise<unknown>>();
  const phases = new Set<TaskPhase>();
  let batches = 0;
  let lastBatch: Promise<void> = Promise.resolve();
  let finishing = false;
  let last: Promise<unknown> = Promise.resolve();

  async function untilTaken(report: () => Promise<void>): Promise<void> {
    const backoff = createBackoff();
    while (!signal.aborted) {
      try {
        return await report();
      } catch (error) {
        if (error instanceof SeedError && error.code === 'lease_lost') onLeaseLost();
        // At the end only a server that is away is worth waiting for: the settlement waits behind this.
        if (!(finishing ? isAway(error) : isPassing(error))) throw error;
        await pause(backoff.next(), signal);
      }
    }
  }

  /** Remembers the report until it is over; whoever sent it hears how it went. */
  function track(report: Promise<void>): Promise<void> {
    const refused = ({ message: problem }: Error) => log.warn({ problem }, 'the server did not take a report');
    const over = report.catch(refused);
    inFlight.add(over);
    void over.then(() => inFlight.delete(over));
    return report;
  }

  function inOrder(report: () => Promise<void>): void {
    last = track(last.then(() => untilTaken(report))).catch(() => undefined);
  }

  return {
    async begin(sandbox) {
      await track(untilTaken(() => client.reportPhase(taskId, leaseId, 'starting', sandbox)));
      return !signal.aborted;
    },
    async isLost() {
      try {
        await client.reportPhase(taskId, leaseId, 'starting');
        return false;
      } catch (error) {
        if (!(error instanceof SeedError) || error.code !== 'lease_lost') return false;
        onLeaseLost();
        return true;
      }
    },
    async sendEvents(given, read) {
      // The guest had no answer: it is that of the first time.
      if (given !== null && given <= batches) return lastBatch;
      const ndjson = await read();
      const number = given ?? batches + 1;
      if (number <= batches) return lastBatch;
      batches = number;
      const batch = { taskId, leaseId, number, ndjson };
      lastBatch = track(untilTaken(() => client.sendEvents(batch, signal)));
      return lastBatch;
    },
    reportPhase(phase) {
      if (phases.has(phase)) return;
      phases.add(phase);
      inOrder(() => client.reportPhase(taskId, leaseId, phase));
    },
    reportWaiting: () => inOrder(() => client.reportWaiting(taskId, leaseId)),
    reportWorking(waitedMs, leftMs) {
      inOrder(() => client.reportWorking(taskId, leaseId, { waitedMs, leftMs: leftMs() }));
    },
    async finish() {
      finishing = true;
      const late = AbortSignal.any([giveUp, AbortSignal.timeout(GIVE_UP_AFTER_MS)]);
      const stop = () => stopped.abort();
      if (late.aborted) stop();
      late.addEventListener('abort', stop, { once: true });
      await Promise.all(inFlight);
      late.removeEventListener('abort', stop);
      stop();
    },
  };
}
