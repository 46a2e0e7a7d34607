// A runner that takes every task of a Seed and ends it at once, so that a part sees tasks in all their states without
// sandboxes.
import { randomUUID } from 'node:crypto';
import type { Lease, RunnerState, Settlement } from '../../src/protocol/runner.ts';
import type { ConformanceSeed } from './part.ts';

const STATE: RunnerState = {
  id: randomUUID(),
  name: 'conformance',
  slots: 100,
  freeSlots: 100,
  driver: 'none',
  isolation: 'user-kernel',
  probes: [{ driver: 'none', usable: true, isolation: 'user-kernel' }],
};

/** Until it is disposed of. What the agent of a task says is its instruction. */
export function endTasks({ url, runnerToken }: ConformanceSeed): AsyncDisposable {
  const stopping = new AbortController();
  const post = (path: string, body: object, signal?: AbortSignal) =>
    fetch(`${url}/runner/v1${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${runnerToken}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
      ...(signal && { signal }),
    });
  const running = (async () => {
    while (!stopping.signal.aborted) {
      const answer = await post('/lease', { runner: STATE }, stopping.signal).catch(() => null);
      if (answer?.status !== 200) continue;
      const { taskId, leaseId, instruction } = (await answer.json()) as Lease;
      await post(`/tasks/${taskId}/phase`, { leaseId, phase: 'starting' });
      const settlement: Settlement & { leaseId: string } = {
        leaseId,
        outcome: 'completed',
        stdout: instruction,
        stderr: null,
        exitCode: 0,
        error: null,
        usage: null,
      };
      await post(`/tasks/${taskId}/settle`, settlement);
    }
  })();
  return {
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await running;
    },
  };
}
