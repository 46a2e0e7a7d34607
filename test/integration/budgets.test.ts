// Budgets of tasks, in front of an upstream that counts: what many calls at the same time may take together.
import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Lease } from '../../src/protocol/runner.ts';
import { llmSettings } from '../fixtures/llm-settings.ts';
import { completion, hang, type LlmUpstream, startLlmUpstream } from '../fixtures/llm-upstream.ts';
import { startTestServer, type TestServer } from '../fixtures/server.ts';
import { expectSumsToAgree } from '../fixtures/sums.ts';

const TOKENS = 18;
const COST = 0.0011;

let upstream: LlmUpstream;
let server: TestServer;
let sibling: Awaited<ReturnType<TestServer['sibling']>>;
/** Requests that the upstream has under way, and the most there were. */
let underWay = 0;
let most = 0;
/** What answers wait for. */
let together = Promise.withResolvers<void>();

beforeAll(async () => {
  upstream = await startLlmUpstream();
  const answer = completion('hello', { prompt_tokens: 11, completion_tokens: 7, cost: COST });
  upstream.behave(async (response, request) => {
    underWay += 1;
    most = Math.max(most, underWay);
    if (underWay > 1) together.resolve();
    await together.promise;
    underWay -= 1;
    await answer(response, request);
  });
  const pricesFile = join(tmpdir(), `seed-prices-${randomUUID()}.json`);
  // More than what the upstream takes, by the bytes of the requests below.
  const models = { m: { input: 20, output: 100 } };
  await writeFile(pricesFile, JSON.stringify({ models, compute: { vcpuSecond: 0.01, gbSecond: 0 } }));
  const llm = llmSettings({ baseUrl: upstream.baseUrl, defaultModels: ['m'] });
  server = await startTestServer({ llm, pricesFile });
  sibling = await server.sibling();
});
beforeEach(() => {
  upstream.requests.length = 0;
  most = 0;
  together = Promise.withResolvers();
});
afterAll(async () => {
  await sibling?.stop();
  await server?.stop();
  await upstream?.close();
});

async function start(body: object): Promise<Lease> {
  const runner = server.runner();
  await runner.appear();
  const { status } = await server.call('POST', '/api/v1/tasks/run', { body: { instruction: 'hi', ...body } });
  expect(status).toBe(202);
  return runner.lease();
}

const ask = (lease: Lease, more: object = { max_tokens: 7 }, at: Pick<TestServer, 'call'> = server) =>
  at.call('POST', '/llm/v1/chat/completions', {
    key: lease.taskKey,
    body: { model: lease.model, messages: [{ role: 'user', content: 'hi' }], ...more },
  });

/** A hundred at once, from two servers. Returns how many were answered; the others were refused for the budget. */
async function askHundred(lease: Lease, more?: object): Promise<number> {
  const answers = await Promise.all(
    Array.from({ length: 100 }, (_, index) => ask(lease, more, index % 2 ? server : sibling)),
  );
  const refused = answers.filter(({ status }) => status !== 200);
  const reasons = new Set(refused.map(({ status, body }) => `${status} ${body.error.code}`));
  // Those that a busy machine comes to last find that the task, and with it its key, has ended for that.
  reasons.delete('401 key_revoked');
  expect([...reasons]).toEqual(['402 budget_exceeded']);
  return answers.length - refused.length;
}

async function usedBy({ taskId }: Lease) {
  const { task } = (await server.call('GET', `/api/v1/tasks/${taskId}`)).body;
  // What the task has used, what its rows add up to, and what the upstream was asked for.
  const calls = upstream.requests.length;
  expect(task.used.calls).toBe(calls);
  expect(task.used.tokens).toBe(calls * TOKENS);
  expect(task.used.usd).toBeCloseTo(calls * COST, 9);
  expect(task.inputTokens + task.outputTokens).toBe(calls * TOKENS);
  await expectSumsToAgree(server.databaseUrl);
  return task.used;
}

// The first of them are answered only when two are under way.
describe('a hundred calls at once', () => {
  it('take no more calls than the budget has', async () => {
    const lease = await start({ budget: { calls: 10 } });
    expect(await askHundred(lease)).toBe(10);
    expect((await usedBy(lease)).calls).toBe(10);
  });

  it('take the tokens of the budget and at most those of one call more', async () => {
    const lease = await start({ budget: { tokens: 1_000 } });
    await askHundred(lease);
    const { tokens } = await usedBy(lease);
    expect(tokens).toBeGreaterThanOrEqual(1_000);
    expect(tokens).toBeLessThan(1_000 + TOKENS);
  });

  it('spend the budget and at most what one call costs more', async () => {
    const lease = await start({ budget: { usd: 0.03 } });
    await askHundred(lease);
    const { usd } = await usedBy(lease);
    expect(usd).toBeGreaterThanOrEqual(0.03);
    expect(usd).toBeLessThan(0.03 + COST);
  });

  it('are made one after the other when they do not say how long their answer may be', async () => {
    together.resolve();
    const lease = await start({ budget: { tokens: 100 } });
    await askHundred(lease, {});
    expect((await usedBy(lease)).tokens).toBe(TOKENS * 6);
    expect(most).toBe(1);
  });
});

describe('a task out of budget', () => {
  beforeEach(() => together.resolve());

  it('ends failed with budget_exceeded and its output so far, whatever its agent makes of it', async () => {
    for (const said of [
      {
        outcome: 'failed' as const,
        stdout: null,
        error: { code: 'llm_unavailable' as const, message: 'no' },
      },
      { outcome: 'completed' as const, stdout: 'half' },
    ]) {
      const lease = await start({ budget: { calls: 1 } });
      expect((await ask(lease)).status).toBe(200);
      const { body } = await ask(lease);
      expect(body.error.message).toBe('this task is out of budget: 1 of 1 calls of this task are used');
      const events = JSON.stringify({ type: 'text', text: 'half' });
      const headers = { 'seed-lease': lease.leaseId, 'seed-batch': '1' };
      const runner = server.runner();
      expect((await runner.post(`/tasks/${lease.taskId}/events`, events, headers)).status).toBe(204);
      expect(await runner.settle(lease, said)).toBe(204);
      const { task } = (await server.call('GET', `/api/v1/tasks/${lease.taskId}`)).body;
      expect(task).toMatchObject({
        status: 'failed',
        error: { code: 'budget_exceeded', message: body.error.message },
        stdout: 'half',
        budget: { calls: 1, tokens: null, usd: null },
        used: { calls: 1, tokens: TOKENS },
      });
    }
  });

  it('counts its sandbox, too', async () => {
    const lease = await start({ budget: { usd: 100 } });
    await ask(lease);
    const usage = { cpuSeconds: 3, peakMemoryBytes: 1, wallMs: 1_000 };
    await server.runner().settle(lease, { usage });
    const { task } = (await server.call('GET', `/api/v1/tasks/${lease.taskId}`)).body;
    expect(task).toMatchObject({ status: 'completed', used: { calls: 1 } });
    expect(task.used.usd).toBeCloseTo(COST + 0.03, 9);
    expect(task.used.usd).toBe(task.cost.total);
    await expectSumsToAgree(server.databaseUrl);
  });
});

describe('a call that waits for another one', () => {
  it('is made when that one has failed and left enough, and is not when its caller has gone', async () => {
    const other = await start({ budget: { calls: 2 } });
    const reached = Promise.withResolvers<void>();
    upstream.behave((response, request) => {
      reached.resolve();
      return hang(response, request);
    }, completion('hello'));
    const lease = await start({ budget: { tokens: 100 } });
    // None says how much it takes, so that there is one at a time.
    const askUntil = (signal: AbortSignal) =>
      fetch(`${server.url}/llm/v1/chat/completions`, {
        method: 'POST',
        headers: { authorization: `Bearer ${lease.taskKey}`, 'content-type': 'application/json' },
        body: JSON.stringify({ model: 'm', messages: [{ role: 'user', content: 'hi' }] }),
        signal,
      }).catch(() => null);
    const [gone, impatient] = [new AbortController(), new AbortController()];
    const first = askUntil(gone.signal);
    await reached.promise;
    const second = ask(lease, {});
    const third = askUntil(impatient.signal);
    // Another task is not held up.
    expect((await ask(other)).status).toBe(200);
    expect(upstream.requests).toHaveLength(2);
    impatient.abort();
    await third;
    gone.abort();
    await first;
    expect((await second).status).toBe(200);
    expect(upstream.requests).toHaveLength(3);
    const { task } = (await server.call('GET', `/api/v1/tasks/${lease.taskId}`)).body;
    // The request of the one that went away was read.
    const read = task.used.tokens - TOKENS;
    expect(read).toBeGreaterThan(0);
    expect(read).toBeLessThan(TOKENS);
    expect(task.used.calls).toBe(2);
  });
});

describe('bad input', () => {
  it.each([
    [{}, 'budget: give at least one of tokens, usd and calls'],
    [{ calls: 0 }, 'budget.calls'],
    [{ tokens: 1.5 }, 'budget.tokens'],
    [{ usd: -1 }, 'budget.usd: is at least a millionth of a US dollar'],
    [{ usd: 2_000_000 }, 'budget.usd: is at most 1000000 US dollars'],
    [{ euros: 1 }, 'unknown field: budget.euros'],
    ['much', 'budget'],
  ])('%j is refused', async (budget, message) => {
    const { status, body } = await server.call('POST', '/api/v1/tasks/run', {
      body: { instruction: 'hi', budget },
    });
    expect([status, body.error.code]).toEqual([400, 'invalid_input']);
    expect(body.error.message).toContain(message);
  });
});
