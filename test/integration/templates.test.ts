// Templates over REST, the CLI and MCP: kept in versions, filled in when a task is posted, offered as prompts.
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { repositoryCli } from '../fixtures/cli-process.ts';
import { connectClient } from '../fixtures/mcp-client.ts';
import { startTestServer, type TestServer } from '../fixtures/server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server?.stop());

const PARAMETERS = {
  type: 'object',
  properties: {
    customer: { type: 'string', title: 'Customer', minLength: 2, description: 'Who is reminded' },
    days: { type: 'integer', minimum: 1, maximum: 90, default: 30 },
    kinds: { type: 'array', items: { type: 'string', enum: ['invoice', 'loan'] } },
  },
  required: ['customer'],
};
const OVERDUE = {
  name: 'overdue',
  instruction: 'Remind {{customer}} of what is overdue for {{days}} days: {{kinds}}.',
  parameters: PARAMETERS,
  scopes: ['keys:read'],
  task: { timeout: 90_000, metadata: { from: 'template', by: 'template' }, model: 'scripted' },
  limits: [{ scope: 'keys:read', calls: 3 }],
};
const create = (more: object, key?: string) =>
  server.call('POST', '/api/v1/templates', { body: { ...OVERDUE, ...more }, ...(key !== undefined && { key }) });
const run = (body: object, key?: string) =>
  server.call('POST', '/api/v1/tasks/run', { body, ...(key !== undefined && { key }) });

describe('kept by an account', () => {
  it('is made, changed in versions, listed by name, and deleted', async () => {
    const made = await create({ name: 'kept' });
    expect(made).toMatchObject({
      status: 201,
      body: { template: { name: 'kept', version: 1, title: 'kept', kept: true } },
    });
    const changed = await server.call('PATCH', '/api/v1/templates/kept', { body: { title: 'Kept', from: 1 } });
    expect(changed.body.template).toMatchObject({ version: 2, title: 'Kept', instruction: OVERDUE.instruction });
    const same = await server.call('PATCH', '/api/v1/templates/kept', { body: { title: 'Kept', from: 2 } });
    expect(same.body).toEqual(changed.body);
    const late = await server.call('PATCH', '/api/v1/templates/kept', { body: { title: 'Late', from: 1 } });
    expect(late).toMatchObject({ status: 409, body: { error: { code: 'conflict' } } });
    const again = await create({ name: 'kept' });
    expect(again).toMatchObject({
      status: 409,
      body: { error: { hint: expect.stringContaining('templates update kept') } },
    });

    const versions = await server.call('GET', '/api/v1/templates/kept/versions?limit=1');
    expect(versions.body.items).toMatchObject([{ version: 2, title: 'Kept' }]);
    const rest = await server.call(
      'GET',
      `/api/v1/templates/kept/versions?limit=1&cursor=${versions.body.nextCursor}`,
    );
    expect(rest.body).toMatchObject({ items: [{ version: 1, title: 'kept' }], nextCursor: null });
    const first = await server.call('GET', '/api/v1/templates/kept?version=1');
    expect(first.body.template).toMatchObject({ version: 1, title: 'kept', parameters: PARAMETERS });

    expect(await server.call('DELETE', '/api/v1/templates/kept')).toMatchObject({ status: 200 });
    expect(await server.call('DELETE', '/api/v1/templates/kept')).toMatchObject({ status: 404 });
    expect(await server.call('GET', '/api/v1/templates/kept')).toMatchObject({ status: 404 });
  });

  it('pages through those of Seed and of the account alike', async () => {
    for (const name of ['a-first', 't-second', 'z-last']) await create({ name });
    const names: string[] = [];
    for (let cursor = ''; ; ) {
      const { body } = await server.call('GET', `/api/v1/templates?limit=2${cursor && `&cursor=${cursor}`}`);
      names.push(...body.items.map(({ name }: { name: string }) => name));
      if (body.nextCursor === null) break;
      cursor = body.nextCursor;
    }
    expect(names).toEqual([
      'a-first',
      'seed.key-audit',
      'seed.monthly-usage-report',
      'seed.revoke-expired-keys',
      'seed.webhook-activity',
      't-second',
      'z-last',
    ]);
    expect(await server.call('GET', '/api/v1/templates?cursor=x')).toMatchObject({ status: 400 });
  });

  it('is of its account alone, and asks for no more than whoever writes it has', async () => {
    await create({ name: 'own' });
    const other = (await server.call('POST', '/api/v1/accounts', { body: { name: 'Other' } })).body.secret;
    expect(await server.call('GET', '/api/v1/templates/own', { key: other })).toMatchObject({ status: 404 });
    expect(await create({ name: 'own', title: 'Theirs' }, other)).toMatchObject({ status: 201 });
    const writer = await server.newKey(['templates:write', 'tasks:write']);
    const foreign = await create({ name: 'wide' }, writer.secret);
    expect(foreign).toMatchObject({ status: 403, body: { error: { code: 'missing_scope' } } });
    const reader = await server.newKey(['tasks:write']);
    expect(await create({ name: 'none', scopes: [] }, reader.secret)).toMatchObject({ status: 403 });
    const seen = await server.call('GET', '/api/v1/templates', { key: reader.secret });
    expect(seen.body.items).toEqual([]);
  });

  it.each([
    ['a place that is no parameter', { instruction: 'For {{whom}}' }, 'has {{whom}}'],
    [
      'a keyword of schemas that no form has',
      { parameters: { type: 'object', properties: { a: { type: 'object' } } } },
      'parameters.properties.a.type',
    ],
    [
      'a reference',
      { parameters: { type: 'object', properties: { a: { $ref: '#/x' } } } },
      'parameters.properties.a',
    ],
    ['an unknown scope', { scopes: ['nothing:read'] }, 'nothing:read'],
    ['a limit of nothing', { limits: [{ command: 'nothing at all', calls: 1 }] }, 'limits[0]'],
    ['a name of others', { name: 'seed.own' }, 'name'],
    ['two ways to say a model', { task: { model: 'scripted', models: ['scripted'] } }, 'model and models'],
    ['an unknown field of its task', { task: { instruction: 'x' } }, 'task.instruction'],
    ['an empty instruction', { instruction: '  ' }, 'instruction'],
  ])('refuses %s', async (_what, more, message) => {
    const { status, body } = await create({ name: 'refused', ...more });
    expect(status).toBe(400);
    expect(body.error.message).toContain(message);
    expect(await server.call('GET', '/api/v1/templates/refused')).toMatchObject({ status: 404 });
  });
});

describe('a task from one', () => {
  beforeAll(() => create({}));

  it('has what the template says, and first what the request says', async () => {
    const { status, body } = await run({
      template: 'overdue',
      parameters: { customer: 'Ann {{days}}', kinds: ['invoice', 'loan'] },
      metadata: { by: 'request' },
    });
    expect({ status, task: body.task }).toMatchObject({
      status: 202,
      task: {
        instruction: 'Remind Ann {{days}} of what is overdue for 30 days: invoice, loan.',
        template: { name: 'overdue', version: 1 },
        timeout: 90_000,
        model: 'scripted',
        scopes: { requested: ['keys:read'], effective: ['keys:read'] },
        limits: [{ scope: 'keys:read', calls: 3 }],
        metadata: { from: 'template', by: 'request' },
      },
    });
    const own = await run({
      template: 'overdue',
      parameters: { customer: 'Bo' },
      timeout: 20_000,
      scopes: [],
      limits: [],
    });
    expect(own.body.task).toMatchObject({ timeout: 20_000, limits: [], scopes: { effective: [] } });
  });

  it('is of the version that was asked for, and of the newest without', async () => {
    await server.call('PATCH', '/api/v1/templates/overdue', { body: { title: 'Second' } });
    const wanted = { parameters: { customer: 'Ann' } };
    expect((await run({ ...wanted, template: 'overdue@1' })).body.task.template).toEqual({
      name: 'overdue',
      version: 1,
    });
    expect((await run({ ...wanted, template: 'overdue' })).body.task.template).toEqual({
      name: 'overdue',
      version: 2,
    });
    const none = await run({ ...wanted, template: 'overdue@9' });
    expect(none).toMatchObject({
      status: 404,
      body: { error: { message: 'the template "overdue" has no version 9' } },
    });
  });

  it('is one for one Idempotency-Key, whatever becomes of the template', async () => {
    await create({ name: 'changing' });
    const body = { template: 'changing', parameters: { customer: 'Ann' } };
    const post = () =>
      server.call('POST', '/api/v1/tasks/run', { body, headers: { 'idempotency-key': 'template-once' } });
    const { body: first } = await post();
    await server.call('DELETE', '/api/v1/templates/changing');
    expect((await post()).body.task.id).toBe(first.task.id);
  });

  it.each([
    [{}, 'there is no instruction'],
    [{ template: 'overdue', instruction: 'x' }, 'instruction and template'],
    [{ instruction: 'x', parameters: {} }, 'parameters are those of a template'],
    [{ template: 'overdue' }, 'the template needs "customer"'],
    [{ template: 'overdue', parameters: { customer: 'Ann', days: 91 } }, 'days: '],
    [{ template: 'overdue', parameters: { customer: 'Ann', other: 1 } }, 'no parameter "other"'],
    [{ template: 'overdue', parameters: { customer: 'A'.repeat(10_001) } }, 'parameters.customer'],
    [{ template: 'seed.key-audit', parameters: { a: 1 } }, 'the template "seed.key-audit" has no parameters'],
    [{ template: 'Overdue!' }, 'template: '],
  ])('is refused as %j', async (body, message) => {
    const answer = await run(body);
    expect(answer.status).toBe(400);
    expect(answer.body.error).toMatchObject({ code: 'invalid_input', message: expect.stringContaining(message) });
  });
});

it('is written, shown and run in a terminal', async () => {
  const seed = await repositoryCli({ SEED_API_URL: server.url, SEED_API_KEY: server.adminKey });
  onTestFinished(() => seed.remove());
  const cli = (...args: string[]) => seed.run(args);
  const made = await cli(
    ...['templates', 'create', '--name', 'terminal', '--instruction', 'Count {{what}}', '--scopes', 'keys:read'],
    ...[
      '--parameters',
      JSON.stringify({ type: 'object', properties: { what: { type: 'string' } }, required: ['what'] }),
    ],
  );
  expect(made.code, made.stderr).toBe(0);
  const started = await cli(
    'tasks',
    'run',
    '--template',
    'terminal',
    '--parameters',
    'what=our keys',
    '--detach',
    '--json',
  );
  expect(JSON.parse(started.stdout).task).toMatchObject({
    instruction: 'Count our keys',
    template: { name: 'terminal' },
  });
  const neither = await cli('tasks', 'run');
  expect(neither).toMatchObject({ code: 1, stderr: expect.stringContaining('there is no instruction') });
  expect((await cli('tasks', 'run', '--help')).stdout).toContain('seed tasks run <instruction>');
});

it('is a prompt of MCP, whose arguments are its parameters', async () => {
  await create({ name: 'prompted' });
  await using client = await connectClient(server.url, server.adminKey);
  const { prompts } = await client.listPrompts();
  const prompted = prompts.find(({ name }) => name === 'prompted');
  expect(prompted?.arguments).toMatchObject([
    { name: 'customer', description: 'Customer Who is reminded (string)', required: true },
    { name: 'days', description: '(integer; unless given: 30)', required: false },
    { name: 'kinds', required: false },
  ]);
  const { messages } = await client.getPrompt({ name: 'prompted', arguments: { customer: 'Ann', days: '7' } });
  const text = expect.stringContaining('{"template":"prompted","parameters":{"customer":"Ann","days":7}}');
  expect(messages).toMatchObject([{ role: 'user', content: { type: 'text', text } }]);
  for (const wrong of [
    { name: 'prompted' },
    { name: 'prompted', arguments: { customer: 'Ann', x: '1' } },
    { name: 'nothing' },
  ])
    await expect(client.getPrompt(wrong)).rejects.toMatchObject({ code: -32602 });
});
