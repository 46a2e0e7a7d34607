// A runner that only pretends sandboxes: takes tasks, asks in the name of each for one approval, says that it
// waits, and holds one poll for it, as the relay of a real runner does.
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Agent, request } from 'undici';
import type { Approval } from '../../src/protocol/approval.ts';
import { isSettled, POLL_SECONDS } from '../../src/protocol/approval-wait.ts';
import { HEARTBEAT_WAIT_MS, type Lease } from '../../src/protocol/runner.ts';
import type { ApprovalsServer } from './processes.ts';

const AT_ONCE = 8;
const TASK = {
  instruction: 'wait',
  timeout: 600_000,
  scopes: ['keys:write'],
  approval: { effects: ['write'], wait: 3_600_000 },
};

export interface PretendRunner extends AsyncDisposable {
  /** So many more tasks wait, each for an approval of its own. */
  ask(count: number): Promise<void>;
  /** Approves so many, one after the other; the milliseconds from each yes to the answer of its poll. */
  decide(count: number): Promise<number[]>;
}

interface Waiting {
  approvalId: string;
  /** Resolves with the moment of its answer. */
  answered: Promise<number>;
}

export async function pretendRunner(server: ApprovalsServer, slots: number): Promise<PretendRunner> {
  const id = randomUUID();
  const dispatcher = new Agent({ connections: null });
  const stopping = new AbortController();
  const held: string[] = [];
  const waiting: Waiting[] = [];
  const probes = [{ driver: 'pretend', usable: true, isolation: 'emulated' }];
  const state = () => ({
    ...{ id, name: 'pretend', slots, freeSlots: slots - held.length, driver: 'pretend', isolation: 'emulated' },
    probes,
  });
  const post = <Body>(path: string, body: object) =>
    server.call<Body>('POST', `/runner/v1${path}`, { key: server.runnerToken, body });

  const beating = (async () => {
    while (!stopping.signal.aborted) {
      await post('/heartbeat', { runnerId: id, tasks: held, waiting: held, runner: state() });
      await sleep(HEARTBEAT_WAIT_MS);
    }
  })();

  async function poll(approvalId: string, taskKey: string): Promise<number> {
    for (;;) {
      const { body } = await request(`${server.url}/api/v1/approvals/${approvalId}`, {
        dispatcher,
        headers: { authorization: `Bearer ${taskKey}`, prefer: `wait=${POLL_SECONDS}` },
        signal: stopping.signal,
      });
      const { approval } = (await body.json()) as { approval: Approval };
      if (isSettled(approval)) return performance.now();
    }
  }

  async function askOne(): Promise<void> {
    await server.call('POST', '/api/v1/tasks/run', { key: server.poster, body: TASK });
    const { taskId, leaseId, taskKey } = await post<Lease>('/lease', { runner: state() });
    held.push(taskId);
    await post(`/tasks/${taskId}/phase`, { leaseId, phase: 'starting' });
    const body = { name: `of ${taskId}`, scopes: ['keys:write'] };
    const { approval } = await server.call<{ approval: Approval }>('POST', '/api/v1/keys', { key: taskKey, body });
    await post(`/tasks/${taskId}/waiting`, { leaseId });
    const answered = poll(approval.id, taskKey);
    answered.catch(() => undefined);
    waiting.push({ approvalId: approval.id, answered });
  }

  return {
    async ask(count) {
      let left = count;
      const asking = async () => {
        while (left > 0) {
          left -= 1;
          await askOne();
        }
      };
      await Promise.all(Array.from({ length: AT_ONCE }, asking));
    },
    async decide(count) {
      const took: number[] = [];
      for (const { approvalId, answered } of waiting.splice(0, count)) {
        const decidedAt = performance.now();
        await server.call('POST', `/api/v1/approvals/${approvalId}/approve`, { key: server.adminKey, body: {} });
        took.push((await answered) - decidedAt);
      }
      return took;
    },
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await beating;
      await dispatcher.destroy();
      await post('/leave', { runnerId: id, tasks: [] });
    },
  };
}
