// Budgets and child tasks with real sandboxes.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Task } from '../../src/protocol/task.ts';
import { bash, processesNaming, startSeed, type TestSeed, until } from '../fixtures/seed.ts';

let seed: TestSeed;
beforeAll(async () => {
  seed = await startSeed();
});
afterAll(() => seed?.remove());

const noSandboxIsLeft = () =>
  until('no sandbox is left', async () => {
    const processes = await processesNaming(`${seed.dataDir}/`);
    return processes.every(({ commandLine }) => !commandLine.includes('runsc'));
  });
const childrenOf = async (id: string) =>
  (await seed.call<{ items: Task[] }>('GET', `/api/v1/tasks?parentTaskId=${id}`)).body.items;

/** For a block that starts a task which runs a block itself. */
const NESTED = `fence=$(printf '\\x60\\x60\\x60')
block() { printf '%sbash\\n%s\\n%s\\n' "$fence" "$1" "$fence"; }`;

describe('a budget', () => {
  it('that is used up ends the task failed with budget_exceeded, with all its output', async () => {
    const task = await seed.runTask({
      instruction: bash('echo the first', 'echo the second', 'echo never'),
      budget: { calls: 2 },
    });
    expect(task).toMatchObject({
      status: 'failed',
      error: { code: 'budget_exceeded', message: expect.stringContaining('out of budget: 2 of 2 calls') },
      stdout: 'the second\n',
      used: { calls: 2 },
    });
    const events = JSON.stringify(await seed.events(task.id));
    expect(events).toContain('the first');
    expect(events).not.toContain('never\\n');
    await noSandboxIsLeft();
  });

  it('ends an agent, too, that goes on without its model', async () => {
    const body = JSON.stringify({ model: 'scripted', messages: [{ role: 'user', content: 'hi' }] });
    const task = await seed.runTask({
      instruction: bash(
        `for i in 1 2 3; do curl -s -o /dev/null -w '%{http_code} ' -H 'content-type: application/json' -d '${body}' "$SEED_API_URL/llm/v1/chat/completions"; done; sleep 600`,
      ),
      budget: { calls: 2 },
    });
    expect(task).toMatchObject({
      status: 'failed',
      error: { code: 'budget_exceeded' },
      stdout: '200 402 402 ',
    });
    await noSandboxIsLeft();
  });
});

describe('a task that starts a task', () => {
  it('gets its answer, and pays for it', async () => {
    const task = await seed.runTask({
      instruction: bash(
        `${NESTED}\nseed tasks run "$(block 'echo from below')" --scopes audit:read --json 2>/dev/null | jq -r '.task.status, .task.stdout'`,
      ),
      scopes: ['tasks:*', 'keys:read'],
      budget: { calls: 20 },
    });
    expect(task.status).toBe('completed');
    expect(task.stdout).toBe('completed\nfrom below');
    const [child, ...more] = await childrenOf(task.id);
    expect(more).toEqual([]);
    expect(child).toMatchObject({
      parentTaskId: task.id,
      status: 'completed',
      scopes: { effective: [], denied: ['audit:read'] },
    });
    expect(child?.used.calls).toBe(2);
    expect(task.used.calls).toBe(4);
    expect(Date.parse(child?.completedAt ?? '')).toBeLessThan(Date.parse(task.completedAt ?? ''));
  });

  it('takes it along when it is stopped', async () => {
    const task = await seed.postTask({
      instruction: bash(`${NESTED}\nseed tasks run "$(block 'echo alive; sleep 600')"`),
    });
    const child = await until('the child runs', async () => (await childrenOf(task.id))[0]);
    await seed.waitForEvent(child.id, (event) => event.type === 'tool_output' && event.chunk.includes('alive'));
    await seed.call('POST', `/api/v1/tasks/${task.id}/stop`);
    expect(await seed.getTask(child.id)).toMatchObject({
      status: 'stopped',
      error: { code: 'interrupted' },
      stdout: expect.stringContaining('alive'),
    });
    await noSandboxIsLeft();
  });
});
