// Answers as values at the server: which schemas it takes, what it says of an answer, and what a settlement makes
// of one, whatever the sandbox says. The whole path is test/e2e/output.test.ts.
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LIMITS } from '../../src/protocol/limits.ts';
import type { OutputVerdict } from '../../src/protocol/output.ts';
import type { Lease } from '../../src/protocol/runner.ts';
import { connectClient } from '../fixtures/mcp-client.ts';
import { startTestServer, type TestRunner, type TestServer } from '../fixtures/server.ts';

const SCHEMA = {
  type: 'object',
  properties: { n: { $ref: '#/$defs/n' }, note: { type: 'string' } },
  required: ['n'],
  $defs: { n: { type: 'integer', minimum: 1 } },
};

let server: TestServer;
let runner: TestRunner;
beforeAll(async () => {
  server = await startTestServer();
  runner = server.runner();
});
afterAll(() => server.stop());

const post = (body: object, headers: Record<string, string> = {}) =>
  server.call('POST', '/api/v1/tasks/run', { body: { instruction: 'Count', ...body }, headers });

async function leased(schema: object | null = SCHEMA): Promise<Lease> {
  const { status } = await post(schema === null ? {} : { output: { schema } });
  expect(status).toBe(202);
  return runner.lease();
}

async function give(lease: Lease, attempt: number, text: string, leaseId = lease.leaseId) {
  const response = await runner.post(`/tasks/${lease.taskId}/output`, { leaseId, attempt, text });
  return {
    status: response.status,
    body: (await response.json()) as OutputVerdict & { error?: { code: string } },
  };
}

const get = async (id: string) => (await server.call('GET', `/api/v1/tasks/${id}`)).body.task;

describe('a schema', () => {
  const properties = (name: string, schema: object) => ({ type: 'object', properties: { [name]: schema } });
  it.each([
    ['no object at its root', { type: 'array' }, 'its root is not {"type": "object"}'],
    ['more than it may be', properties('a', { description: 'x'.repeat(65_536) }), 'and may be 65536'],
    ['a reference to elsewhere', properties('a', { $ref: 'https://example.com/' }), 'nothing is fetched'],
    ['no schema', properties('a', { type: 'text' }), 'not valid JSON Schema 2020-12'],
    ['a pattern that is none', properties('a', { pattern: '[' }), 'Invalid regular expression'],
    ['no end', { type: 'object', $ref: '#' }, 'without an end'],
  ])('with %s is refused before there is a task', async (_what, schema, why) => {
    const { status, body } = await post({ output: { schema } });
    expect([status, body.error?.code]).toEqual([400, 'invalid_schema']);
    expect(body.error.message).toContain(why);
  });

  it.each([
    [{ output: { schema: properties('a', { const: 'a\u0000' }) } }],
    [{ output: { schema: properties('a', { const: '\ud800' }) } }],
    [{ output: {} }],
    [{ output: { schema: [] } }],
    [{ output: { schema: SCHEMA, strict: true } }],
  ])('is asked for as it is told: not by %j', async (body) => {
    expect((await post(body)).body.error).toMatchObject({ code: 'invalid_input' });
  });

  it('may have a great many choices, and be posted twice', async () => {
    const choices = Array.from({ length: 5_000 }, (_, index) => `c${index}`);
    const schema = properties('a', { enum: choices });
    const headers = { 'idempotency-key': randomUUID() };
    const [first, again] = [
      await post({ output: { schema } }, headers),
      await post({ output: { schema } }, headers),
    ];
    expect(first.body.task).toMatchObject({ output: null, outputAttempts: 0, outputError: null });
    expect(again.body.task.id).toBe(first.body.task.id);
    const lease = await runner.lease();
    expect(lease).toMatchObject({ taskId: first.body.task.id, output: { whole: schema } });
    expect((await give(lease, 1, '{"a":"c5000"}')).body.problem).toContain('/a must be equal to one of');
    await runner.settle(lease, { output: '{"a":"c4999"}' });
    expect(await get(lease.taskId)).toMatchObject({ status: 'completed', output: { a: 'c4999' } });
  });
});

describe('an answer', () => {
  it('is judged while its task runs, and counted once however often it comes', async () => {
    const lease = await leased();
    expect(lease.output).toEqual({
      whole: SCHEMA,
      plain: {
        type: 'object',
        properties: {
          n: { type: 'integer', description: 'It must fit: {"minimum":1}' },
          note: { type: 'string' },
        },
        required: ['n'],
      },
    });
    expect(await give(lease, 1, '{"n":0}')).toMatchObject({ status: 200, body: { problem: '/n must be >= 1' } });
    expect(await get(lease.taskId)).toMatchObject({
      outputAttempts: 1,
      outputError: '/n must be >= 1',
      output: null,
    });
    expect((await give(lease, 2, '{"n":1}')).body).toEqual({ problem: null, doubt: null });
    expect((await give(lease, 1, '{"n":0}')).body.problem).toBe('/n must be >= 1');
    expect(await get(lease.taskId)).toMatchObject({ outputAttempts: 2, outputError: null, output: null });
    expect((await give(lease, LIMITS.outputAttempts + 1, '{"n":1}')).status).toBe(400);
    expect((await give(lease, 3, '{"n":1}', randomUUID())).body.error?.code).toBe('lease_lost');
    expect(await runner.settle(lease, { output: '{"note":"x","n":7}', stdout: null })).toBe(204);
    expect(await runner.settle(lease, { output: '{"n":8}' })).toBe(204);
    const task = await get(lease.taskId);
    expect(task).toMatchObject({ status: 'completed', outputAttempts: 2, outputError: null, stdout: null });
    // As it was written.
    expect(JSON.stringify(task.output)).toBe('{"note":"x","n":7}');
    expect((await give(lease, 3, '{"n":1}')).body.error?.code).toBe('lease_lost');
  });

  it.each([
    ['no answer', undefined, 'it gave none'],
    ['one that does not fit', '{"n":"1"}', '/n must be integer'],
    ['what is no JSON', '{', 'it is no JSON'],
    [
      'more than may be',
      `{"n":1,"note":"${'x'.repeat(LIMITS.outputBytes)}"}`,
      `larger than ${LIMITS.outputBytes}`,
    ],
  ])('is judged again at the end: with %s the task has failed, and keeps its text', async (_what, output, why) => {
    const lease = await leased();
    await runner.settle(lease, output === undefined ? {} : { output });
    const task = await get(lease.taskId);
    expect(task).toMatchObject({
      status: 'failed',
      error: { code: 'output_invalid' },
      stdout: 'done',
      output: null,
    });
    expect(task.error.message).toContain(why);
  });

  it('is nothing to a task that asked for none, and nothing that failed is made well by it', async () => {
    const plain = await leased(null);
    expect(plain.output).toBeUndefined();
    expect((await give(plain, 1, '{}')).body.error?.code).toBe('invalid_input');
    await runner.settle(plain, { output: '{"n":1}' });
    expect(await get(plain.taskId)).toMatchObject({ status: 'completed', output: null, outputAttempts: null });
    const failed = await leased();
    const error = { code: 'llm_unavailable', message: 'gone' } as const;
    await runner.settle(failed, { outcome: 'failed', exitCode: 1, error });
    expect(await get(failed.taskId)).toMatchObject({ status: 'failed', error, outputAttempts: 0 });
  });

  it('that takes too long to judge is ended, while the server and other accounts go on', async () => {
    const look = { type: 'object', properties: { a: { type: 'string', pattern: '^(?=(a+)+$)a+$' } } };
    const lease = await leased(look);
    const slow = give(lease, 1, `{"a":"${'a'.repeat(40)}!"}`);
    const account = await server.call('POST', '/api/v1/accounts', { body: { name: `other-${randomUUID()}` } });
    const quick = await server.call('POST', '/api/v1/tasks/run', {
      body: { instruction: 'Count', output: { schema: SCHEMA } },
      key: account.body.secret,
    });
    expect(quick.status).toBe(202);
    expect((await slow).body.problem).toBe(`it takes longer than ${LIMITS.outputCheckMs} ms to check`);
    // What was ended is begun anew.
    expect((await give(lease, 2, '{"a":"aaa"}')).body).toEqual({ problem: null, doubt: null });
    const other = await runner.lease();
    for (const one of [lease, other]) await runner.settle(one, { output: '{"n":1,"a":"a"}' });
    expect(await get(lease.taskId)).toMatchObject({ status: 'completed' });
  });

  it('that takes too much memory to judge is ended as well', async () => {
    const schema = { type: 'object', additionalProperties: { allOf: Array(60).fill({ not: {} }) } };
    const lease = await leased(schema);
    const many = Object.fromEntries(Array.from({ length: 20_000 }, (_, index) => [`f${index}`, 0]));
    const { problem } = (await give(lease, 1, JSON.stringify(many))).body;
    expect(problem).toMatch(/too much memory|takes longer/);
    await runner.settle(lease);
    expect((await server.call('GET', '/api/v1/whoami')).status).toBe(200);
  });

  it('reaches an MCP client as structured content of the task, and as text', async () => {
    const lease = await leased();
    await runner.settle(lease, { output: '{"n":3}', stdout: 'Three.' });
    await using client = await connectClient(server.url, server.adminKey);
    const { structuredContent, content } = await client.callTool({
      name: 'getTask',
      arguments: { id: lease.taskId },
    });
    expect(structuredContent).toMatchObject({ task: { output: { n: 3 }, outputAttempts: 0 } });
    expect(JSON.stringify(content)).toContain('Three.');
    expect(JSON.stringify(content)).toContain('\\"n\\\\\\": 3'.replace('\\\\\\', '\\'));
    const { tools } = await client.listTools();
    const run = tools.find(({ name }) => name === 'runTask');
    expect(run?.inputSchema.properties?.['output']).toMatchObject({ properties: { schema: { type: 'object' } } });
  });
});
