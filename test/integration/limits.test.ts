// Limits of keys on the inputs of commands, over REST and MCP: what fits, what is counted, and by whom.
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import type { PackFolder } from '../fixtures/pack-folder.ts';
import { startTestServer, type TestServer, withExamples } from '../fixtures/server.ts';
import { shopPack } from '../fixtures/shop-pack.ts';

let folder: PackFolder;
let server: TestServer;
beforeAll(async () => {
  folder = await shopPack();
  server = await startTestServer({ packs: folder.settings });
});
afterAll(async () => {
  await server?.stop();
  await folder?.[Symbol.asyncDispose]();
});

const ORDERS = 'orders:write';
const limited = (limits: object[], scopes = ['orders:*', 'order-mails:*', 'passwords:*']) =>
  server.newKey(scopes, { limits });
const order = (key: string, body: object, headers: Record<string, string> = {}) =>
  server.call('POST', '/api/v1/orders', { key, body, headers });
const codeOf = ({ status, body }: { status: number; body: { error?: { code: string } } }) =>
  status < 300 ? status : body.error?.code;
const create = (limits: object[], scopes = [ORDERS]) =>
  server.call('POST', '/api/v1/keys', { body: { name: 'limited', scopes, limits } });

describe('a limit on the input', () => {
  it('lets through what fits it, and nothing that is missing, null, of another type or a hair more', async () => {
    const { secret } = await limited([
      {
        scope: ORDERS,
        input: { properties: { supplier: { enum: ['acme', 'globex'] }, total: { maximum: 500 } } },
      },
    ]);
    const tried = [
      [{ supplier: 'acme', total: 500 }, 200],
      [{ supplier: 'acme', total: '5e2' }, 200],
      [{ supplier: 'acme', total: 500.000000001 }, 'limit_exceeded'],
      [{ supplier: 'acme', total: 1e3 }, 'limit_exceeded'],
      [{ supplier: 'acme', total: '1e3' }, 'limit_exceeded'],
      [{ supplier: 'acme', total: '٥٠٠' }, 'invalid_input'],
      [{ supplier: 'Acme', total: 1 }, 'limit_exceeded'],
      [{ supplier: 'acme ', total: 1 }, 'limit_exceeded'],
      [{ supplier: 'other', total: 1 }, 'limit_exceeded'],
    ] as const;
    for (const [body, outcome] of tried)
      expect(codeOf(await order(secret, body)), JSON.stringify(body)).toBe(outcome);
    const cancelled = await server.call('POST', `/api/v1/orders/${randomUUID()}/cancel`, {
      key: secret,
      body: {},
    });
    expect(codeOf(cancelled)).toBe('limit_exceeded');
  });

  it('sees defaults, and demands what it names', async () => {
    const { secret } = await limited([
      { command: 'orders create', input: { properties: { currency: { const: 'EUR' }, note: { maxLength: 5 } } } },
    ]);
    const all = { supplier: 'x', total: 1 };
    expect(codeOf(await order(secret, all))).toBe('limit_exceeded');
    expect(codeOf(await order(secret, { ...all, note: null }))).toBe('limit_exceeded');
    expect(codeOf(await order(secret, { ...all, note: 'short' }))).toBe(200);
    expect(codeOf(await order(secret, { ...all, note: 'longer' }))).toBe('limit_exceeded');
    expect(codeOf(await order(secret, { ...all, note: 'short', currency: 'USD' }))).toBe('limit_exceeded');
  });

  it('holds for reads, too, and over MCP', async () => {
    const { secret } = await limited([
      { command: 'orders list', input: { properties: { supplier: { const: 'acme' } } }, calls: 1 },
    ]);
    const read = (query: string) => server.call('GET', `/api/v1/orders${query}`, { key: secret });
    expect(codeOf(await read(''))).toBe('limit_exceeded');
    expect(codeOf(await read('?supplier=acme'))).toBe(200);
    expect(codeOf(await read('?supplier=acme'))).toBe('limit_exceeded');
    const { body } = await server.call('POST', '/mcp', {
      key: secret,
      headers: { accept: 'application/json, text/event-stream' },
      body: {
        jsonrpc: '2.0',
        id: 1,
        method: 'tools/call',
        params: { name: 'orders_list', arguments: { supplier: 'acme' } },
      },
    });
    expect(JSON.stringify(body)).toContain('limit_exceeded');
  });
});

describe('what is counted', () => {
  it.each([
    ['calls', { calls: 5 }],
    ['a sum', { sum: { '/total': 500 } }],
  ])('sixteen at once do not pass %s', async (_what, much) => {
    const { secret } = await limited([{ command: 'orders create', ...much }]);
    const answers = await Promise.all(
      Array.from({ length: 16 }, () => order(secret, { supplier: 'x', total: 100 })),
    );
    expect(answers.map(codeOf).sort()).toEqual([...Array(5).fill(200), ...Array(11).fill('limit_exceeded')]);
  });

  it('is exact, and of lines each', async () => {
    const { secret } = await limited([{ command: 'orders create', sum: { '/lines/*/total': '0.3' }, per: 'day' }]);
    const lines = (...totals: number[]) =>
      order(secret, { supplier: 'x', total: 1, lines: totals.map((total) => ({ sku: 's', total })) });
    expect(codeOf(await lines(0.1, 0.2))).toBe(200);
    expect(codeOf(await lines(1e-20))).toBe('limit_exceeded');
    expect(codeOf(await lines(-5, 5))).toBe('limit_exceeded');
    expect(codeOf(await order(secret, { supplier: 'x', total: 1 }))).toBe('limit_exceeded');
    expect(codeOf(await lines())).toBe(200);
  });

  it('is given back by a call that certainly did nothing, and kept where nobody knows', async () => {
    const { secret } = await limited([{ scope: 'order-mails:write', calls: 1, per: 'month' }]);
    const mail = (to: string) =>
      server.call('POST', '/api/v1/order-mails', { key: secret, body: { to, amount: 1 } });
    expect(codeOf(await mail('nobody'))).toBe('not_found');
    expect(codeOf(await mail('nobody'))).toBe('not_found');
    expect(codeOf(await mail('lost'))).toBe('platform_unavailable');
    expect(codeOf(await mail('somebody'))).toBe('limit_exceeded');
    const other = await limited([{ command: 'orders create', calls: 1 }]);
    expect(codeOf(await order(other.secret, { supplier: 'x', total: 1, note: 'fail' }))).toBe('conflict');
    expect(codeOf(await order(other.secret, { supplier: 'x', total: 1 }))).toBe(200);
  });

  it('is not counted again for a repeat, and kept when the limit is changed', async () => {
    const limit = { command: 'orders create', calls: 2, per: 'day' };
    const { id, secret } = await limited([limit]);
    const headers = { 'idempotency-key': randomUUID() };
    const body = { supplier: 'x', total: 1 };
    for (let repeat = 0; repeat < 3; repeat++) expect(codeOf(await order(secret, body, headers))).toBe(200);
    expect(codeOf(await order(secret, body))).toBe(200);
    expect(codeOf(await order(secret, body))).toBe('limit_exceeded');
    const change = (limits: object[]) => server.call('PATCH', `/api/v1/keys/${id}`, { body: { limits } });
    expect((await change([{ ...limit, calls: 3 }])).status).toBe(200);
    expect(codeOf(await order(secret, body))).toBe(200);
    expect(codeOf(await order(secret, body))).toBe('limit_exceeded');
    await change([]);
    expect(codeOf(await order(secret, body))).toBe(200);
    await change([{ ...limit, calls: 3 }]);
    expect(codeOf(await order(secret, body))).toBe('limit_exceeded');
  });

  it('has tiers, of which the one that denies goes before the one that asks', async () => {
    const { secret } = await limited([
      { command: 'orders create', calls: 1, else: 'ask' },
      { command: 'orders create', calls: 0, else: 'deny', input: { properties: { supplier: { const: 'no' } } } },
    ]);
    expect(codeOf(await order(secret, { supplier: 'x', total: 1 }))).toBe('limit_exceeded');
  });
});

describe('a limited key', () => {
  const limit = { scope: ORDERS, input: { properties: { total: { maximum: 10 } } }, calls: 3, per: 'day' };
  const scopes = ['keys:write', 'keys:read', 'orders:*'];
  const make = (key: string, more: object = {}) =>
    server.call('POST', '/api/v1/keys', { key, body: { name: 'made', scopes, ...more } });

  it('makes keys that its limits bind, which count in its counters', async () => {
    const { secret } = await limited([limit], scopes);
    const made = await make(secret);
    const again = await make(made.body.secret, { limits: [{ command: 'orders create', calls: 1 }] });
    const small = { supplier: 'x', total: 1 };
    expect(codeOf(await order(made.body.secret, { supplier: 'x', total: 11 }))).toBe('limit_exceeded');
    for (const key of [made.body.secret, again.body.secret]) expect(codeOf(await order(key, small))).toBe(200);
    expect(codeOf(await order(again.body.secret, small))).toBe('limit_exceeded');
    expect(codeOf(await order(secret, small))).toBe(200);
    for (const key of [secret, made.body.secret]) expect(codeOf(await order(key, small))).toBe('limit_exceeded');
  });

  it('widens nothing: neither itself nor its maker nor another key', async () => {
    const { id, secret } = await limited([limit], scopes);
    const free = await server.newKey(scopes);
    const made = await make(secret);
    const change = (key: string, target: string, body: object) =>
      server.call('PATCH', `/api/v1/keys/${target}`, { key, body });
    expect(codeOf(await change(secret, id, { limits: [] }))).toBe('not_allowed');
    expect(codeOf(await change(secret, id, { limits: [{ ...limit, calls: 4 }] }))).toBe('not_allowed');
    expect(codeOf(await change(secret, id, { limits: [{ ...limit, else: 'ask' }] }))).toBe('not_allowed');
    expect(codeOf(await change(made.body.secret, id, { limits: [] }))).toBe('not_allowed');
    expect(codeOf(await change(secret, made.body.key.id, { limits: [] }))).toBe(200);
    expect(codeOf(await change(secret, id, { limits: [{ ...limit, calls: 2 }] }))).toBe(200);
    await change(server.adminKey, free.id, { enabled: false, limits: [limit] });
    expect(codeOf(await change(secret, free.id, { enabled: true }))).toBe('not_allowed');
    expect(codeOf(await change(secret, free.id, { limits: [] }))).toBe('not_allowed');
    expect(codeOf(await change(secret, free.id, { name: 'other' }))).toBe(200);
    const rotate = (target: string) =>
      server.call('POST', `/api/v1/keys/${target}/rotate`, { key: secret, body: {} });
    await change(server.adminKey, free.id, { enabled: true, limits: [] });
    expect(codeOf(await rotate(free.id))).toBe('not_allowed');
    expect(codeOf(await rotate(made.body.key.id))).toBe(200);
  });

  it('is told at its next call what was lowered, also by a task of it', async () => {
    const { id, secret } = await limited([limit], ['tasks:write', ORDERS]);
    const runner = server.runner();
    const { body } = await server.call('POST', '/api/v1/tasks/run', {
      key: secret,
      body: {
        instruction: 'order',
        scopes: [ORDERS],
        limits: [{ command: 'orders create', sum: { '/total': 15 } }],
      },
    });
    expect(body.task.limits).toHaveLength(1);
    const lease = await runner.lease();
    const { taskKey } = lease;
    expect(codeOf(await order(taskKey, { supplier: 'x', total: 10 }))).toBe(200);
    expect(codeOf(await order(taskKey, { supplier: 'x', total: 6 }))).toBe('limit_exceeded');
    expect(codeOf(await order(taskKey, { supplier: 'x', total: 5 }))).toBe(200);
    await server.call('PATCH', `/api/v1/keys/${id}`, { body: { limits: [{ ...limit, calls: 2 }] } });
    expect(codeOf(await order(taskKey, { supplier: 'x', total: 0 }))).toBe('limit_exceeded');
    await runner.settle(lease);
    const { body: ledger } = await server.call('GET', `/api/v1/tasks/${lease.taskId}/ledger`);
    const outcomes = ledger.items.map(({ code, outcome }: { code: string; outcome: string }) => code ?? outcome);
    expect(outcomes).toEqual(['ok', 'limit_exceeded', 'ok', 'limit_exceeded']);
  });
});

test('a task and what it starts count together, and obey all above them', async () => {
  const { secret } = await limited([{ command: 'orders create', calls: 6 }], ['tasks:write', ORDERS]);
  const run = async (key: string, limits: object[] = []) => {
    const { status } = await server.call('POST', '/api/v1/tasks/run', {
      key,
      body: { instruction: 'order', limits },
    });
    expect(status).toBe(202);
    const runner = server.runner();
    return { runner, lease: await runner.lease() };
  };
  const parent = await run(secret, [{ command: 'orders create', calls: 4 }]);
  const child = await run(parent.lease.taskKey, [{ command: 'orders create', calls: 3 }]);
  const other = await run(secret);
  const numbers = Array.from({ length: 8 }, (_, index) => index);
  const orders = (key: string, from: number) =>
    Promise.all(numbers.map((number) => order(key, { supplier: 'x', total: from + number })));
  const [above, below, beside] = await Promise.all([
    orders(parent.lease.taskKey, 0),
    orders(child.lease.taskKey, 100),
    orders(other.lease.taskKey, 200),
  ]);
  const done = (answers: { status: number }[]) => answers.filter(({ status }) => status === 200).length;
  expect(done(above) + done(below)).toBe(4);
  expect(done(below)).toBeLessThanOrEqual(3);
  expect(done(beside)).toBe(6);
  expect([...above, ...below, ...beside].every(({ status }) => status === 200 || status === 403)).toBe(true);
  for (const { runner, lease } of [child, parent, other]) await runner.settle(lease);
});

describe('the same call of a task again and again', () => {
  async function taskOf(grants: object, keyGrants: object = {}) {
    const { secret } = await server.newKey(['tasks:write', 'orders:*', 'order-mails:*'], keyGrants);
    const runner = server.runner();
    const { body } = await server.call('POST', '/api/v1/tasks/run', {
      key: secret,
      body: { instruction: 'order', ...grants },
    });
    expect(body.task?.status).toBe('queued');
    const lease = await runner.lease();
    return { key: lease.taskKey, end: () => runner.settle(lease) };
  }
  const tea = { supplier: 'tea', total: 1 };
  const warningOf = ({ headers }: { headers: Headers }) => headers.get('seed-warning');

  it('is warned of from the third write, and counts neither what failed nor what was repeated', async () => {
    const { key, end } = await taskOf({});
    const headers = { 'idempotency-key': randomUUID() };
    const answers = [await order(key, tea, headers), await order(key, tea, headers)];
    for (let time = 0; time < 3; time++)
      expect(codeOf(await order(key, { ...tea, note: 'fail' }))).toBe('conflict');
    answers.push(await order(key, tea), await order(key, tea));
    expect(answers.map(codeOf)).toEqual([200, 200, 200, 200]);
    expect(answers.map(warningOf)).toEqual([null, null, null, expect.stringContaining('orders create')]);
    expect(warningOf(await order(key, { ...tea, total: 2 }))).toBeNull();
    await end();
  });

  it('is asked for where there is an approval setting, and refused where loops are denied', async () => {
    const asking = await taskOf({ approval: { effects: ['destructive'] } });
    for (const status of [200, 200, 202]) expect((await order(asking.key, tea)).status).toBe(status);
    await asking.end();
    const denied = await taskOf({ loop: 'warn' }, { loop: 'deny' });
    const answers = await Promise.all(Array.from({ length: 8 }, () => order(denied.key, tea)));
    expect(answers.map(codeOf).sort()).toEqual([200, 200, ...Array(6).fill('loop_detected')]);
    const mail = () =>
      server.call('POST', '/api/v1/order-mails', { key: denied.key, body: { to: 'x', amount: 1 } });
    const mails = await Promise.all(Array.from({ length: 8 }, mail));
    expect(mails.map(codeOf).sort()).toEqual([200, 200, ...Array(6).fill('loop_detected')]);
    await denied.end();
  });

  it('never refuses reads, and warns of the tenth in a row', async () => {
    const { key, end } = await taskOf({ loop: 'deny' });
    const read = () => server.call('GET', '/api/v1/orders', { key });
    const warnings: boolean[] = [];
    for (let time = 0; time < 11; time++) {
      const answer = await read();
      expect(answer.status).toBe(200);
      warnings.push(warningOf(answer) !== null);
    }
    expect(warnings).toEqual([...Array(9).fill(false), true, true]);
    await server.call('GET', '/api/v1/whoami', { key });
    expect(warningOf(await read())).toBeNull();
    await end();
  });
});

describe('the rule of two', () => {
  it.each([
    ['warn', 202],
    ['ask', 202],
    ['refuse', 'not_allowed'],
  ] as const)('of tasks that combine all three: %s', async (ruleOfTwo, outcome) => {
    const risky = await startTestServer({ packs: withExamples('devops', 'crm'), ruleOfTwo });
    const post = (scopes: string[]) =>
      risky.call('POST', '/api/v1/tasks/run', { body: { instruction: 'look', scopes } });
    const two = await post(['logs:read', 'contacts:read']);
    expect([two.status, two.body.task.risks]).toEqual([202, []]);
    const three = await post(['logs:read', 'contacts:read', 'emails:write']);
    expect(codeOf(three)).toBe(outcome);
    if (outcome === 202) {
      expect(three.body.task.risks[0]).toMatch(/"logs tail".*"contacts .*"emails draft"/);
      expect(three.body.task.approval?.effects ?? null).toEqual(
        ruleOfTwo === 'ask' ? ['write', 'destructive'] : null,
      );
    }
    await risky.stop();
  });
});

test("a command's own limits hold for every key, and count for the one that pays", async () => {
  const { secret } = await server.newKey(['passwords:write']);
  const set = (length: number, key = secret) =>
    server.call('POST', '/api/v1/passwords', { key, body: { length } });
  expect(codeOf(await set(7))).toBe('limit_exceeded');
  expect([codeOf(await set(8)), codeOf(await set(8)), codeOf(await set(8))]).toEqual([200, 200, 'limit_exceeded']);
  expect(codeOf(await set(8, server.adminKey))).toBe(200);
});

test('seed keys check tells what would become of a call, and by what, without making it', async () => {
  const { id, secret } = await limited(
    [
      { scope: ORDERS, input: { properties: { total: { maximum: 10 } } }, else: 'ask' },
      { command: 'orders create', sum: { '/total': 12 }, per: 'day' },
    ],
    [ORDERS],
  );
  const check = async (command: string, input: object) => {
    const query = new URLSearchParams({ input: JSON.stringify(input) });
    const { status, body } = await server.call('GET', `/api/v1/keys/${id}/check/${command}?${query}`);
    return status === 200 ? [body.verdict, body.reason] : [status, body.error.code];
  };
  const small = { supplier: 'x', total: 8 };
  for (let time = 0; time < 2; time++) expect(await check('orders%20create', small)).toEqual(['allowed', null]);
  expect(codeOf(await order(secret, small))).toBe(200);
  expect(await check('orders_create', small)).toEqual([
    'denied',
    expect.stringMatching(/^limits\[1\] .* 16.* 12/),
  ]);
  expect(await check('orders_create', { ...small, total: 10.5 })).toEqual([
    'denied',
    expect.stringMatching(/^limits\[1\]/),
  ]);
  expect(await check('orders_create', { ...small, total: 0 })).toEqual(['allowed', null]);
  expect(await check('orders_cancel', { id: randomUUID() })).toEqual([
    'asked',
    expect.stringMatching(/^limits\[0\]/),
  ]);
  expect(await check('orders_list', {})).toEqual(['denied', 'the key lacks the scope orders:read']);
  expect(await check('orders_create', {})).toEqual([400, 'invalid_input']);
  expect(await check('orders_burn', {})).toEqual([404, 'not_found']);
});

describe('setting limits', () => {
  const on = (input: object) => ({ scope: ORDERS, input });
  it.each([
    ['a field that no command has', on({ properties: { price: { maximum: 1 } } }), /names what is in no input/],
    ['a sum of one', { scope: ORDERS, sum: { '/price': 1 } }, /names what is in no input/],
    ['a sum of text', { scope: ORDERS, sum: { '/supplier': 1 } }, /can ever fit/],
    ['no number between', on({ properties: { total: { minimum: 2, maximum: 1 } } }), /can ever fit/],
    ['another type', on({ properties: { supplier: { maximum: 1 } } }), /can ever fit/],
    ['null', on({ properties: { note: { const: null } } }), /can ever fit/],
    [
      'a keyword that is not there',
      on({ properties: { supplier: { format: 'email' } } }),
      /"format" is not supported/,
    ],
    ['look-around', on({ properties: { supplier: { pattern: '(?=a)b' } } }), /RE2/],
    ['itself', on({ $ref: '#/$defs/a', $defs: { a: { allOf: [{ $ref: '#/$defs/a' }] } } }), /nested more than/],
    ['nothing', { scope: ORDERS }, /limits nothing/],
    ['two selectors', { scope: ORDERS, effects: ['write'], calls: 1 }, /exactly one/],
    ['no such command', { command: 'orders burn', calls: 1 }, /there is no command/],
  ])('refuses %s', async (_what, limit, message) => {
    const { status, body } = await create([limit]);
    expect([status, body.error.code]).toEqual([400, 'invalid_input']);
    expect(body.error.message).toMatch(message);
  });

  it('tells whoever asks for the command what binds its calls', async () => {
    const maker = await limited([{ scope: ORDERS, calls: 9 }], ['keys:write', ORDERS]);
    const made = await server.call('POST', '/api/v1/keys', {
      key: maker.secret,
      body: { name: 'made', scopes: [ORDERS], limits: [{ command: 'orders create', calls: 1 }] },
    });
    const { body } = await server.call('GET', '/api/v1/commands/orders%20create', { key: made.body.secret });
    expect(body.command.limits).toMatchObject([
      { scope: ORDERS, calls: 9 },
      { command: 'orders create', calls: 1 },
    ]);
  });

  it('tells the commands that a limit leaves no room for', async () => {
    const { status, body } = await create([on({ properties: { total: { maximum: 1 } } })]);
    expect(status).toBe(201);
    expect(body.notes).toEqual([
      expect.stringMatching(/^limits\[0\]: of orders:write, .* denied: orders cancel$/),
    ]);
    expect((await create([{ scope: ORDERS, calls: 3 }])).body.notes).toEqual([]);
  });

  it('is not held up by a pattern that backtracks elsewhere', async () => {
    const { secret } = await limited([on({ properties: { supplier: { pattern: '^(a+)+$' } } })]);
    const startedAt = process.cpuUsage();
    const answer = await order(secret, { supplier: `${'a'.repeat(5_000)}!`, total: 1 });
    expect(codeOf(answer)).toBe('limit_exceeded');
    expect(process.cpuUsage(startedAt).user / 1_000).toBeLessThan(2_000);
  });
});
