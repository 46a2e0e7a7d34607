// Tasks over MCP with the official clients, with a test in the runner's place: waiting with progress, handles, the
// Tasks extension, cancelling, and whose ids count.
import type { Client } from '@modelcontextprotocol/client';
import { resultFromTaskOutcome } from '@modelcontextprotocol/ext-tasks/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AgentEvent } from '../../src/protocol/event.ts';
import type { Lease } from '../../src/protocol/runner.ts';
import type { Task } from '../../src/protocol/task.ts';
import { connectClient, LEGACY, MODERN, rawRequest, taskSession } from '../fixtures/mcp-client.ts';
import { startTestServer, type TestRunner, type TestServer } from '../fixtures/server.ts';

let server: TestServer;
let runner: TestRunner;
beforeAll(async () => {
  server = await startTestServer();
  runner = server.runner();
});
afterAll(() => server.stop());

interface ToolResult {
  content: { text: string }[];
  structuredContent?: { task: Task };
  isError?: boolean;
}

async function call(client: Client, name: string, input: object, options = {}): Promise<ToolResult> {
  return (await client.callTool(
    { name, arguments: input as Record<string, unknown> },
    options,
  )) as unknown as ToolResult;
}

async function postEvents(lease: Lease, events: AgentEvent[], batch = 1): Promise<void> {
  const ndjson = events.map((event) => JSON.stringify(event)).join('\n');
  const headers = { 'seed-lease': lease.leaseId, 'seed-batch': String(batch) };
  expect((await runner.post(`/tasks/${lease.taskId}/events`, ndjson, headers)).status).toBe(204);
}

async function restTask(id: string): Promise<Task> {
  return (await server.call('GET', `/api/v1/tasks/${id}`)).body.task;
}

const stop = (id: string) => server.call('POST', `/api/v1/tasks/${id}/stop`);

describe.each([MODERN, LEGACY])('without the Tasks extension, revision %s', (revision) => {
  const connect = (key = server.adminKey) => connectClient(server.url, key, { revision });

  it('runTask waits, tells each step, and ends with the object that REST has', async () => {
    await using client = await connect();
    const steps: string[] = [];
    const waiting = call(
      client,
      'runTask',
      { instruction: 'say hi', scopes: ['keys:read'], timeout: 60_000 },
      { onprogress: ({ message }: { message?: string }) => steps.push(message ?? '') },
    );
    const lease = await runner.lease();
    await postEvents(lease, [
      { type: 'text', text: 'First line\nsecond' },
      { type: 'tool_call', callId: '1', tool: 'bash', input: { command: 'seed keys list\necho' } },
    ]);
    await server.call('GET', '/api/v1/keys', { key: lease.taskKey });
    await runner.settle(lease, { stdout: 'hi' });
    const result = await waiting;
    expect(result.isError).toBeFalsy();
    expect(result.content[0]?.text).toBe(`Task ${lease.taskId} completed.\n\nhi`);
    expect(result.structuredContent?.task).toEqual(await restTask(lease.taskId));
    expect(steps).toEqual([
      'queued',
      'running: starting',
      'First line',
      'bash seed keys list',
      'seed keys list (200)',
      'completed',
    ]);
  });

  it('a task that outlasts the wait is handed back with how to go on, and getTask waits for its end', async () => {
    await using client = await connect();
    const handle = await call(client, 'runTask', { instruction: 'work on', wait: 0 });
    const id = handle.structuredContent?.task.id ?? '';
    expect(handle.isError).toBeFalsy();
    expect(handle.content[0]?.text).toContain(`call getTask with {"id":"${id}","wait":50}`);
    const later = await call(client, 'getTask', { id, wait: 1 });
    expect(later.structuredContent?.task.status).toBe('queued');
    const waiting = call(client, 'getTask', { id, wait: 30 });
    const lease = await runner.lease();
    await runner.settle(lease, {
      outcome: 'failed',
      stdout: 'half',
      error: { code: 'agent_failed', message: 'gave up' },
    });
    const ended = await waiting;
    expect(ended.structuredContent?.task).toEqual(await restTask(id));
    expect(ended.content[0]?.text).toBe(`Task ${id} failed: agent_failed, gave up.\n\nOutput so far:\nhalf`);
  });

  it('runTask with a task that fails is a tool error with the task in it', async () => {
    await using client = await connect();
    const waiting = call(client, 'runTask', { instruction: 'fail' });
    const lease = await runner.lease();
    await runner.settle(lease, { outcome: 'failed', error: { code: 'agent_failed', message: 'no' } });
    const result = await waiting;
    expect(result.isError).toBe(true);
    expect(result.structuredContent?.task).toEqual(await restTask(lease.taskId));
  });

  it('a key that may only start tasks has its answer held', async () => {
    const { secret } = await server.newKey(['tasks:write']);
    await using client = await connect(secret);
    const waiting = call(client, 'runTask', { instruction: 'blind', wait: 20 });
    const lease = await runner.lease();
    await runner.settle(lease, { stdout: 'seen' });
    expect((await waiting).content[0]?.text).toBe(`Task ${lease.taskId} completed.\n\nseen`);
  });

  it('a client that gives up leaves the task running; stopTask ends it', async () => {
    await using client = await connect();
    const gaveUp = new AbortController();
    const waiting = call(client, 'runTask', { instruction: 'go on' }, { signal: gaveUp.signal });
    const lease = await runner.lease();
    gaveUp.abort();
    await expect(waiting).rejects.toThrow();
    expect((await restTask(lease.taskId)).status).toBe('running');
    const stopped = await call(client, 'stopTask', { id: lease.taskId });
    expect(stopped.structuredContent?.task.status).toBe('stopped');
    expect((await restTask(lease.taskId)).status).toBe('stopped');
  });

  it('getTaskEvents pages through what has happened so far', async () => {
    await using client = await connect();
    const { structuredContent } = await call(client, 'runTask', { instruction: 'long', wait: 0 });
    const id = structuredContent?.task.id;
    const lease = await runner.lease();
    await postEvents(lease, [
      { type: 'text', text: 'one' },
      { type: 'text', text: 'two' },
    ]);
    const read = async (after: number) =>
      (await call(client, 'getTaskEvents', { id, after, limit: 3 })).structuredContent;
    expect(await read(0)).toMatchObject({
      items: [{ seq: 1 }, { seq: 2 }, { seq: 3, text: 'one' }],
      nextAfter: 3,
      ended: false,
    });
    expect(await read(3)).toMatchObject({ items: [{ seq: 4, text: 'two' }], nextAfter: 4, ended: false });
    expect(await read(4)).toEqual({ items: [], nextAfter: 4, ended: false });
    await runner.settle(lease);
    expect(await read(4)).toMatchObject({ items: [{ status: 'completed' }], nextAfter: 5, ended: true });
  });
});

describe('with the Tasks extension', () => {
  async function session(key = server.adminKey) {
    const client = await connectClient(server.url, key);
    return taskSession(client, server.url, key);
  }

  it('runTask is answered with a task of the same id, which ends with what REST has', async () => {
    const tasks = await session();
    const execution = await tasks.callTool('runTask', { instruction: 'say hi' });
    expect(execution.kind).toBe('task');
    const settled = execution.settle();
    const lease = await runner.lease();
    expect(execution.handle?.taskId).toBe(lease.taskId);
    await runner.settle(lease, { stdout: 'hi' });
    const { outcome } = await settled;
    const result = resultFromTaskOutcome(outcome) as unknown as ToolResult;
    expect(result.isError).toBeFalsy();
    expect(result.structuredContent?.task).toEqual(await restTask(lease.taskId));
    await tasks.close();
  });

  it('cancelling it stops the task', async () => {
    const tasks = await session();
    const execution = await tasks.callTool('runTask', { instruction: 'never end' });
    const settled = execution.settle();
    const lease = await runner.lease();
    await execution.cancel();
    expect((await settled).outcome.status).toBe('cancelled');
    expect((await restTask(lease.taskId)).status).toBe('stopped');
    await tasks.close();
  });

  it('a task that failed is a completed one whose result is an error', async () => {
    const { result: created } = await rawRequest(server.url, server.adminKey, 'tools/call', {
      name: 'runTask',
      arguments: { instruction: 'fail' },
    });
    expect(created).toMatchObject({ resultType: 'task', status: 'working', ttlMs: null });
    const lease = await runner.lease();
    await runner.settle(lease, { outcome: 'failed', error: { code: 'agent_failed', message: 'no' } });
    const { result } = await rawRequest(server.url, server.adminKey, 'tasks/get', { taskId: created.taskId });
    expect(result).toMatchObject({
      status: 'completed',
      statusMessage: 'failed: agent_failed, no',
      result: { isError: true, structuredContent: { task: { id: lease.taskId } } },
    });
  });

  it('a call that is refused is a tool error at once', async () => {
    const tasks = await session();
    const execution = await tasks.callTool('runTask', { instruction: ' ' });
    expect(execution.kind).toBe('immediate');
    const { outcome } = await execution.settle();
    expect(resultFromTaskOutcome(outcome)).toMatchObject({ isError: true });
    await tasks.close();
  });

  it('tasks/update is acknowledged: a task asks its client nothing', async () => {
    const { body } = await server.call('POST', '/api/v1/tasks/run', { body: { instruction: 'x' } });
    const taskId = body.task.id;
    const { result } = await rawRequest(server.url, server.adminKey, 'tasks/update', {
      taskId,
      inputResponses: { any: { action: 'accept' } },
    });
    expect(result).toMatchObject({ resultType: 'complete' });
    await stop(taskId);
  });

  const METHODS = ['tasks/get', 'tasks/update', 'tasks/cancel'];

  it.each(METHODS)('%s of another account is as if there were no such task', async (method) => {
    const { body: other } = await server.call('POST', '/api/v1/accounts', { body: { name: 'other' } });
    const { body } = await server.call('POST', '/api/v1/tasks/run', { body: { instruction: 'mine' } });
    const taskId = body.task.id;
    for (const id of [taskId, crypto.randomUUID(), 'nonsense', '..']) {
      const { error } = await rawRequest(server.url, other.secret, method, {
        taskId: id,
        inputResponses: {},
      });
      expect(error).toMatchObject({ code: -32602 });
    }
    expect((await restTask(taskId)).status).toBe('queued');
    await stop(taskId);
  });

  it.each(METHODS)('%s asks for the scope on every call', async (method) => {
    const { body } = await server.call('POST', '/api/v1/tasks/run', { body: { instruction: 'mine' } });
    const taskId = body.task.id;
    const { secret } = await server.newKey(['keys:read']);
    const { error } = await rawRequest(server.url, secret, method, { taskId, inputResponses: {} });
    expect(error?.message).toContain('this key may not use "tasks');
    expect((await restTask(taskId)).status).toBe('queued');
    await stop(taskId);
  });

  it.each(METHODS)('%s from a client that does not declare it is refused with what is missing', async (method) => {
    const params = { taskId: crypto.randomUUID(), inputResponses: {} };
    const { status, error } = await rawRequest(server.url, server.adminKey, method, params, undefined, {});
    expect(status).toBe(400);
    expect(error).toMatchObject({
      code: -32021,
      data: { requiredCapabilities: { extensions: { 'io.modelcontextprotocol/tasks': {} } } },
    });
  });

  it('a revoked key gets no further', async () => {
    const { id, secret } = await server.newKey(['tasks:*']);
    const { result } = await rawRequest(server.url, secret, 'tools/call', {
      name: 'runTask',
      arguments: { instruction: 'x' },
    });
    await server.call('POST', `/api/v1/keys/${id}/revoke`);
    const after = await rawRequest(server.url, secret, 'tasks/get', { taskId: result.taskId });
    expect(after.status).toBe(401);
    await stop(result.taskId);
  });
});
