// Traces: a task is one trace, whichever servers had a part in it, told with the names of OpenTelemetry's
// conventions and without any content; and a receiver that is slow or broken costs no task anything.
import { randomUUID } from 'node:crypto';
import * as semconv from '@opentelemetry/semantic-conventions/incubating';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Settlement } from '../../src/protocol/runner.ts';
import { type OtlpReceiver, startOtlpReceiver } from '../fixtures/otlp-receiver.ts';
import { startTestServer, type TestServer } from '../fixtures/server.ts';
import { ANSWER, askModel, begin, named, names, settle, startTask, tracedBy } from '../fixtures/traced-task.ts';

let receiver: OtlpReceiver;
let server: TestServer;

beforeAll(async () => {
  receiver = await startOtlpReceiver();
  server = await startTestServer(tracedBy(receiver));
});
afterEach(() => receiver.behave(null));
afterAll(async () => {
  await server?.stop();
  await receiver?.close();
});

describe('a task is one trace', () => {
  it('with its queue, its start, each call of a model and each command, in their times', async () => {
    const { id, runner, lease } = await startTask(server);
    await begin(runner, lease);
    await askModel(server.call, lease, true);
    await server.call('GET', '/api/v1/keys?q=a-secret-argument', { key: lease.taskKey });
    await server.call('POST', '/api/v1/accounts', { key: lease.taskKey, body: { name: 'x'.repeat(200) } });
    await settle(runner, lease);
    const spans = await receiver.spansOf(id, 6);
    const { task } = (await server.call('GET', `/api/v1/tasks/${id}`)).body;

    expect(names(spans)).toEqual([
      'chat scripted',
      'execute_tool accounts create',
      'execute_tool keys list',
      'invoke_agent pi',
      'queue',
      'start',
    ]);
    const root = named(spans, 'invoke_agent pi');
    expect(root).toMatchObject({
      traceId: id.replaceAll('-', ''),
      spanId: id.replaceAll('-', '').slice(16),
      parentSpanId: '',
      failed: false,
      startMs: Date.parse(task.createdAt),
      endMs: Date.parse(task.completedAt),
      resource: { 'service.name': 'seed' },
    });
    for (const span of spans.filter((other) => other !== root)) {
      expect(span.parentSpanId).toBe(root.spanId);
      expect(span.endMs).toBeGreaterThanOrEqual(span.startMs);
    }
    expect(new Set(spans.map(({ spanId }) => spanId)).size).toBe(6);
    const queue = named(spans, 'queue');
    const start = named(spans, 'start');
    expect(queue.startMs).toBe(root.startMs);
    expect(queue.endMs).toBe(Date.parse(task.startedAt));
    expect(queue.endMs - queue.startMs).toBe(task.queuedMs);
    expect(start.startMs).toBe(queue.endMs);
    expect(start.endMs - start.startMs).toBe(task.startMs);
    for (const name of ['chat scripted', 'execute_tool keys list']) {
      expect(named(spans, name).startMs).toBeGreaterThanOrEqual(start.startMs - 1);
      expect(named(spans, name).endMs).toBeLessThanOrEqual(root.endMs + 1);
    }
  });

  it('with the names of the GenAI conventions', async () => {
    const { id, runner, lease } = await startTask(server);
    await begin(runner, lease);
    await askModel(server.call, lease);
    await server.call('GET', '/api/v1/whoami', { key: lease.taskKey });
    await server.call('GET', `/api/v1/keys/${randomUUID()}`, { key: lease.taskKey });
    await settle(runner, lease);
    const spans = await receiver.spansOf(id, 6);
    const { task } = (await server.call('GET', `/api/v1/tasks/${id}`)).body;
    expect(task.inputTokens).toBeGreaterThan(0);
    const tokens = {
      [semconv.ATTR_GEN_AI_USAGE_INPUT_TOKENS]: task.inputTokens,
      [semconv.ATTR_GEN_AI_USAGE_OUTPUT_TOKENS]: task.outputTokens,
    };
    expect(named(spans, 'invoke_agent pi').attributes).toEqual({
      [semconv.ATTR_GEN_AI_OPERATION_NAME]: semconv.GEN_AI_OPERATION_NAME_VALUE_INVOKE_AGENT,
      [semconv.ATTR_GEN_AI_PROVIDER_NAME]: 'seed',
      [semconv.ATTR_GEN_AI_AGENT_NAME]: 'pi',
      [semconv.ATTR_GEN_AI_CONVERSATION_ID]: id,
      [semconv.ATTR_GEN_AI_REQUEST_MODEL]: 'scripted',
      ...tokens,
      'seed.account.id': expect.any(String),
      'seed.key.id': task.keyId,
      'seed.task.status': 'completed',
    });
    const chat = named(spans, 'chat scripted');
    expect(chat.kind).toBe(3);
    expect(chat.attributes).toEqual({
      [semconv.ATTR_GEN_AI_OPERATION_NAME]: semconv.GEN_AI_OPERATION_NAME_VALUE_CHAT,
      [semconv.ATTR_GEN_AI_PROVIDER_NAME]: 'seed',
      [semconv.ATTR_GEN_AI_CONVERSATION_ID]: id,
      [semconv.ATTR_GEN_AI_REQUEST_MODEL]: 'scripted',
      [semconv.ATTR_GEN_AI_RESPONSE_MODEL]: 'scripted',
      ...tokens,
    });
    const tool = {
      [semconv.ATTR_GEN_AI_OPERATION_NAME]: semconv.GEN_AI_OPERATION_NAME_VALUE_EXECUTE_TOOL,
      [semconv.ATTR_GEN_AI_TOOL_TYPE]: 'function',
      'seed.command.effect': 'read',
    };
    expect(named(spans, 'execute_tool whoami').attributes).toEqual({
      ...tool,
      [semconv.ATTR_GEN_AI_TOOL_NAME]: 'whoami',
      [semconv.ATTR_HTTP_RESPONSE_STATUS_CODE]: 200,
    });
    const refused = named(spans, 'execute_tool keys get');
    expect(refused.failed).toBe(true);
    expect(refused.attributes).toEqual({
      ...tool,
      [semconv.ATTR_GEN_AI_TOOL_NAME]: 'keys get',
      [semconv.ATTR_HTTP_RESPONSE_STATUS_CODE]: 404,
      [semconv.ATTR_ERROR_TYPE]: 'not_found',
    });
  });

  it('that says how it ended: failed, timed out, or stopped, also before it ran', async () => {
    const ended = async (more: Partial<Settlement>) => {
      const { id, runner, lease } = await startTask(server);
      await settle(runner, lease, more);
      return named(await receiver.spansOf(id, 3), 'invoke_agent pi');
    };
    const error = { code: 'out_of_memory', message: 'words that nobody else may read' } as const;
    const failed = await ended({ outcome: 'failed', error });
    expect(failed).toMatchObject({
      failed: true,
      statusMessage: '',
      attributes: { 'error.type': 'out_of_memory' },
    });
    const late = await ended({ outcome: 'timed_out' });
    expect(late).toMatchObject({ failed: true, attributes: { 'error.type': 'timed_out' } });
    const { body } = await server.call('POST', '/api/v1/tasks/run', { body: { instruction: 'never' } });
    await server.call('POST', `/api/v1/tasks/${body.task.id}/stop`);
    const spans = await receiver.spansOf(body.task.id, 2);
    expect(names(spans)).toEqual(['invoke_agent pi', 'queue']);
    expect(named(spans, 'invoke_agent pi')).toMatchObject({
      failed: false,
      attributes: { 'seed.task.status': 'stopped' },
    });
  });

  it('that links to the trace of its caller, and to the task whose agent posted it', async () => {
    const caller = { traceId: '4bf92f3577b34da6a3ce929d0e0e4736', spanId: '00f067aa0ba902b7' };
    const headers = { traceparent: `00-${caller.traceId}-${caller.spanId}-01` };
    const parent = await startTask(server, { headers });
    const child = await startTask(server, {
      key: parent.lease.taskKey,
      headers: { traceparent: 'nonsense' },
    });
    await settle(child.runner, child.lease);
    await settle(parent.runner, parent.lease);
    const parentRoot = named(await receiver.spansOf(parent.id, 4), 'invoke_agent pi');
    expect(parentRoot.links).toEqual([caller]);
    const childRoot = named(await receiver.spansOf(child.id, 3), 'invoke_agent pi');
    expect(childRoot.links).toEqual([{ traceId: parentRoot.traceId, spanId: parentRoot.spanId }]);
  });

  it('also when two servers share it, and when both are told of its end', async () => {
    const sibling = await server.sibling();
    try {
      const { id, runner, lease } = await startTask(server);
      await begin(runner, lease);
      await askModel(sibling.call, lease);
      await sibling.call('GET', '/api/v1/whoami', { key: lease.taskKey });
      await server.call('GET', '/api/v1/keys', { key: lease.taskKey });
      const settlement = { outcome: 'completed', stdout: ANSWER, stderr: null, exitCode: 0, error: null };
      const ends = await Promise.all(
        [sibling.url, server.url].map((url) =>
          fetch(`${url}/runner/v1/tasks/${id}/settle`, {
            method: 'POST',
            headers: { authorization: `Bearer ${server.runnerToken}`, 'content-type': 'application/json' },
            body: JSON.stringify({ leaseId: lease.leaseId, ...settlement }),
          }),
        ),
      );
      expect(ends.map(({ status }) => status)).toEqual([204, 204]);
      // What is still to come comes before the stop is over.
      await sibling.stop();
      const other = await startTask(server);
      await settle(other.runner, other.lease);
      await receiver.spansOf(other.id, 3);
      const spans = await receiver.spansOf(id, 6);
      expect(names(spans)).toEqual([
        'chat scripted',
        'execute_tool keys list',
        'execute_tool whoami',
        'invoke_agent pi',
        'queue',
        'start',
      ]);
      const root = named(spans, 'invoke_agent pi');
      for (const span of spans) expect(span.parentSpanId).toBe(span === root ? '' : root.spanId);
    } finally {
      await sibling.stop();
    }
  });

  it('without any content and any secret', async () => {
    const { id, runner, lease } = await startTask(server);
    const made = await server.call('POST', '/api/v1/keys', {
      key: lease.taskKey,
      body: { name: 'an-argument-to-keep', scopes: ['keys:read'] },
    });
    await askModel(server.call, lease);
    await settle(runner, lease, { stderr: 'diagnostics to keep' });
    await receiver.spansOf(id, 5);
    const sent = Buffer.concat(receiver.requests.map(({ bytes }) => bytes)).toString('latin1');
    expect(sent).toContain('execute_tool keys create');
    for (const secret of [server.adminKey, server.runnerToken, lease.taskKey, made.body.secret])
      expect(sent).not.toContain(secret.slice(8, 24));
    for (const content of ['nobody else may read', 'to-keep', 'to keep', 'a-secret-argument', 'sk_live_'])
      expect(sent).not.toContain(content);
  });
});
