// One real sandbox whose agent asks again and again: what it takes of the processor while it waits, and how fast
// what it waits for is there once somebody has decided.
import { setTimeout as sleep } from 'node:timers/promises';
import { linesOf } from '../../src/lib/read-stream.ts';
import type { Approval } from '../../src/protocol/approval.ts';
import type { TaskEvent } from '../../src/protocol/event.ts';
import type { Task } from '../../src/protocol/task.ts';
import { type ApprovalsServer, cpuSecondsBelow } from './processes.ts';

const WATCHED_MS = 5_000;
const LOOK_EVERY_MS = 100;

export interface SandboxFigures {
  /** In all the time that it was watched. */
  sleepingCpuSeconds: number;
  watchedSeconds: number;
  /** From each decision to the output of the call in the task's transcript. */
  wakeMs: number[];
}

export async function measureSandbox(server: ApprovalsServer, rounds: number): Promise<SandboxFigures> {
  await using runner = await server.startRunner();
  const { call, adminKey: key } = server;
  const marks = Array.from({ length: rounds }, (_, round) => `round-${round}`);
  const blocks = marks.map(
    (mark) => `\`\`\`bash\nseed keys create --name ${mark} --scopes keys:write --json\n\`\`\``,
  );
  const approval = { effects: ['write'], wait: 3_600_000 };
  const body = { instruction: blocks.join('\n'), timeout: 600_000, scopes: ['keys:*'], approval };
  const { task } = await call<{ task: Task }>('POST', '/api/v1/tasks/run', { key: server.poster, body });
  const seen = watch(server, task.id);
  const figures: SandboxFigures = { sleepingCpuSeconds: 0, watchedSeconds: 0, wakeMs: [] };
  for (const mark of marks) {
    await asleep(server, task.id);
    const before = await cpuSecondsBelow(runner.pid);
    await sleep(WATCHED_MS);
    figures.sleepingCpuSeconds += (await cpuSecondsBelow(runner.pid)) - before;
    figures.watchedSeconds += WATCHED_MS / 1000;
    const path = `/api/v1/approvals?state=pending&task=${task.id}`;
    const [pending] = (await call<{ items: Approval[] }>('GET', path, { key })).items;
    const decidedAt = performance.now();
    await call('POST', `/api/v1/approvals/${pending?.id}/approve`, { key, body: {} });
    figures.wakeMs.push((await seen(`"${mark}"`)) - decidedAt);
  }
  return figures;
}

async function asleep({ call, adminKey: key }: ApprovalsServer, taskId: string): Promise<void> {
  for (;;) {
    const { task } = await call<{ task: Task }>('GET', `/api/v1/tasks/${taskId}`, { key });
    if (task.status === 'waiting_for_approval') return;
    if (task.completedAt !== null) throw new Error(`the task ended ${task.status}: ${task.stdout}`);
    await sleep(LOOK_EVERY_MS);
  }
}

/** What the task's commands print. @returns a function that resolves with the moment at which a text was there */
function watch(server: ApprovalsServer, taskId: string): (text: string) => Promise<number> {
  const waiters = new Map<string, (moment: number) => void>();
  void (async () => {
    const headers = { authorization: `Bearer ${server.adminKey}`, accept: 'application/x-ndjson' };
    const response = await fetch(`${server.url}/api/v1/tasks/${taskId}/events`, { headers });
    for await (const line of linesOf(response.body as AsyncIterable<Uint8Array> & ReadableStream)) {
      const event = JSON.parse(line) as TaskEvent;
      if (event.type !== 'tool_output') continue;
      for (const [text, resolve] of waiters) if (event.chunk.includes(text)) resolve(performance.now());
    }
  })();
  return (text) => new Promise((resolve) => waiters.set(text, resolve));
}
