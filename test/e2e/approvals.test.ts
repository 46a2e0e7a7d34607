// Tasks whose calls wait for people, in real sandboxes: off the processor for longer than every time-out within,
// through the death of the server, and woken by the decision; or nobody decides in time, or they are stopped.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { processTree } from '../../src/lib/host-processes.ts';
import type { Approval } from '../../src/protocol/approval.ts';
import type { Task } from '../../src/protocol/task.ts';
import { type ChatMessage, fencedCommands, readConversation } from '../../src/scripted/next-step.ts';
import { DONE, type LlmUpstream, startLlmUpstream, stream, usageChunk } from '../fixtures/llm-upstream.ts';
import { bash, processesNaming, startSeed, type TestSeed, until } from '../fixtures/seed.ts';

/** Of a task, and of each command that the agent runs. */
const TIMEOUT_MS = 30_000;
/** Longer than those, and than the 30 seconds after which a request is reset that does not go on. */
const PAUSE_MS = 33_000;

let model: LlmUpstream;
let seed: TestSeed;
let poster: string;
/** Asks for one incident, which is approved; for a second, which is denied; and then for many at once. */
let reporter: Task;
/** Has one call of its model, and asks for more. */
let spender: Task;
let asleepAt: number;
beforeAll(async () => {
  model = await startModel();
  seed = await startSeed({
    SEED_PACKS: 'examples/devops',
    SEED_RUNNER_SLOTS: '5',
    SEED_LLM_BASE_URL: model.baseUrl,
    SEED_LLM_API_KEY: 'sk-test',
    SEED_LLM_MODEL: 'patient',
  });
  await seed.call('POST', '/api/v1/packs/devops/samples');
  poster = (await seed.newKey(['tasks:*', 'incidents:*', 'keys:*'])).secret;
  [reporter, spender] = await Promise.all([
    post({ wait: 300_000 }, [report('production-us', 'first'), report('qa', 'second'), many]),
    post({ wait: 300_000, budget: 'ask' }, ['echo spent'], { model: 'scripted', budget: { calls: 1 } }),
  ]);
  await Promise.all([reporter, spender].map((task) => becomes(task, 'waiting_for_approval')));
  asleepAt = performance.now();
}, 90_000);
afterAll(async () => {
  await seed?.remove();
  await model?.close();
});

/** Runs the blocks of its instruction as `scripted` does, each with a time-out. */
async function startModel(): Promise<LlmUpstream> {
  const upstream = await startLlmUpstream();
  upstream.behave((response, request) => {
    const { messages } = upstream.requests.at(-1)?.body ?? {};
    const { instruction, results } = readConversation(messages as ChatMessage[]);
    const command = fencedCommands(instruction)[results.length];
    const input = JSON.stringify({ command, timeout: TIMEOUT_MS / 1000 });
    const call = { index: 0, id: `call_${results.length}`, type: 'function' };
    const [delta, finish_reason] =
      command === undefined
        ? [{ content: results.at(-1)?.output }, 'stop']
        : [{ tool_calls: [{ ...call, function: { name: 'bash', arguments: input } }] }, 'tool_calls'];
    const head = { id: 'c1', object: 'chat.completion.chunk', created: 1, model: 'm' };
    const chunks = [delta, {}].map((part, at) => ({
      ...head,
      choices: [{ index: 0, delta: part, finish_reason: at === 0 ? null : finish_reason }],
    }));
    const lines = chunks.map((chunk) => `data: ${JSON.stringify(chunk)}\n\n`);
    return stream([...lines, usageChunk(), DONE].join(''))(response, request);
  });
  return upstream;
}

const report = (environment: string, title: string) =>
  `seed incidents create ${environment} --title "${title}" --severity high --summary "it is" --json; echo "code $?"`;
const MANY = 16;
const names = Array.from({ length: MANY }, (_, index) => `one of many ${10 + index}`);
/** All at once. */
const many = [
  ...names.map(
    (name) => `(seed keys create --name "${name}" --scopes keys:read &> /dev/null; echo "${name}: $?") &`,
  ),
  'wait',
].join('\n');
const post = (approval: object, blocks: string[], more: object = {}) =>
  seed.postTask(
    {
      instruction: bash(...blocks),
      timeout: TIMEOUT_MS,
      approval: { effects: ['write', 'destructive'], ...approval },
      ...more,
    },
    poster,
  );
const approvalsOf = async (task: Task): Promise<Approval[]> => {
  const { body } = await seed.call<{ items: Approval[] }>('GET', `/api/v1/approvals?limit=100&task=${task.id}`);
  return body.items;
};
const pendingOf = (task: Task, count = 1) =>
  until(
    `${count} wait`,
    async () => {
      const pending = (await approvalsOf(task).catch(() => [])).filter(({ state }) => state === 'pending');
      return pending.length === count && pending;
    },
    60_000,
  );
const decide = async (id: string | undefined, how: 'approve' | 'deny', message?: string) => {
  const body = { message };
  return (await seed.call<{ approval: Approval }>('POST', `/api/v1/approvals/${id}/${how}`, { body })).status;
};
const becomes = (task: Task, status: Task['status'], withinMs = 60_000) =>
  until(
    `it is ${status}`,
    async () => {
      const now = await seed.getTask(task.id).catch(() => null);
      return now?.status === status && now;
    },
    withinMs,
  );
const OF_THE_SAMPLES = ['Load test does not answer'];
const incidents = async () => {
  const { body } = await seed.call<{ items: { title: string }[] }>('GET', '/api/v1/incidents?limit=100');
  return body.items.map(({ title }) => title).filter((title) => !OF_THE_SAMPLES.includes(title));
};

async function cpuOf(task: Task): Promise<number> {
  const sentry = (await processesNaming(`/sandboxes/${task.id}`)).find(({ commandLine }) =>
    commandLine.startsWith('runsc-sandbox'),
  );
  if (!sentry) throw new Error('the sandbox is not there');
  return (await processTree(sentry.pid)).reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0);
}

describe('a task whose calls need a yes', () => {
  it('goes on, or ends, when nobody decides in time; and nothing of one that is stopped is done', async () => {
    const [goesOn, ends, stopped] = await Promise.all([
      post({ wait: 6_000 }, [report('staging', 'late')]),
      post({ wait: 6_000, onExpiry: 'end' }, [report('staging', 'later')]),
      post({ wait: 300_000 }, [report('staging', 'never')]),
    ]);
    const [pending] = await pendingOf(stopped);
    await becomes(stopped, 'waiting_for_approval');
    await seed.call('POST', `/api/v1/tasks/${stopped.id}/stop`);
    expect(await decide(pending?.id, 'approve')).toBe(409);
    const continued = await becomes(goesOn, 'completed');
    expect(continued.stdout).toMatch(/nobody decided on this call in time, which is no denial[\s\S]*code 4/);
    const failed = await becomes(ends, 'failed');
    expect(failed).toMatchObject({ error: { code: 'approval_expired' } });
    for (const { id } of [goesOn, ends, stopped])
      await until('its sandbox is gone', async () => (await processesNaming(`/sandboxes/${id}`)).length === 0);
    expect(await incidents()).toEqual([]);
  }, 120_000);

  it('sleeps for longer than its time-outs and through the death of the server, and goes on as it was decided', async () => {
    const [[first], [more]] = await Promise.all([pendingOf(reporter), pendingOf(spender)]);
    expect(first).toMatchObject({ command: 'incidents create', task: reporter.id });
    expect(more).toMatchObject({ kind: 'budget', budget: { current: 1, requested: 2, unit: 'calls' } });
    const waits = await seed.getTask(reporter.id);
    expect(Date.parse(waits.deadline ?? '') - Date.now()).toBeGreaterThan(TIMEOUT_MS);
    const sleepers = [reporter, spender];
    const before = await Promise.all(sleepers.map(cpuOf));
    const server = seed.serverPid();
    process.kill(server, 'SIGKILL');
    await until('another server', () => seed.serverPid() !== server);
    await until('it answers', () => seed.getTask(reporter.id).catch(() => null), 60_000);
    await sleep(PAUSE_MS - (performance.now() - asleepAt));
    expect(await Promise.all(sleepers.map(cpuOf))).toEqual(before);
    expect(await incidents()).toEqual([]);

    const approvedAt = Date.now();
    expect(await Promise.all([first, more].map((asked) => decide(asked?.id, 'approve')))).toEqual([200, 200]);
    await seed.waitForEvent(reporter.id, ({ type }) => type === 'tool_result');
    const answered = (await seed.eventsSoFar(reporter.id)).find(({ type }) => type === 'tool_output');
    expect(answered).toMatchObject({ chunk: expect.stringContaining('"first"') });
    // Both are this machine's clock; with the run of the call, and the pause in which events are gathered.
    expect(Date.parse(answered?.at ?? '') - approvedAt).toBeLessThan(3_000);
    const [second] = await pendingOf(reporter);
    expect(await decide(second?.id, 'deny', 'not this one')).toBe(200);
    const asked = await pendingOf(reporter, MANY);
    await becomes(reporter, 'waiting_for_approval');
    const decided = await Promise.all(asked.map(({ id }) => decide(id, 'approve')));
    expect(decided).toEqual(asked.map(() => 200));

    const [reported, spent] = await Promise.all([becomes(reporter, 'completed'), becomes(spender, 'completed')]);
    const output = (await seed.events(reporter.id)).flatMap((event) =>
      event.type === 'tool_output' ? [event.chunk] : [],
    );
    expect(output.join('')).toMatch(
      /"first"[\s\S]*code 0[\s\S]*a person said no to this call: not this one[\s\S]*code 4/,
    );
    expect(reported.stdout?.split('\n').sort()).toEqual(names.map((name) => `${name}: 0`));
    expect(await incidents()).toEqual(['first']);
    const { body } = await seed.call<{ items: { name: string }[] }>('GET', '/api/v1/keys?limit=100');
    expect(
      body.items
        .map(({ name }) => name)
        .filter((name) => names.includes(name))
        .sort(),
    ).toEqual(names);
    expect(spent).toMatchObject({ stdout: 'spent', budget: { calls: 2 } });
    for (const { waitedMs, usage } of [reported, spent]) {
      expect(Math.min(waitedMs, usage?.pausedMs ?? 0)).toBeGreaterThan(PAUSE_MS - 2_000);
      expect(usage?.wallMs).toBeLessThan(TIMEOUT_MS);
    }
  }, 120_000);
});
