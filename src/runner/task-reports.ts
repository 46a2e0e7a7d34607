// What is told to the server while a task runs: its events and its phase. Used by task-run.ts.
import type { Logger } from '../lib/log.ts';
import { SeedError } from '../protocol/errors.ts';
import type { Lease } from '../protocol/runner.ts';
import type { TaskPhase } from '../protocol/task.ts';
import { createBackoff, pause, within } from './backoff.ts';
import { isPassing, type ServerClient } from './server-client.ts';

/** Events that the runner has when a run ends are still sent for this long. */
const LAST_EVENTS_MS = 1_000;

export interface TaskReports {
  sendEvents(ndjson: string): Promise<void>;
  reportPhase(phase: TaskPhase): void;
  /** Resolves when all is sent or LAST_EVENTS_MS have passed. */
  finish(): Promise<void>;
}

/** What is told to the server during a run. A lost lease ends the run; an unreachable server only holds it up. */
export function createTaskReports(
  { taskId, leaseId }: Lease,
  client: ServerClient,
  log: Logger,
  onLeaseLost: () => void,
): TaskReports {
  const stopped = new AbortController();
  const underWay = new Set<Promise<void>>();
  const phases = new Set<TaskPhase>();
  let lastPhase: Promise<void> = Promise.resolve();

  const failed = (error: unknown) => {
    if (error instanceof SeedError && error.code === 'lease_lost') onLeaseLost();
    else log.warn({ err: error }, 'the server did not take a report');
  };

  async function send(ndjson: string): Promise<void> {
    const backoff = createBackoff();
    while (!stopped.signal.aborted) {
      try {
        return await client.sendEvents(taskId, leaseId, ndjson, stopped.signal);
      } catch (error) {
        if (!isPassing(error)) {
          failed(error);
          throw error;
        }
        await pause(backoff.next(), stopped.signal);
      }
    }
  }

  return {
    sendEvents(ndjson) {
      const sending = send(ndjson);
      const settled = sending.then(
        () => undefined,
        () => undefined,
      );
      underWay.add(settled);
      void settled.then(() => underWay.delete(settled));
      return sending;
    },
    reportPhase(phase) {
      if (phases.has(phase)) return;
      phases.add(phase);
      lastPhase = lastPhase.then(() => client.reportPhase(taskId, leaseId, phase)).catch(failed);
    },
    async finish() {
      await within(
        LAST_EVENTS_MS,
        Promise.all([...underWay, lastPhase]).then(() => undefined),
      );
      stopped.abort();
    },
  };
}
