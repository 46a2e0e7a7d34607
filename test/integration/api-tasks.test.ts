// Tasks over REST, with a test in the runner's place: what the server itself promises.
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TaskEvent } from '../../src/protocol/event.ts';
import { startTestServer, type TestServer } from '../fixtures/server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server?.stop());

const run = (body: object = {}, headers: Record<string, string> = {}) =>
  server.call('POST', '/api/v1/tasks/run', { body: { instruction: 'hi', ...body }, headers });

describe('a task', () => {
  it('is accepted with 202 and says that no runner is there', async () => {
    const { status, body } = await run({ metadata: { a: 'b' }, scopes: ['keys:*'] });
    expect(status).toBe(202);
    expect(body.task).toMatchObject({
      status: 'queued',
      statusNote: expect.stringContaining('No runner is connected'),
      scopes: { requested: ['keys:*'], effective: ['keys:read', 'keys:write'], denied: [] },
      timeout: 300_000,
      model: 'scripted',
      modelNote: expect.stringMatching(/no language model.*OPENROUTER_API_KEY or SEED_LLM_BASE_URL/),
      metadata: { a: 'b' },
      stdout: null,
      cost: { compute: 0, llm: 0, total: 0, currency: 'USD' },
    });
    await server.call('POST', `/api/v1/tasks/${body.task.id}/stop`);
  });

  it('gets the intersection of what is asked for and what the key has', async () => {
    const { secret } = await server.newKey(['tasks:write', 'keys:read']);
    const post = (scopes?: string[]) =>
      server.call('POST', '/api/v1/tasks/run', {
        key: secret,
        body: { instruction: 'hi', ...(scopes && { scopes }) },
      });
    const scopesOf = async (scopes?: string[]) => {
      const { body } = await post(scopes);
      await server.call('POST', `/api/v1/tasks/${body.task.id}/stop`);
      return body.task.scopes;
    };
    expect(await scopesOf()).toEqual({
      requested: null,
      effective: ['keys:read', 'tasks:write'],
      denied: [],
    });
    expect(await scopesOf(['keys:*', 'tasks:read'])).toEqual({
      requested: ['keys:*', 'tasks:read'],
      effective: ['keys:read'],
      denied: ['keys:write', 'tasks:read'],
    });
    expect(await scopesOf(['accounts:read'])).toEqual({
      requested: ['accounts:read'],
      effective: [],
      denied: ['accounts:read'],
    });
  });

  it('goes through a runner to its end, and Prefer: wait answers then', async () => {
    const runner = server.runner();
    const waiting = run({}, { prefer: 'wait=20' });
    const lease = await runner.lease();
    const events = [
      { type: 'text', text: 'thinking' },
      { type: 'diagnostic', text: 'hm' },
    ];
    const ndjson = events.map((event) => JSON.stringify(event)).join('\n');
    const headers = { 'seed-lease': lease.leaseId, 'seed-batch': '1' };
    const send = () => runner.post(`/tasks/${lease.taskId}/events`, ndjson, headers);
    expect((await send()).status).toBe(204);
    // As when the answer was lost: the same batch again is taken and not stored twice.
    expect((await send()).status).toBe(204);
    expect(
      (await runner.post(`/tasks/${lease.taskId}/phase`, { leaseId: lease.leaseId, phase: 'working' })).status,
    ).toBe(204);
    expect(await runner.settle(lease, { stdout: 'the answer' })).toBe(204);
    expect(await runner.settle(lease, { stdout: 'another' })).toBe(204);
    const { body } = await waiting;
    expect(body.task).toMatchObject({ status: 'completed', stdout: 'the answer', exitCode: 0, phase: null });

    const text = (await server.call('GET', `/api/v1/tasks/${lease.taskId}/events`)).body as string;
    const types = text
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as TaskEvent).type);
    expect(types).toEqual(['status', 'status', 'text', 'diagnostic', 'status', 'status']);
    const dead = await server.call('GET', '/api/v1/whoami', { key: lease.taskKey });
    expect(dead.body.error.code).toBe('key_revoked');
  });

  it('waits no longer than asked', async () => {
    const { body } = await run({}, { prefer: 'wait=1' });
    expect(body.task.status).toBe('queued');
    await server.call('POST', `/api/v1/tasks/${body.task.id}/stop`);
  });

  it('is told apart from a task of a lease that is over', async () => {
    const runner = server.runner();
    const { body } = await run();
    const lease = await runner.lease();
    await server.call('POST', `/api/v1/tasks/${body.task.id}/stop`);
    const late = await runner.post(`/tasks/${lease.taskId}/events`, '{"type":"text","text":"late"}', {
      'seed-lease': lease.leaseId,
      'seed-batch': '1',
    });
    expect(late.status).toBe(409);
    const beat = await runner.post('/heartbeat', { runnerId: runner.id, tasks: [lease.taskId] });
    expect(await beat.json()).toEqual({ stop: [lease.taskId], messages: {} });
    const forged = await runner.settle({ ...lease, leaseId: crypto.randomUUID() });
    expect(forged).toBe(409);
  });

  it('is refused with 503 when no runner can make a sandbox, naming the reason', async () => {
    const unable = await startTestServer();
    try {
      const probes = [
        { driver: 'gvisor', usable: false, isolation: 'user-kernel' as const, why: 'no user namespaces' },
      ];
      await unable.runner({ driver: null, isolation: null, probes }).appear();
      const { status, body } = await unable.call('POST', '/api/v1/tasks/run', {
        body: { instruction: 'hi' },
      });
      expect(status).toBe(503);
      expect(body.error).toMatchObject({
        code: 'no_usable_driver',
        message: expect.stringContaining('no user namespaces'),
      });
      expect(body.error.hint).toContain('doctor');
    } finally {
      await unable.stop();
    }
  });

  it('is listed by filters, newest first, page by page', async () => {
    const ids: string[] = [];
    for (let i = 0; i < 5; i++) ids.push((await run({ metadata: { i: String(i) } })).body.task.id);
    const first = (await server.call('GET', '/api/v1/tasks?status=queued&limit=3')).body;
    const second = (await server.call('GET', `/api/v1/tasks?status=queued&limit=3&cursor=${first.nextCursor}`))
      .body;
    expect([...first.items, ...second.items].map((task: { id: string }) => task.id)).toEqual(ids.toReversed());
    expect(second.nextCursor).toBeNull();
    const future = new Date(Date.now() + 60_000).toISOString();
    expect((await server.call('GET', `/api/v1/tasks?createdAfter=${future}`)).body.items).toEqual([]);
    for (const id of ids) await server.call('POST', `/api/v1/tasks/${id}/stop`);
  });
});

describe('the LLM gateway', () => {
  it('streams a completion to the official OpenAI client with a task key', async () => {
    const runner = server.runner();
    await run({ instruction: '```bash\necho hi\n```' });
    const lease = await runner.lease();
    const client = new OpenAI({ baseURL: `${server.url}/llm/v1`, apiKey: lease.taskKey, maxRetries: 0 });
    expect((await client.models.list()).data.map((model) => model.id)).toContain('scripted');
    const stream = await client.chat.completions.create({
      model: 'scripted',
      stream: true,
      stream_options: { include_usage: true },
      messages: [{ role: 'user', content: 'Say what you are' }],
    });
    let text = '';
    let usage: OpenAI.CompletionUsage | null | undefined;
    for await (const chunk of stream) {
      text += chunk.choices[0]?.delta.content ?? '';
      usage = chunk.usage ?? usage;
    }
    expect(text).toContain('not a language model');
    expect(usage?.completion_tokens).toBeGreaterThan(0);
    await expect
      .poll(async () => (await server.call('GET', `/api/v1/tasks/${lease.taskId}`)).body.task)
      .toMatchObject({ inputTokens: usage?.prompt_tokens, outputTokens: usage?.completion_tokens });
    await runner.settle(lease);
    await expect(client.models.list()).rejects.toThrow(/revoked/);
  });

  it('is for task keys only', async () => {
    const answer = await server.call('POST', '/llm/v1/chat/completions', { body: { messages: [] } });
    expect(answer).toMatchObject({ status: 403, body: { error: { code: 'not_allowed' } } });
  });
});

describe('the runner API', () => {
  it('asks for the runner token', async () => {
    for (const key of [null, 'wrong-token', server.adminKey]) {
      const answer = await server.call('POST', '/runner/v1/lease', { key, body: {} });
      expect(answer.status).toBe(401);
    }
  });
});
