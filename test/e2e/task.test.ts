import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bash, startSeed, type TestSeed } from '../fixtures/seed.ts';

let seed: TestSeed;
beforeAll(async () => {
  seed = await startSeed();
});
afterAll(() => seed?.remove());

describe('a task in a sandbox', () => {
  it('runs from the instruction to the answer, with its transcript', async () => {
    const task = await seed.runTask({
      instruction: bash('echo first; echo to-stderr >&2', 'seed whoami --json | jq -r .account.name'),
      metadata: { ticket: 'T-1' },
    });
    expect(task).toMatchObject({
      status: 'completed',
      exitCode: 0,
      stdout: 'default',
      error: null,
      model: 'scripted',
      metadata: { ticket: 'T-1' },
    });
    expect(task.inputTokens).toBeGreaterThan(0);
    expect(task.outputTokens).toBeGreaterThan(0);
    expect([task.queuedMs, task.startMs, task.runMs].every((ms) => ms !== null && ms >= 0)).toBe(true);

    const events = await seed.events(task.id);
    expect(events.map((event) => event.seq)).toEqual(events.map((_, index) => index + 1));
    const statuses = events.flatMap((event) =>
      event.type === 'status' ? [`${event.status} ${event.phase}`] : [],
    );
    expect(statuses[0]).toBe('queued null');
    expect(statuses).toContain('running starting');
    expect(statuses).toContain('running working');
    expect(statuses.at(-1)).toBe('completed null');
    const results = events.filter((event) => event.type === 'tool_result');
    expect(results[0]).toMatchObject({
      isError: false,
      output: expect.stringMatching(/first[\s\S]*to-stderr/),
    });
    expect(events.filter((event) => event.type === 'command')).toMatchObject([
      { command: 'whoami', effect: 'read', scope: null, status: 200 },
    ]);
  });

  it('streams output while a command is still running', async () => {
    const task = await seed.postTask({ instruction: bash('echo early; sleep 3; echo late') });
    const response = await fetch(`${seed.url}/api/v1/tasks/${task.id}/events`, {
      headers: { authorization: `Bearer ${seed.adminKey}`, accept: 'text/event-stream' },
    });
    let seen = '';
    let earlyAt = 0;
    for await (const chunk of response.body ?? []) {
      seen += Buffer.from(chunk).toString();
      if (earlyAt === 0 && /"tool_output".*early/.test(seen)) {
        earlyAt = performance.now();
        expect(seen).not.toContain('late\\n');
      }
    }
    expect(earlyAt).toBeGreaterThan(0);
    expect(performance.now() - earlyAt).toBeGreaterThan(1_500);
    expect(seen).toContain('event: end');

    const ids = [...seen.matchAll(/^id: (\d+)$/gm)].map((match) => Number(match[1]));
    const resumed = await fetch(`${seed.url}/api/v1/tasks/${task.id}/events`, {
      headers: {
        authorization: `Bearer ${seed.adminKey}`,
        accept: 'text/event-stream',
        'last-event-id': String(ids[2]),
      },
    });
    const again = [...(await resumed.text()).matchAll(/^id: (\d+)$/gm)].map((match) => Number(match[1]));
    expect(again).toEqual(ids.slice(3));
  });

  it('answers with the failing block and says so when a block fails', async () => {
    const task = await seed.runTask({ instruction: bash('echo broken; exit 3', 'echo never') });
    expect(task.status).toBe('completed');
    expect(task.stdout).toContain('broken');
    expect(task.stdout).not.toContain('never');
  });

  it('runs without any command when the scopes have nothing in common', async () => {
    const { secret } = await seed.newKey(['tasks:write', 'tasks:read']);
    const task = await seed.runTask(
      { instruction: bash('seed --help; seed keys list'), scopes: ['keys:read'] },
      secret,
    );
    expect(task.scopes).toEqual({ requested: ['keys:read'], effective: [], denied: ['keys:read'] });
    expect(task.status).toBe('completed');
    expect(task.stdout).not.toContain('keys revoke');
  });

  it('gives every task a working folder of its own', async () => {
    await seed.runTask({ instruction: bash('echo mine > /workspace/note; echo mine > /tmp/note') });
    const second = await seed.runTask({ instruction: bash('ls -A /workspace /tmp; hostname; id -u') });
    expect(second.stdout).not.toContain('note');
    expect(second.stdout).toMatch(/1000$/);
  });
});
